import ProtoWire
import SpanModel

/// Spans encoded as `ResourceSpans` fields, ready to be framed without being encoded again.
public struct EncodedBatch: Sendable, Hashable {
    /// Zero or more fields 1 of `ExportTraceServiceRequest`, each a whole `ResourceSpans`.
    public let payload: [UInt8]
    /// How many spans are in them.
    public let spanCount: Int
    /// What the batch takes of a queue's bytes.
    public let queuedBytes: Int
    /// The queue's number for it; 0 when it comes from no queue.
    public let ordinal: UInt64

    package init(payload: [UInt8], spanCount: Int, queuedBytes: Int, ordinal: UInt64) {
        self.payload = payload
        self.spanCount = spanCount
        self.queuedBytes = queuedBytes
        self.ordinal = ordinal
    }

    /// Takes a payload that was encoded elsewhere, such as a captured `ExportTraceServiceRequest` or `Batch`; fields
    /// other than `resource_spans` are left out. Walks the payload once, down to the spans but not into them.
    ///
    /// - Throws: `WireError` when one of the layers around the spans is malformed.
    public init(request payload: [UInt8], ordinal: UInt64 = 0) throws(WireError) {
        var others = UnknownFields()
        var spanCount = 0
        var resourceSpans = UnknownFields()
        var reader = try WireReader(payload.rawSpan, options: EncodedBatch.walkOptions)
        while let key = try reader.nextKey() {
            guard key.rawValue == 0x0A else {
                try reader.unknownField(key, into: &others)
                continue
            }
            var ahead = try WireReader(payload.rawSpan.extracting(reader.offset...), options: EncodedBatch.walkOptions)
            spanCount += try SpanWalk.countSpans(&ahead)
            try reader.unknownField(key, into: &resourceSpans)
        }
        self.init(
            payload: others.isEmpty ? payload : resourceSpans.bytes, spanCount: spanCount,
            queuedBytes: payload.count, ordinal: ordinal)
    }

    /// Encodes a batch.
    public init(_ batch: SpanBatch, ordinal: UInt64 = 0) {
        let payload = SpanBatch(resourceSpans: batch.resourceSpans).encoded()
        self.init(payload: payload, spanCount: batch.spanCount, queuedBytes: payload.count, ordinal: ordinal)
    }

    /// Cuts the batch between its spans into batches of at most `maxBytes` each, which share its `queuedBytes` and its
    /// ordinal; for a collector that takes smaller frames than expected. Copies; the spans are not encoded again.
    ///
    /// - Returns: the parts in order, and how many spans are larger than that on their own, with the queue bytes that no
    ///   part has.
    func split(maxBytes: Int) -> (parts: [EncodedBatch], tooLarge: Int, tooLargeBytes: Int) {
        var assembler = BatchAssembler()
        var payloads: [(bytes: [UInt8], spans: Int)] = []
        var kept = 0
        SpanWalk.forEachSpan(in: payload) { span, origin in
            guard BatchAssembler.soleCost(of: span.byteCount, origin: origin) <= maxBytes else { return }
            if !assembler.isEmpty,
                assembler.boundBytes + assembler.cost(of: span.byteCount, origin: origin) > maxBytes
            {
                let spans = assembler.spanCount
                payloads.append((assembler.take(), spans))
            }
            assembler.append(span, origin: origin)
            kept += 1
        }
        if !assembler.isEmpty {
            let spans = assembler.spanCount
            payloads.append((assembler.take(), spans))
        }
        var rest = queuedBytes
        var parts: [EncodedBatch] = []
        for (index, part) in payloads.enumerated() {
            let isLast = index == payloads.count - 1
            let share = isLast && kept == spanCount ? rest : min(part.bytes.count, rest)
            rest -= share
            parts.append(EncodedBatch(payload: part.bytes, spanCount: part.spans, queuedBytes: share, ordinal: ordinal))
        }
        return (parts, spanCount - kept, rest)
    }

    static let walkOptions = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))
}
