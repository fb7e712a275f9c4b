import SpanMerge
import SpanModel

/// Question for rate, errors and durations of operations, in steps of time.
public struct LatencyQuery: Sendable, Hashable {
    /// Spans that are counted. `kind=server` selects what services answer, `kind=client` what they ask.
    public var scan: SpanScan
    /// Length of a step in nanoseconds; 0 for one step over everything. Steps begin at multiples of the length since
    /// 1970.
    public var stepNano: UInt64

    /// Creates a question about the spans that `scan` matches.
    public init(_ scan: SpanScan = SpanScan(), stepNano: UInt64 = 0) {
        self.scan = scan
        self.stepNano = stepNano
    }
}

/// Rate, errors and durations of one operation over time.
public struct LatencySeries: Sendable, Hashable {
    /// Counts of one step.
    public struct Point: Sendable, Hashable {
        /// Beginning of the step in nanoseconds since 1970-01-01T00:00:00Z; 0 when there is one step over everything.
        public var startUnixNano: UInt64
        /// Number of merged spans that start within the step, running ones included.
        public var spans: UInt64 = 0
        /// Number of spans with status `error`.
        public var errors: UInt64 = 0
        /// Durations of the spans that have one.
        public var latency = LatencySketch()

        /// Creates a step without spans.
        public init(startUnixNano: UInt64) { self.startUnixNano = startUnixNano }

        /// Adds one span to the counts.
        mutating func add(_ merged: MergedSpan) {
            spans += 1
            if merged.statusCode == .error { errors += 1 }
            if let duration = merged.durationNano { latency.add(duration) }
        }

        /// Adds the counts of another step.
        package mutating func add(_ other: Point) {
            spans += other.spans
            errors += other.errors
            latency.merge(other.latency)
        }
    }

    /// Operation that is counted.
    public var operation: SpanOperation
    /// Steps in order of time; steps without spans are left out.
    public var points: [Point]

    /// Creates the series of `operation`.
    public init(_ operation: SpanOperation, points: [Point]) {
        self.operation = operation
        self.points = points
    }

    /// Sum of all steps as one step, which begins where the first one does.
    public var total: Point {
        var total = Point(startUnixNano: points.first?.startUnixNano ?? 0)
        for point in points { total.add(point) }
        return total
    }
}

/// Counts steps while spans are read. `SpanGroupLimit` bounds the number of steps of all operations together.
package struct LatencyTally: Sendable {
    private struct Cell: Hashable, Sendable {
        var operation: SpanOperation
        var start: UInt64
    }

    private var cells = GroupTally<Cell, LatencySeries.Point>()
    private let step: UInt64

    /// Creates a tally with steps of `step` nanoseconds; 0 for one step over everything.
    package init(step: UInt64) { self.step = step }

    mutating func add(_ merged: MergedSpan) {
        let start = merged.span.startTimeUnixNano
        let cell = Cell(operation: SpanOperation(merged), start: step == 0 ? 0 : start - start % step)
        cells.update(cell, fresh: LatencySeries.Point(startUnixNano: cell.start)) { $0.add(merged) }
    }

    /// Adds the counts of one step of an operation.
    package mutating func add(_ operation: SpanOperation, _ point: LatencySeries.Point) {
        let cell = Cell(operation: operation, start: point.startUnixNano)
        cells.update(cell, spans: point.spans, fresh: LatencySeries.Point(startUnixNano: cell.start)) { $0.add(point) }
    }

    /// Series of the operations counted so far, ordered by operation.
    package var series: SpanGroups<LatencySeries> {
        var points: [SpanOperation: [LatencySeries.Point]] = [:]
        for (cell, point) in cells.values { points[cell.operation, default: []].append(point) }
        let series = points.map { operation, points in
            LatencySeries(operation, points: points.sorted { $0.startUnixNano < $1.startUnixNano })
        }
        return SpanGroups(series.sorted { $0.operation < $1.operation }, leftOutSpans: cells.leftOut)
    }
}
