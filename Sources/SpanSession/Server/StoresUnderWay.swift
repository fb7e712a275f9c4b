import SpanModel

/// The batches of a connection that are on their way to the store, in the order in which they came.
struct StoresUnderWay: Sendable {
    private struct Entry: Sendable {
        let sequence: UInt64
        let payloadBytes: Int
        let decompressedBytes: Int
        let validation: BatchValidation
    }

    private var entries = Fifo<Entry>()
    /// Payload bytes as they were on the wire: what the batches took of the credit.
    private(set) var payloadBytes = 0
    /// Payload bytes, decompressed.
    private(set) var decompressedBytes = 0

    /// Whether the store has answered every batch.
    var isEmpty: Bool { entries.isEmpty }

    /// Adds a batch that is handed to the store.
    ///
    /// - Parameter payloadBytes: as they were on the wire.
    mutating func append(_ batch: ReceivedBatch, payloadBytes: Int) {
        self.payloadBytes += payloadBytes
        decompressedBytes += batch.payloadBytes
        entries.append(
            Entry(
                sequence: batch.sequence, payloadBytes: payloadBytes, decompressedBytes: batch.payloadBytes,
                validation: batch.validation))
    }

    /// Takes out what is durable. Numbers that are not under way are ignored.
    ///
    /// - Returns: one ack for all of them, with their bytes as credit; `nil` when none was under way.
    mutating func acknowledge(_ stored: [StoredBatch], maxMessageBytes: Int) -> Ack? {
        var ack = Ack(sequence: 0)
        var rejectedSpans = 0
        var reason = ""
        for batch in stored {
            var isKnown = false
            while let first = entries.first, first.sequence <= batch.sequence {
                _ = entries.popFirst()
                isKnown = first.sequence == batch.sequence
                ack.sequence = first.sequence
                ack.creditBytes += UInt64(first.payloadBytes)
                payloadBytes -= first.payloadBytes
                decompressedBytes -= first.decompressedBytes
                rejectedSpans += first.validation.rejectedSpans
                reason = reason.isEmpty ? first.validation.message : reason
            }
            guard isKnown else { continue }
            rejectedSpans += max(batch.rejectedSpans, 0)
            reason = reason.isEmpty ? batch.message : reason
        }
        guard ack.sequence > 0 else { return nil }
        if rejectedSpans > 0 || !reason.isEmpty {
            ack.partialSuccess = ExportPartialSuccess(
                rejectedSpans: Int64(rejectedSpans), errorMessage: reason.bounded(toUTF8Bytes: maxMessageBytes))
        }
        return ack
    }
}
