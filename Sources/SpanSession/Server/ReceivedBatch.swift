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
    /// What the batch had in its frame, decompressed.
    public var payloadBytes: Int

    /// - Parameter spans: fit for the store.
    public init(
        sequence: UInt64, spans: SpanBatch, dropped: [DropCount] = [], validation: BatchValidation = BatchValidation()
    ) {
        let payload = spans.encoded()
        self.init(
            sequence: sequence, payload: payload, spanCount: spans.spanCount, dropped: dropped, validation: validation,
            payloadBytes: payload.count)
    }

    init(
        sequence: UInt64, payload: [UInt8], spanCount: Int, dropped: [DropCount], validation: BatchValidation,
        payloadBytes: Int
    ) {
        self.sequence = sequence
        self.payload = payload
        self.spanCount = spanCount
        self.dropped = dropped
        self.validation = validation
        self.payloadBytes = payloadBytes
    }

    /// The spans as records.
    ///
    /// - Throws: nothing, of a batch that came from a `ServerSession`.
    public func decoded() throws(WireError) -> SpanBatch {
        try SpanBatch(decoding: payload, options: DecodeOptions(limits: WireLimits(maxPayloadBytes: .max)))
    }
}

extension ReceivedBatch {
    /// Checks a frame's payload.
    ///
    /// - Throws: what decoding a `Batch` throws, strings that are not UTF-8 being repaired.
    init(checking payload: RawSpan, maxPayloadBytes: Int) throws(WireError) {
        let limits = WireLimits(maxPayloadBytes: maxPayloadBytes)
        if let batch = ReceivedBatch(copying: payload, limits: limits) {
            self = batch
        } else {
            try self.init(mending: payload, limits: limits)
        }
    }

    /// A payload of the form that nearly all have: spans first, then the transport's own fields, nothing to be refused or
    /// repaired. The spans are looked at where they are and copied as they are; `nil` for any other.
    private init?(copying payload: RawSpan, limits: WireLimits) {
        do throws(WireError) {
            var reader = try WireReader(payload, options: DecodeOptions(limits: limits))
            var (end, sequence, dropped) = (0, UInt64(0), [DropCount]())
            while let key = try reader.nextKey() {
                switch key.rawValue {
                case 0x0A where end == reader.offset - 1:
                    try reader.skip(key)
                    end = reader.offset
                case 0x1F48: sequence = try reader.varint()
                case 0x1F52: dropped.append(try reader.message())
                default: return nil
                }
            }
            let spans = payload.extracting(0..<end)
            let counts = try SpanBatchView(spans, options: DecodeOptions(limits: limits)).readAll()
            guard counts.unfit == 0 else { return nil }
            self.init(
                sequence: sequence, payload: [UInt8](copying: spans), spanCount: counts.spans, dropped: dropped,
                validation: BatchValidation(), payloadBytes: payload.byteCount)
        } catch {
            return nil
        }
    }

    /// Any payload: decoded, freed of what is not fit for the store, and encoded again.
    private init(mending payload: RawSpan, limits: WireLimits) throws(WireError) {
        var batch = Batch()
        let notes = try batch.merge(decoding: payload, options: DecodeOptions(limits: limits, invalidUTF8: .repair))
        let validation = BatchValidation(removingInvalidSpansFrom: &batch.spans, notes: notes)
        self.init(
            sequence: batch.sequence, payload: batch.spans.encoded(), spanCount: batch.spans.spanCount,
            dropped: batch.dropped, validation: validation, payloadBytes: payload.byteCount)
    }
}
