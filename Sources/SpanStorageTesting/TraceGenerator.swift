import SpanModel

/// Generator of traces of calls between services, and of the reports about them: running and ended, in parts, repeated.
public struct TraceGenerator: Sendable {
    /// Source of all random choices.
    public var values: ReportGenerator

    /// Earliest start of a trace: 2026-08-01T12:00:00Z, in nanoseconds since 1970.
    public static let begin: UInt64 = 1_785_585_600_000_000_000
    /// Length of the range from `begin` in which traces start: one hour, in nanoseconds.
    public static let hourNano: UInt64 = 3_600_000_000_000

    /// Creates a generator; equal seeds make equal traces.
    public init(seed: UInt64) { values = ReportGenerator(seed: seed) }

    /// Returns a trace of up to 15 spans, each with its service. Some share ids, some name a missing parent, some
    /// callees are late.
    public mutating func trace(_ number: UInt64) -> [(service: String, span: SpanRecord)] {
        var spans: [(service: String, span: SpanRecord)] = []
        // Some traces start at one instant, so that ties are decided.
        let start =
            Self.begin
            + (values.chance(20) ? Self.hourNano / 2 : .random(in: 0..<Self.hourNano, using: &values.random))
        for id in 1...UInt64.random(in: 1...15, using: &values.random) {
            let parent = spans.randomElement(using: &values.random)
            var span = SpanRecord(
                traceID: TraceID(high: 11, low: number), spanID: SpanID(id),
                parentSpanID: parent?.span.spanID ?? .invalid,
                name: values.pick(["GET /", "load", "send", "é", "e\u{301}"]), kind: values.pick(Self.kinds),
                startTimeUnixNano: (parent?.span.startTimeUnixNano ?? start) + delay())
            if let parent, parent.span.kind == .client, values.chance(30) {
                // A shared id: the inbound half of the parent's call.
                span.spanID = parent.span.spanID
                span.parentSpanID = parent.span.parentSpanID
                span.kind = .server
                if spans.contains(where: { $0.span.spanID == span.spanID && $0.span.kind == .server }) { continue }
            }
            if values.chance(5) { span.parentSpanID = SpanID(999) }
            if values.chance(3) { span.startTimeUnixNano = 0 }
            if values.chance(90) { span.endTimeUnixNano = max(span.startTimeUnixNano, start) + duration() }
            span.attributes = attributes()
            if values.chance(30) { fail(&span) }
            let sameService = parent.map { values.chance(50) ? $0.service : nil } ?? nil
            spans.append((sameService ?? values.pick(["web", "cart", "pay", "mail", ""]), span))
        }
        return spans
    }

    private static let kinds: [SpanKind] = [
        .internal, .client, .client, .server, .server, .producer, .consumer, .unspecified,
    ]

    private mutating func delay() -> UInt64 {
        values.pick([0, 1, 1000, 1_000_000, 250_000_000_000, 400_000_000_000])
            + (values.chance(30) ? 0 : .random(in: 0...1000, using: &values.random))
    }

    private mutating func duration() -> UInt64 {
        values.chance(5) ? 0 : UInt64.random(in: 1...1 << 20, using: &values.random) << values.pick([0, 4, 8, 20])
    }

    private mutating func attributes() -> [Attribute] {
        var attributes: [Attribute] = []
        let pool: [Attribute] = [
            Attribute("db.system.name", "postgresql"), Attribute("db.system", "redis"),
            Attribute("db.namespace", "main"),
            Attribute("messaging.system", "kafka"), Attribute("messaging.destination.name", "orders"),
            Attribute("peer.service", "bank"), Attribute("server.address", "10.0.0.3"), Attribute("server.port", 5432),
            Attribute("net.peer.name", ""), Attribute("http.route", "/a"), Attribute("http.route", "/b"),
            Attribute("n", 1), Attribute("n", 1.0), Attribute("n", "1"), Attribute("list", [1, "a"]),
        ]
        for _ in 0..<values.pick([0, 0, 1, 2, 3]) { attributes.append(values.pick(pool)) }
        return attributes
    }

    private mutating func fail(_ span: inout SpanRecord) {
        span.status = SpanStatus(
            .error,
            message: values.pick(["", "timeout after \(Int.random(in: 1...999, using: &values.random)) ms", "refused"]))
        if values.chance(50) {
            span.events = [
                SpanEvent(
                    timeUnixNano: span.startTimeUnixNano, name: "exception",
                    attributes: [
                        Attribute("exception.type", .string(values.pick(["IOError", "Timeout"]))),
                        Attribute("exception.message", .string("after \(values.pick([1, 20, 300]))")),
                    ])
            ]
        } else if values.chance(50) {
            span.attributes.append(Attribute("error.type", "500"))
        }
    }

    /// Returns a batch of spans of one process, which `service.instance.id` tells from others.
    public static func reports(_ service: String, instance: String, _ spans: [SpanRecord]) -> SpanBatch {
        var attributes = service.isEmpty ? [] : [Attribute("service.name", .string(service))]
        if !instance.isEmpty { attributes.append(Attribute("service.instance.id", .string(instance))) }
        return SpanBatch(resourceSpans: [
            ResourceSpans(
                resource: Resource(attributes: attributes), scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
        ])
    }

    /// Returns batches of reports about a trace, in any order: some spans also while they ran, with fewer fields, and
    /// some twice or three times.
    public mutating func batches(of trace: [(service: String, span: SpanRecord)]) -> [SpanBatch] {
        var batches: [SpanBatch] = []
        for (service, span) in trace {
            let whole = Self.reports(service, instance: "", [span])
            if span.isEnded && values.chance(30) {
                var live = span
                live.endTimeUnixNano = 0
                live.status = nil
                live.events = []
                live.attributes = Array(span.attributes.prefix(1))
                batches.append(Self.reports(service, instance: "", [live]))
            }
            batches += Array(repeating: whole, count: values.pick([1, 1, 1, 2, 3]))
        }
        return batches.shuffled(using: &values.random)
    }
}
