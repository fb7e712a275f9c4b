import ProtoWire
import SpanModel

/// The batches of a sender that are not acknowledged, in the order in which they are sent: first those that have a
/// number, rising, then those that were never sent.
///
/// ```
///  [ sent on this connection | numbered on an earlier one | no number yet )
///  0                     sentCount                                    count
/// ```
struct HeldBatches: Sendable {
    struct Held: Sendable {
        var batch: EncodedBatch
        /// 0 while the batch was never sent. What was sent under a number never changes: the collector may have stored
        /// it without the sender knowing.
        var sequence: UInt64 = 0
        /// Drop counts that are told with the batch.
        var dropped: [DropCount] = []
        /// Only there to tell of drops: no receipt is given for it.
        var isReport = false
        /// The moment at which the batch was sent on the connection that acknowledged it.
        var sentAt: SessionInstant?
        /// The weight of the spans and of what groups them, in sixteenths of a smallest span, once somebody wanted to
        /// know.
        var sixteenths: Int?

        var trailer: [UInt8] {
            var writer = WireWriter(capacity: 64)
            Batch.encodeTrailer(sequence: sequence, dropped: dropped, to: &writer)
            return writer.byteArray()
        }

        func receipt(_ reason: DropReason? = nil) -> BatchReceipt {
            BatchReceipt(
                source: batch.source, ordinal: batch.ordinal, firstSpan: batch.firstSpan, spans: batch.spanCount,
                queuedBytes: batch.queuedBytes, dropReason: reason, sentAt: sentAt)
        }
    }

    /// The most bytes that a sequence takes in a trailer.
    static let maxSequenceBytes = 12

    private(set) var batches = Fifo<Held>()
    private struct Sent: Sendable {
        var payloadBytes: Int
        var moment: SessionInstant
    }

    /// The batches sent on this connection, in order.
    private var sent = Fifo<Sent>()
    private(set) var outstandingBytes = 0
    private var nextSequence: UInt64 = 1

    var isEmpty: Bool { batches.isEmpty }
    var sentCount: Int { sent.count }
    var hasUnsent: Bool { sentCount < batches.count }
    /// Payload bytes of all batches. O(n).
    var payloadBytes: Int { (0..<batches.count).reduce(0) { $0 + batches[$1].batch.payload.count } }

    mutating func append(_ held: Held) { batches.append(held) }

    /// Takes over what an earlier incarnation held: those with numbers first, rising.
    mutating func restore(_ restored: [RestoredBatch], highestSequence: UInt64) {
        for entry in restored {
            var held = Held(batch: entry.batch)
            held.sequence = entry.sequence
            held.dropped = entry.dropped
            held.isReport = entry.batch.spanCount == 0
            batches.append(held)
            nextSequence = max(nextSequence, min(entry.sequence, .max - 1) + 1)
        }
        nextSequence = max(nextSequence, min(highestSequence, .max - 1) + 1)
    }

    /// A new connection: nothing was sent on it, and the collector has everything up to `storedSequence`.
    ///
    /// - Returns: what is settled by that; `nil` when no number is left above `storedSequence`.
    mutating func resume(storedSequence: UInt64) -> [Held]? {
        sent.removeAll()
        outstandingBytes = 0
        guard storedSequence < UInt64.max / 2 else { return nil }
        nextSequence = max(nextSequence, storedSequence + 1)
        var settled: [Held] = []
        while let first = batches.first, first.sequence != 0, first.sequence <= storedSequence {
            settled.append(first)
            _ = batches.popFirst()
        }
        return settled
    }

    /// Takes out what an ack on this connection covers.
    mutating func acknowledge(through sequence: UInt64) -> [Held] {
        var settled: [Held] = []
        while var first = batches.first, first.sequence <= sequence, let known = sent.popFirst() {
            first.sentAt = known.moment
            settled.append(first)
            _ = batches.popFirst()
            outstandingBytes -= known.payloadBytes
        }
        return settled
    }

    /// The next batch to be sent.
    var nextUnsent: Held { batches[sentCount] }

    /// Notes what the next to be sent weighs.
    mutating func weighNext(_ sixteenths: Int) { batches[sentCount].sixteenths = sixteenths }

    /// Gives the next to be sent a number, if it has none, and as many drop counts as fit under `maxBytes` with it, and
    /// are no more than `maxCounts`.
    mutating func numberNext(dropped ledger: inout DropLedger, maxBytes: Int, maxCounts: Int) {
        let index = sentCount
        guard batches[index].sequence == 0 else { return }
        batches[index].sequence = nextSequence
        nextSequence += 1
        guard !ledger.isEmpty else { return }
        var held = batches[index]
        while held.dropped.count < maxCounts, let count = ledger.first {
            held.dropped.append(count)
            guard held.batch.payload.count + held.trailer.count <= maxBytes else { break }
            batches[index] = held
            ledger.removeFirst()
        }
    }

    /// Counts the next to be sent as sent.
    mutating func markSent(bytes: Int, now: SessionInstant) {
        sent.append(Sent(payloadBytes: bytes, moment: now))
        outstandingBytes += bytes
    }

    /// Takes the next to be sent out.
    mutating func removeNextUnsent() -> Held { batches.remove(at: sentCount) }

    /// Puts parts of one that was taken out back: where it stood, or behind all others when it had had a number, which
    /// is skipped then.
    mutating func putBack(_ parts: [EncodedBatch], hadNumber: Bool) {
        let held = parts.map { Held(batch: $0) }
        batches.insert(contentsOf: held, at: hadNumber ? batches.count : sentCount)
    }

    mutating func takeAll() -> [Held] {
        var all: [Held] = []
        while let first = batches.popFirst() { all.append(first) }
        sent.removeAll()
        outstandingBytes = 0
        return all
    }
}
