import ProtoWire
import SpanModel

/// A batch that is to be stored: checked, and freed of the spans that cannot be. Encoded, so that a store that keeps it
/// so need not decode it, and one that is behind holds no more than was sent.
public struct ReceivedBatch: Sendable, Equatable {
    /// The sender's sequence number for the batch.
    public var sequence: UInt64
    /// The spans that are fit for the store: a whole `TracesData`. All of it was read, so `decoded()` takes it.
    public var payload: [UInt8]
    /// The number of spans in the payload.
    public var spanCount: Int
    /// The spans that the sender had to give up since its last batch, by reason.
    public var dropped: [DropCount]
    /// The findings of the check: what was taken out and why, what was repaired. The ack says so by itself.
    public var validation: BatchValidation
    /// The bytes of the batch in its frame, decompressed; those of `payload` where repairs made it longer.
    public var payloadBytes: Int
    /// The weight of the batch: the number of smallest spans that take as much memory when they are decoded.
    /// `spanCount`, and more for attributes, events, links and drop counts. What `ServerSettings.maxBatchWeight`
    /// bounds.
    public var weight: Int

    /// - Parameters:
    ///   - sequence: the batch's number.
    ///   - spans: fit for the store.
    ///   - dropped: what the sender had to give up since its last batch.
    ///   - validation: what was taken out of the batch or repaired.
    public init(
        sequence: UInt64, spans: SpanBatch, dropped: [DropCount] = [], validation: BatchValidation = BatchValidation()
    ) {
        let payload = spans.encoded()
        // Proof against a fault: it is our own encoding.
        var counts = try? SpanBatchView(
            payload.rawSpan, options: DecodeOptions(limits: WireLimits(maxPayloadBytes: .max))
        ).readAll()
        counts?.values += dropped.count
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
    /// The payload is no `Batch`.
    case malformed(WireError)
    /// The batch would take more memory than it may, decoded.
    case tooHeavy(SpanBatchCounts)
}

extension ReceivedBatch {
    /// Checks the payload of the frame that a decoder returned last, and takes it out. Strings that are not UTF-8 are
    /// repaired.
    ///
    /// - Parameter maxWeight: in smallest spans. What is over it is not decoded, for it may be many times its bytes.
    init(checking decoder: inout FrameDecoder, maxPayloadBytes: Int, maxWeight: Int) throws(BatchFault) {
        let limits = WireLimits(maxPayloadBytes: maxPayloadBytes)
        guard let usual = UsualBatch(decoder.payload, limits: limits) else {
            try self.init(mending: decoder.payload, limits: limits, maxWeight: maxWeight)
            return
        }
        let (spans, weight) = (usual.counts.spans, usual.counts.inSmallestSpans)
        guard weight <= maxWeight else { throw .tooHeavy(usual.counts) }
        let payloadBytes = decoder.payload.byteCount
        self.init(
            sequence: usual.sequence, payload: decoder.takePayload(first: usual.spansEnd), spanCount: spans,
            dropped: usual.dropped, validation: BatchValidation(), payloadBytes: payloadBytes, weight: weight)
    }

    /// Any payload: decoded, freed of what is not fit for the store, and encoded again.
    private init(mending payload: RawSpan, limits: WireLimits, maxWeight: Int) throws(BatchFault) {
        let options = DecodeOptions(limits: limits, invalidUTF8: .repair)
        let counts = try Self.counts(payload, options)
        let weight = counts.inSmallestSpans
        guard weight <= maxWeight else { throw .tooHeavy(counts) }
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

    /// Counts what decoding would make, without making it.
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

/// A payload of the form that nearly all have: spans first, then the transport's own fields, nothing to be refused or
/// repaired. The spans are looked at where they are and can be stored as they are.
private struct UsualBatch {
    private(set) var sequence: UInt64 = 0
    /// The offset at which the spans end.
    private(set) var spansEnd = 0
    private(set) var dropped: [DropCount] = []
    private(set) var counts = SpanBatchCounts()

    /// `nil` for a payload of another form.
    init?(_ payload: RawSpan, limits: WireLimits) {
        let options = DecodeOptions(limits: limits)
        do throws(WireError) {
            var reader = try WireReader(payload, options: options)
            var ledger = DropLedger()
            var drops = 0
            while let key = try reader.nextKey() {
                switch key.rawValue {
                case 0x0A where spansEnd == reader.offset - 1:
                    try reader.skip(key)
                    spansEnd = reader.offset
                case 0x1F48: sequence = try reader.varint()
                case 0x1F52:
                    drops += 1
                    let drop: DropCount = try reader.message()
                    ledger.add(drop.reason, drop.spans)
                default: return nil
                }
            }
            dropped = ledger.counts
            counts = try SpanBatchView(payload.extracting(0..<spansEnd), options: options).readAll()
            counts.values += drops
        } catch {
            return nil
        }
        guard counts.unfit == 0 else { return nil }
    }
}
