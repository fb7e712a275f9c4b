import SpanMerge
import SpanModel

/// Question for the slowest spans and operations, by one measure.
public struct SlowQuery: Sendable, Hashable {
    /// Time by which spans are compared.
    public enum Measure: Sendable, Hashable {
        /// Time from start to end.
        case duration
        /// Part of the duration that no child covers; see `TraceTree.selfTimesNano`.
        case selfTime
    }

    /// Spans that are compared. Children of a span count as its children even when the filter does not match them.
    public var scan: SpanScan
    /// Measure by which spans are compared.
    public var measure: Measure
    /// Greatest number of spans in the answer; clamped to `SpanQuery.limitRange`.
    public var limit: Int {
        didSet { limit = Self.held(limit) }
    }

    /// Creates a question about the spans that `scan` matches.
    public init(_ scan: SpanScan = SpanScan(), measure: Measure = .duration, limit: Int = 20) {
        self.scan = scan
        self.measure = measure
        self.limit = Self.held(limit)
    }

    private static func held(_ limit: Int) -> Int {
        min(max(limit, SpanQuery.limitRange.lowerBound), SpanQuery.limitRange.upperBound)
    }
}

/// Slowest spans and operations. Only spans with a duration count.
///
/// Children are looked for among spans that start within the range of the scan or up to
/// `DependencyGraph.lookaroundNano` outside it.
public struct SlowSpans: Sendable, Hashable {
    /// A span with both of its measures.
    public struct Entry: Sendable, Hashable {
        /// Merged span.
        public var span: MergedSpan
        /// Time from start to end, in nanoseconds.
        public var durationNano: Int64
        /// Part of the duration that no child covers, in nanoseconds.
        public var selfTimeNano: Int64
    }

    /// An operation with sums over its spans.
    public struct OperationTotal: Sendable, Hashable {
        /// Operation of the spans.
        public var operation: SpanOperation
        /// Number of merged spans with a duration.
        public var spans: UInt64 = 0
        /// Sum of durations in nanoseconds, at most `Int64.max`; negative durations count as 0.
        public var durationNano: Int64 = 0
        /// Sum of self times in nanoseconds, at most `Int64.max`.
        public var selfTimeNano: Int64 = 0
        /// Distribution of the measure by which the question compares.
        public var latency = LatencySketch()

        /// Creates the total of `operation`, without spans.
        public init(_ operation: SpanOperation) { self.operation = operation }
    }

    /// Slowest spans, the slowest first, then by key.
    public var spans: [Entry]
    /// Operations by the sum of the compared measure, the greatest first, then by operation.
    public var operations: SpanGroups<OperationTotal>

    /// Creates an answer from its parts.
    public init(spans: [Entry] = [], operations: SpanGroups<OperationTotal> = SpanGroups()) {
        self.spans = spans
        self.operations = operations
    }
}

/// Collects the slowest spans and the totals of operations while traces are read.
struct SlowTally: Sendable {
    private let query: SlowQuery
    private var entries: Foremost<SlowSpans.Entry>
    private var operations = GroupTally<SpanOperation, SlowSpans.OperationTotal>()

    init(_ query: SlowQuery) {
        self.query = query
        let isByDuration = query.measure == .duration
        entries = Foremost(limit: query.limit) { left, right in
            let (one, other) =
                isByDuration ? (left.durationNano, right.durationNano) : (left.selfTimeNano, right.selfTimeNano)
            return one == other ? left.span.key < right.span.key : one > other
        }
    }

    /// Adds the spans of one trace.
    mutating func add(_ spans: [MergedSpan]) {
        guard spans.contains(where: query.scan.matches) else { return }
        let tree = TraceTree(spans)
        let selfTimes = tree.selfTimesNano()
        // By index, so that no span is copied in vain.
        for index in tree.nodes.indices {
            guard let selfTime = selfTimes[index], let duration = tree.nodes[index].span.durationNano,
                query.scan.matches(tree.nodes[index].span)
            else { continue }
            let span = tree.nodes[index].span
            entries.add(SlowSpans.Entry(span: span, durationNano: duration, selfTimeNano: selfTime))
            let operation = SpanOperation(span)
            let compared = query.measure == .duration ? duration : selfTime
            operations.update(operation, fresh: SlowSpans.OperationTotal(operation)) { total in
                total.spans += 1
                total.durationNano = total.durationNano.addingClamped(max(duration, 0))
                total.selfTimeNano = total.selfTimeNano.addingClamped(selfTime)
                total.latency.add(compared)
            }
        }
    }

    var result: SlowSpans {
        let isByDuration = query.measure == .duration
        return SlowSpans(
            spans: entries.sorted,
            operations: operations.groups({ $1 }) { left, right in
                let (one, other) =
                    isByDuration ? (left.durationNano, right.durationNano) : (left.selfTimeNano, right.selfTimeNano)
                return one == other ? left.operation < right.operation : one > other
            })
    }
}

/// Keeps the first few of many elements in an order, in memory for at most twice as many.
struct Foremost<Element: Sendable>: Sendable {
    private var elements: [Element] = []
    private let limit: Int
    private let precedes: @Sendable (Element, Element) -> Bool

    init(limit: Int, by precedes: @escaping @Sendable (Element, Element) -> Bool) {
        self.limit = limit
        self.precedes = precedes
    }

    mutating func add(_ element: Element) {
        elements.append(element)
        if elements.count >= 2 * limit { elements = sorted }
    }

    /// First elements in order, at most `limit`.
    var sorted: [Element] { Array(elements.sorted(by: precedes).prefix(limit)) }
}
