import ProtoWire
import SpanModel

/// A batch that is to be stored: checked, and freed of the spans that cannot be. Encoded, so that a store that keeps it so
/// need not decode it, and one that is behind holds no more than was sent.
public struct ReceivedBatch: Sendable, Equatable {
    /// The sender's number for it.
    public var sequence: UInt64
    /// The spans that are fit for the store: a whole `TracesData`. All of it was read, so `decoded()` takes it.
    public var payload: [UInt8]
    /// How many spans are in it.
    public var spanCount: Int
    /// What the sender had to give up since its last batch.
    public var dropped: [DropCount]
    /// What was taken out and why, what was repaired. The ack says so by itself.
    public var validation: BatchValidation
    /// What the batch had in its frame, decompressed; what it has now where repairs made it longer.
    public var payloadBytes: Int
    /// How many of the smallest spans take as much memory when they are decoded: `spanCount`, and more for attributes,
    /// events and links.
    public var weight: Int

    /// - Parameter spans: fit for the store.
    public init(
        sequence: UInt64, spans: SpanBatch, dropped: [DropCount] = [], validation: BatchValidation = BatchValidation()
    ) {
        let payload = spans.encoded()
        // Proof against a fault: it is our own encoding.
        let counts = try? SpanBatchView(
            payload.rawSpan, options: DecodeOptions(limits: WireLimits(maxPayloadBytes: .max))
        ).readAll()
        self.init(
            sequence: sequence, payload: payload, spanCount: spans.spanCount, dropped: dropped, validation: validation,
            payloadBytes: payload.count, weight: counts?.inSmallestSpans ?? spans.spanCount)
    }

    init(
        sequence: UInt64, payload: [UInt8], spanCount: Int, dropped: [DropCount], validation: BatchValidation,
        payloadBytes: Int, weight: Int
    ) {
        self.sequence = sequence
        self.payload = payload
        self.spanCount = spanCount
        self.dropped = dropped
        self.validation = validation
        self.payloadBytes = payloadBytes
        self.weight = weight
    }

    /// The spans as records.
    ///
    /// - Throws: nothing, of a batch that came from a `ServerSession`.
    public func decoded() throws(WireError) -> SpanBatch {
        try SpanBatch(decoding: payload, options: DecodeOptions(limits: WireLimits(maxPayloadBytes: .max)))
    }
}

/// Why a batch is not taken.
enum BatchFault: Error, Equatable {
    /// It is no `Batch`.
    case malformed(WireError)
    /// It would take more memory than it may, decoded: so many spans, so much in smallest spans.
    case tooLarge(spans: Int, weight: Int)
}

extension ReceivedBatch {
    /// Checks a frame's payload. Strings that are not UTF-8 are repaired.
    ///
    /// - Parameter maxWeight: in smallest spans. What is over it is not decoded, for it may be many times its bytes.
    init(checking payload: RawSpan, maxPayloadBytes: Int, maxWeight: Int) throws(BatchFault) {
        let limits = WireLimits(maxPayloadBytes: maxPayloadBytes)
        if let batch = ReceivedBatch(copying: payload, limits: limits) {
            guard batch.weight <= maxWeight else {
                throw .tooLarge(spans: batch.spanCount, weight: batch.weight)
            }
            self = batch
        } else {
            try self.init(mending: payload, limits: limits, maxWeight: maxWeight)
        }
    }

    /// A payload of the form that nearly all have: spans first, then the transport's own fields, nothing to be refused or
    /// repaired. The spans are looked at where they are and copied as they are; `nil` for any other.
    private init?(copying payload: RawSpan, limits: WireLimits) {
        do throws(WireError) {
            var reader = try WireReader(payload, options: DecodeOptions(limits: limits))
            var (end, sequence, dropped) = (0, UInt64(0), DropLedger())
            while let key = try reader.nextKey() {
                switch key.rawValue {
                case 0x0A where end == reader.offset - 1:
                    try reader.skip(key)
                    end = reader.offset
                case 0x1F48: sequence = try reader.varint()
                case 0x1F52:
                    let drop: DropCount = try reader.message()
                    dropped.add(drop.reason, drop.spans)
                default: return nil
                }
            }
            let spans = payload.extracting(0..<end)
            let counts = try SpanBatchView(spans, options: DecodeOptions(limits: limits)).readAll()
            guard counts.unfit == 0 else { return nil }
            self.init(
                sequence: sequence, payload: [UInt8](copying: spans), spanCount: counts.spans, dropped: dropped.counts,
                validation: BatchValidation(), payloadBytes: payload.byteCount, weight: counts.inSmallestSpans)
        } catch {
            return nil
        }
    }

    /// Any payload: decoded, freed of what is not fit for the store, and encoded again.
    private init(mending payload: RawSpan, limits: WireLimits, maxWeight: Int) throws(BatchFault) {
        let options = DecodeOptions(limits: limits, invalidUTF8: .repair)
        let counts = try Self.counts(payload, options)
        let weight = counts.inSmallestSpans
        guard weight <= maxWeight else { throw .tooLarge(spans: counts.spans, weight: weight) }
        var batch = Batch()
        let notes: DecodeNotes
        do throws(WireError) {
            notes = try batch.merge(decoding: payload, options: options)
        } catch {
            throw .malformed(error)
        }
        let validation = BatchValidation(removingInvalidSpansFrom: &batch.spans, notes: notes)
        // What a sender says is stored and read again with every group, so it is held to what our own senders say.
        var dropped = DropLedger()
        dropped.add(batch.dropped)
        let encoded = batch.spans.encoded()
        self.init(
            sequence: batch.sequence, payload: encoded, spanCount: batch.spans.spanCount, dropped: dropped.counts,
            validation: validation, payloadBytes: max(payload.byteCount, encoded.count), weight: weight)
    }

    /// What decoding would make, found without making it.
    private static func counts(_ payload: RawSpan, _ options: DecodeOptions) throws(BatchFault) -> SpanBatchCounts {
        do throws(WireError) {
            var counts = try SpanBatchView(payload, options: options).readAll()
            var reader = try WireReader(payload, options: options)
            while let key = try reader.nextKey() {
                if key.rawValue == 0x1F52 { counts.values += 1 }
                try reader.skip(key)
            }
            return counts
        } catch {
            var located = error
            located.path = FieldPath.path(to: error.offset, in: payload, schema: Batch.schema)
            throw .malformed(located)
        }
    }
}
