import SpanModel
import SpanSession

/// Spans to load a collector with: some patterns, over and over, with ids and times of their own.
///
/// Traces of eight spans: a root, and children of it; or of more, through several services. Within a generator no id
/// comes twice.
public struct LoadSpans: Sendable {
    /// The resources that the spans come from.
    public var resource: Resource
    private var patterns: [SpanRecord]
    private var next = 0
    private var current = SpanRecord()
    private var generator: SplitMix64
    private var trace = TraceID.invalid
    private var root = SpanID.invalid
    private var spansLeftInTrace = 0
    private var route: Route?

    private static let spansPerTrace = 8

    /// The place of a service on the way of requests that pass through several.
    private struct Route: Sendable {
        /// 0 ... count - 1.
        var position: Int
        var count: Int
        /// The seed of the route, the same for all its services.
        var seed: UInt64
        var traces: UInt64 = 0
        /// The parent of the next service's spans.
        var caller = SpanID.invalid

        var spansPerTrace: Int { max(LoadSpans.spansPerTrace / count, 2) }
    }

    /// - Parameters:
    ///   - patterns: at least one; ids and times are replaced.
    ///   - seed: where the ids come from.
    public init(resource: Resource, patterns: [SpanRecord], seed: UInt64) {
        self.resource = resource
        self.patterns = patterns
        generator = SplitMix64(seed: seed)
    }

    /// Traces that pass through several services, each of which has a generator: here its own spans of each of them, a
    /// `server` span first, whose parent is a `client` span of the service before.
    ///
    /// - Parameters:
    ///   - position: of the service, 0 ..< `count`.
    ///   - seed: the same for all of them.
    public func passing(position: Int, of count: Int, seed: UInt64) -> LoadSpans {
        var spans = self
        spans.route = Route(position: position, count: max(count, 1), seed: seed)
        return spans
    }

    /// A seed for each sender, so far apart that no two give the same ids.
    public static func seed(of sender: Int, seed: UInt64) -> UInt64 {
        var generator = SplitMix64(seed: seed ^ UInt64(truncatingIfNeeded: sender) &* 0xD134_2543_DE82_EF95)
        return generator.next()
    }

    /// The next span, in place, so that handing it over copies nothing.
    ///
    /// - Parameter endTimeUnixNano: when it ended; how long it took is the pattern's.
    public mutating func withNext<Result>(endTimeUnixNano: UInt64, _ body: (borrowing SpanRecord) -> Result) -> Result {
        let index = advance(endTimeUnixNano: endTimeUnixNano)
        // Out of the array while it is looked at: an element in it would be copied, with all that it refers to.
        swap(&patterns[index], &current)
        defer { swap(&patterns[index], &current) }
        return body(current)
    }

    /// The next span.
    public mutating func next(endTimeUnixNano: UInt64) -> SpanRecord {
        patterns[advance(endTimeUnixNano: endTimeUnixNano)]
    }

    private mutating func advance(endTimeUnixNano: UInt64) -> Int {
        let isRoot = spansLeftInTrace == 0
        if isRoot { beginTrace() }
        spansLeftInTrace -= 1
        let index = next
        next = index + 1 == patterns.count ? 0 : index + 1
        let took = patterns[index].endTimeUnixNano &- patterns[index].startTimeUnixNano
        patterns[index].traceID = trace
        patterns[index].endTimeUnixNano = endTimeUnixNano
        patterns[index].startTimeUnixNano = endTimeUnixNano - min(took, endTimeUnixNano)
        if let route {
            let number = route.spansPerTrace - 1 - spansLeftInTrace
            patterns[index].spanID = Self.spanID(trace, route.position, number)
            patterns[index].parentSpanID = isRoot ? route.caller : root
            if number < 2 { patterns[index].kind = isRoot ? .server : .client }
        } else {
            patterns[index].spanID = SpanID(generator.next() | 1)
            patterns[index].parentSpanID = isRoot ? .invalid : root
        }
        if isRoot { root = patterns[index].spanID }
        return index
    }

    private mutating func beginTrace() {
        guard var route else {
            trace = TraceID(high: generator.next() | 1, low: generator.next())
            spansLeftInTrace = Self.spansPerTrace
            return
        }
        trace = Self.sharedTrace(route.traces, seed: route.seed)
        route.traces += 1
        route.caller = route.position == 0 ? .invalid : Self.spanID(trace, route.position - 1, 1)
        spansLeftInTrace = route.spansPerTrace
        self.route = route
    }

    /// The id of a trace that passes through several services.
    ///
    /// - Parameters:
    ///   - number: 0 … .
    ///   - seed: what `passing` was given.
    public static func sharedTrace(_ number: UInt64, seed: UInt64) -> TraceID {
        var ids = SplitMix64(seed: seed &+ number &* 0x9E6D_62D0_6F6A_9A9B)
        return TraceID(high: ids.next() | 1, low: ids.next())
    }

    /// The span of a service in a trace: each service can tell what the others' are.
    private static func spanID(_ trace: TraceID, _ position: Int, _ number: Int) -> SpanID {
        var ids = SplitMix64(
            seed: trace.low ^ UInt64(truncatingIfNeeded: position << 32 | number) &* 0xD605_BBB5_8C8A_BBCF)
        return SpanID(ids.next() | 1)
    }
}
