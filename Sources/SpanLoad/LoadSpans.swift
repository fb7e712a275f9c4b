import SpanModel
import SpanSession

/// Spans to load a collector with: some patterns, over and over, with ids and times of their own.
///
/// Traces of eight spans: a root, and children of it. Within a generator no id comes twice.
public struct LoadSpans: Sendable {
    /// What the spans come from.
    public var resource: Resource
    private var patterns: [SpanRecord]
    private var next = 0
    private var current = SpanRecord()
    private var generator: SplitMix64
    private var trace = TraceID.invalid
    private var root = SpanID.invalid
    private var spansLeftInTrace = 0

    private static let spansPerTrace = 8

    /// - Parameters:
    ///   - patterns: at least one; ids and times are replaced.
    ///   - seed: where the ids come from.
    public init(resource: Resource, patterns: [SpanRecord], seed: UInt64) {
        self.resource = resource
        self.patterns = patterns
        generator = SplitMix64(seed: seed)
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
        if isRoot {
            trace = TraceID(high: generator.next() | 1, low: generator.next())
            spansLeftInTrace = Self.spansPerTrace
        }
        spansLeftInTrace -= 1
        let id = SpanID(generator.next() | 1)
        let index = next
        next = index + 1 == patterns.count ? 0 : index + 1
        let took = patterns[index].endTimeUnixNano &- patterns[index].startTimeUnixNano
        patterns[index].traceID = trace
        patterns[index].spanID = id
        patterns[index].parentSpanID = isRoot ? .invalid : root
        patterns[index].endTimeUnixNano = endTimeUnixNano
        patterns[index].startTimeUnixNano = endTimeUnixNano - min(took, endTimeUnixNano)
        if isRoot { root = id }
        return index
    }
}
