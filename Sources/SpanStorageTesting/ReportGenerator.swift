import ProtoWire
import SpanModel

/// Generator of reports that conflict, overlap and repeat. Values come from small pools, which include odd values of
/// every kind.
public struct ReportGenerator: Sendable {
    /// Source of all random choices.
    public var random: SeededGenerator

    /// Creates a generator; equal seeds make equal reports.
    public init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Returns a report of the span with this key.
    public mutating func report(_ traceID: TraceID, _ spanID: SpanID, kinds: [SpanKind] = SpanKind.some) -> SpanRecord {
        var span = SpanRecord(traceID: traceID, spanID: spanID, name: pick(Self.texts), startTimeUnixNano: time())
        if chance(60) { span.endTimeUnixNano = time() }
        if chance(50) { span.parentSpanID = SpanID(UInt64.random(in: 0...3, using: &random)) }
        if chance(5) { span.irregularIDs[.parentSpanID] = [pick([1, 2, 3])] }
        span.kind = pick(kinds)
        span.attributes = attributes(depth: 2)
        span.events = many(3) { generator in
            SpanEvent(
                timeUnixNano: generator.time(), name: generator.pick(Self.texts),
                attributes: generator.attributes(depth: 0))
        }
        span.links = many(3) { generator in
            SpanLink(
                traceID: TraceID(high: 1, low: generator.pick([1, 2])), spanID: SpanID(generator.pick([1, 2])),
                attributes: generator.attributes(depth: 0))
        }
        if chance(50) {
            span.status = SpanStatus(.init(rawValue: pick([0, 1, 2, 7])), message: pick(["", "a", "b"]))
        }
        if chance(20) { span.traceState = pick(["a=1", "b=2"]) }
        span.flags = pick([0, 1, 0x100, 0x300])
        span.revision = pick([0, 0, 1, 2])
        span.droppedAttributesCount = pick([0, 0, 1, 5])
        span.droppedEventsCount = pick([0, 2])
        span.unknownFields = unknownFields()
        return span
    }

    /// Returns a batch of one report, with a random resource and scope.
    public mutating func batch(of span: SpanRecord) -> SpanBatch {
        let scope = ScopeSpans(scope: scope(), spans: [span], schemaURL: pick(["", "https://a", "https://b"]))
        return SpanBatch(resourceSpans: [
            ResourceSpans(resource: resource(), scopeSpans: [scope], schemaURL: pick(["", "https://c"]))
        ])
    }

    /// Returns reports of spans from a small number of traces, so that some spans occur again in later batches.
    ///
    /// - Parameters:
    ///   - spans: number of reports, rounded up to a multiple of three.
    ///   - traces: number of traces to choose from.
    ///   - spansPerTrace: number of spans to choose from in each trace.
    public mutating func batch(spans: Int, traces: UInt64 = 20, spansPerTrace: UInt64 = 30) -> SpanBatch {
        SpanBatch(
            resourceSpans: (0..<3).map { _ in
                let records = (0..<(spans + 2) / 3).map { _ in
                    report(
                        TraceID(high: 7, low: .random(in: 1...traces, using: &random)),
                        SpanID(.random(in: 1...spansPerTrace, using: &random)))
                }
                return ResourceSpans(resource: resource(), scopeSpans: [ScopeSpans(scope: scope(), spans: records)])
            })
    }

    /// Returns a resource, often with a service name; `nil` in some cases.
    public mutating func resource() -> Resource? {
        if chance(10) { return nil }
        var resource = Resource(attributes: attributes(depth: 1))
        if chance(80) { resource.attributes.append(Attribute("service.name", .string(pick(Self.texts)))) }
        return resource
    }

    /// Returns a scope; `nil` in some cases.
    public mutating func scope() -> InstrumentationScope? {
        chance(20) ? nil : InstrumentationScope(name: pick(["", "http", "db"]), version: pick(["", "1"]))
    }

    /// Returns up to five attributes. Keys may repeat, which the specification forbids.
    public mutating func attributes(depth: Int) -> [Attribute] {
        many(5) { generator in
            Attribute(generator.pick(Self.keys), generator.chance(5) ? nil : generator.value(depth: depth))
        }
    }

    private mutating func value(depth: Int) -> AttributeValue {
        switch Int.random(in: 0..<(depth > 0 ? 10 : 7), using: &random) {
        case 0: .bool(chance(50))
        case 1: .int(pick([0, 1, -1, .min, .max]))
        case 2: .double(pick([0, -0.0, 1.5, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, 1e300]))
        case 3: .bytes(pick([[], [0], [0xFF, 0xFE]]))
        case 4: .empty
        case 5, 6: .string(pick(Self.texts))
        case 7: .array(many(3) { $0.value(depth: depth - 1) })
        case 8: .keyValueList(attributes(depth: depth - 1))
        default:
            .extended(
                value(depth: 0).plain, unknownFields: UnknownFields(bytes: [0xA0, 0x1F, 1]),
                listUnknownFields: UnknownFields())
        }
    }

    private mutating func unknownFields() -> UnknownFields {
        // Fields 501 to 503 as varints, in any order and number.
        guard chance(20) else { return UnknownFields() }
        return UnknownFields(
            bytes: many(3) { [UInt8](arrayLiteral: 0xA8 + 8 * $0.pick([0, 1, 2]), 0x1F, 1) }.flatMap { $0 })
    }

    private mutating func time() -> UInt64 {
        pick([0, 1, 1000, 1001, 1 << 62, 1 << 63, .max, .max - 1, UInt64.random(in: 0...5000, using: &random)])
    }

    private mutating func many<Element>(_ most: Int, _ make: (inout ReportGenerator) -> Element) -> [Element] {
        (0..<Int.random(in: 0...most, using: &random)).map { _ in make(&self) }
    }

    /// Returns `true` in `percent` of a hundred cases.
    public mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    /// Returns a random element of a pool, which must not be empty.
    public mutating func pick<Element>(_ pool: [Element]) -> Element {
        pool[Int.random(in: 0..<pool.count, using: &random)]
    }

    /// Pool of texts. Two spellings of é are among them, which are one text to Unicode and two to every store.
    public static let texts = [
        "", "a", "b", "é", "e\u{301}", "GET /cart", "nul\u{0}inside", "\u{1F680}\u{1F1E9}\u{1F1EA}", "\"\\\u{7}",
    ]

    static let keys = ["", "a", "http.method", "é", "e\u{301}", "nul\u{0}", "z"]
}

extension SpanKind {
    /// Pool of kinds of both sides, one without a name among them.
    public static let some: [SpanKind] = [
        .unspecified, .internal, .client, .producer, .server, .consumer, .init(rawValue: 99),
    ]
}
