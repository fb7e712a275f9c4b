import ProtoWire
import SpanModel

/// Spans encoded as `ResourceSpans` fields, ready to be framed without being encoded again.
public struct EncodedBatch: Sendable, Hashable {
    /// Zero or more fields 1 of `ExportTraceServiceRequest`, each a whole `ResourceSpans`.
    public let payload: [UInt8]
    /// The number of spans in the payload.
    public let spanCount: Int
    /// The part of a queue's bytes that the batch takes.
    public let queuedBytes: Int
    /// The place that gave the batch its ordinal.
    public let source: BatchSource
    /// The source's number for the batch; 0 when nobody numbered it.
    public let ordinal: UInt64

    /// The index of its first span in the batch that bears the ordinal, in the order of its payload; more than 0 in a
    /// part.
    package let firstSpan: Int

    /// Makes a batch of a payload whose spans were counted.
    package init(
        payload: [UInt8], spanCount: Int, queuedBytes: Int, source: BatchSource = .queue, ordinal: UInt64,
        firstSpan: Int = 0
    ) {
        self.payload = payload
        self.spanCount = spanCount
        self.queuedBytes = queuedBytes
        self.source = source
        self.ordinal = ordinal
        self.firstSpan = firstSpan
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

    /// The greatest weight that the batch can have, in sixteenths of a smallest span: everything that weighs something
    /// and is no span has two bytes or more, and weighs no more than four sixteenths.
    var mostSixteenths: Int { 16 * spanCount + 2 * payload.count }

    /// The weight of the batch, in sixteenths of a smallest span, as the collector counts it. Walks over all of it.
    /// Nothing, where it is malformed: then its weight is not what is wrong with it.
    var sixteenths: Int {
        (try? SpanBatchView(payload.rawSpan, options: EncodedBatch.weighOptions).readAll().sixteenths) ?? 0
    }

    /// Cuts the batch between its spans into batches of at most `maxBytes` and `maxSixteenths` each, which share its
    /// `queuedBytes` and its ordinal; for a collector that takes less than expected. Copies; the spans are not encoded
    /// again.
    ///
    /// - Parameter maxSixteenths: of a smallest span, that a part may weigh.
    /// - Returns: the parts in order; the ranges of spans that are larger than that span by span, with the queue bytes
    ///   that no part has.
    func split(
        maxBytes: Int, maxSixteenths: Int = .max
    ) -> (parts: [EncodedBatch], tooLarge: [Range<Int>], tooLargeBytes: Int) {
        var assembler = BatchAssembler()
        var scale = BatchScale(isNeeded: mostSixteenths > maxSixteenths)
        var weight = 0
        var payloads: [(bytes: [UInt8], spans: Range<Int>)] = []
        var tooLarge: [Range<Int>] = []
        var index = firstSpan
        func close() {
            guard !assembler.isEmpty else { return }
            let spans = assembler.spanCount
            payloads.append((assembler.take(), index - spans..<index))
            weight = 0
        }
        SpanWalk.forEachSpan(in: payload) { span, origin in
            let (own, head) = (scale.weigh(span), scale.weigh(origin))
            if BatchAssembler.soleCost(of: span.byteCount, origin: origin) > maxBytes || own + head > maxSixteenths {
                close()
                let start = tooLarge.last?.upperBound == index ? tooLarge.removeLast().lowerBound : index
                tooLarge.append(start..<index + 1)
            } else {
                let more = assembler.has(origin) ? own : own + head
                if assembler.boundBytes + assembler.cost(of: span.byteCount, origin: origin) > maxBytes
                    || weight + more > maxSixteenths
                {
                    close()
                }
                weight += assembler.isEmpty ? own + head : more
                assembler.append(span, origin: origin)
            }
            index += 1
        }
        close()
        // What cannot be read on is given up with the rest.
        if index < firstSpan + spanCount { tooLarge.append(index..<firstSpan + spanCount) }
        var rest = queuedBytes
        var parts: [EncodedBatch] = []
        for (number, part) in payloads.enumerated() {
            let isLast = number == payloads.count - 1
            let share = isLast && tooLarge.isEmpty ? rest : min(part.bytes.count, rest)
            rest -= share
            parts.append(
                EncodedBatch(
                    payload: part.bytes, spanCount: part.spans.count, queuedBytes: share, source: source,
                    ordinal: ordinal,
                    firstSpan: part.spans.lowerBound))
        }
        return (parts, tooLarge, rest)
    }

    /// Some of the batch's spans as a batch of their own, encoded as `split` would.
    ///
    /// - Parameter range: counted like `firstSpan`; what lies outside is left out.
    package func part(_ range: Range<Int>) -> EncodedBatch {
        var assembler = BatchAssembler()
        var index = firstSpan
        SpanWalk.forEachSpan(in: payload) { span, origin in
            if range.contains(index) { assembler.append(span, origin: origin) }
            index += 1
        }
        let spans = assembler.spanCount
        let payload = assembler.take()
        return EncodedBatch(
            payload: payload, spanCount: spans, queuedBytes: payload.count, source: source, ordinal: ordinal,
            firstSpan: range.lowerBound)
    }

    /// The options of the collector, for a payload of any size.
    static let weighOptions = DecodeOptions(limits: WireLimits(maxPayloadBytes: .max), invalidUTF8: .repair)

    static let walkOptions = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))
}

/// A scale for spans and their origins, in sixteenths of a smallest span.
private struct BatchScale {
    let isNeeded: Bool
    /// Spans of one origin mostly come in a row.
    private var latest: (origin: EncodedOrigin, weight: Int)?

    init(isNeeded: Bool) { self.isNeeded = isNeeded }

    /// A span; a malformed one weighs what the least does.
    func weigh(_ span: borrowing RawSpan) -> Int {
        guard isNeeded else { return 0 }
        do throws(WireError) {
            return try SpanBatchCounts(ofSpan: span, options: EncodedBatch.weighOptions).sixteenths
        } catch {
            return 16
        }
    }

    /// The weight of what groups the first span of an origin.
    mutating func weigh(_ origin: EncodedOrigin) -> Int {
        guard isNeeded else { return 0 }
        if let latest, latest.origin === origin { return latest.weight }
        let (resource, scope) = (origin.resourceFields, origin.scopeFields)
        var weight = 8
        do throws(WireError) {
            weight = try SpanBatchCounts(
                ofResource: resource.rawSpan, scope: scope.rawSpan, options: EncodedBatch.weighOptions
            ).sixteenths
        } catch {}
        latest = (origin, weight)
        return weight
    }
}
