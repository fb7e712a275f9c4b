import SpanMerge
import SpanModel

/// What is slow: by which measure, of which spans.
public struct SlowQuery: Sendable, Hashable {
    /// What is compared.
    public enum Measure: Sendable, Hashable {
        /// From start to end.
        case duration
        /// What no child covers; see `TraceTree.selfTimesNano`.
        case selfTime
    }

    /// Which spans are meant. Children are counted as such whatever the filter says of them.
    public var scan: SpanScan
    public var measure: Measure
    /// How many spans at the most; held within `SpanQuery.limitRange`.
    public var limit: Int {
        didSet { limit = Self.held(limit) }
    }

    public init(_ scan: SpanScan = SpanScan(), measure: Measure = .duration, limit: Int = 20) {
        self.scan = scan
        self.measure = measure
        self.limit = Self.held(limit)
    }

    private static func held(_ limit: Int) -> Int {
        min(max(limit, SpanQuery.limitRange.lowerBound), SpanQuery.limitRange.upperBound)
    }
}

/// The slowest spans and operations. Only spans with a duration count.
///
/// Children are looked for among spans that start within the range or up to `DependencyGraph.lookaroundNano` beside it.
public struct SlowSpans: Sendable, Hashable {
    /// A span with its measures.
    public struct Entry: Sendable, Hashable {
        public var span: MergedSpan
        /// From start to end, in nanoseconds.
        public var durationNano: Int64
        /// What no child covers, in nanoseconds.
        public var selfTimeNano: Int64
    }

    /// An operation with the sums over its spans.
    public struct OperationTotal: Sendable, Hashable {
        public var operation: Operation
        /// Merged spans with a duration.
        public var spans: UInt64 = 0
        /// The sum of durations in nanoseconds, held within `Int64`; negative ones count as 0.
        public var durationNano: Int64 = 0
        /// The sum of self times, likewise.
        public var selfTimeNano: Int64 = 0
        /// Of what is compared.
        public var latency = LatencySketch()

        public init(_ operation: Operation) { self.operation = operation }
    }

    /// The slowest first, then by key.
    public var spans: [Entry]
    /// By the sum of what is compared, the greatest first, then by operation.
    public var operations: SpanGroups<OperationTotal>

    public init(spans: [Entry] = [], operations: SpanGroups<OperationTotal> = SpanGroups()) {
        self.spans = spans
        self.operations = operations
    }
}

/// The slowest while traces are being looked at.
struct SlowTally: Sendable {
    private let query: SlowQuery
    private var entries: Foremost<SlowSpans.Entry>
    private var operations = GroupTally<Operation, SlowSpans.OperationTotal>()

    init(_ query: SlowQuery) {
        self.query = query
        let isByDuration = query.measure == .duration
        entries = Foremost(limit: query.limit) { left, right in
            let (one, other) =
                isByDuration ? (left.durationNano, right.durationNano) : (left.selfTimeNano, right.selfTimeNano)
            return one == other ? left.span.key < right.span.key : one > other
        }
    }

    /// - Parameter spans: of one trace.
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
            let operation = Operation(span)
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

/// The first few of many in an order, in memory for twice as many at the most.
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

    /// The first ones in order.
    var sorted: [Element] { Array(elements.sorted(by: precedes).prefix(limit)) }
}
