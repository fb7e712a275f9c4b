import SpanMerge
import SpanModel

/// Rate, errors and durations: of which spans, and in steps of what length.
public struct LatencyQuery: Sendable, Hashable {
    /// Which spans are counted. `kind=server` for what services answer, `kind=client` for what they ask.
    public var scan: SpanScan
    /// The length of a step in nanoseconds; 0 for one step over everything. Steps begin at its multiples since 1970.
    public var stepNano: UInt64

    public init(_ scan: SpanScan = SpanScan(), stepNano: UInt64 = 0) {
        self.scan = scan
        self.stepNano = stepNano
    }
}

/// An operation over time.
public struct LatencySeries: Sendable, Hashable {
    /// One step.
    public struct Point: Sendable, Hashable {
        /// Where the step begins, nanoseconds since 1970-01-01T00:00:00Z; 0 where there is one step over everything.
        public var startUnixNano: UInt64
        /// Merged spans that start within the step, running ones included.
        public var spans: UInt64 = 0
        /// With status `error`.
        public var errors: UInt64 = 0
        /// The durations of those that have one.
        public var latency = LatencySketch()

        public init(startUnixNano: UInt64) { self.startUnixNano = startUnixNano }

        /// Counts one span in.
        mutating func add(_ merged: MergedSpan) {
            spans += 1
            if merged.statusCode == .error { errors += 1 }
            if let duration = merged.durationNano { latency.add(duration) }
        }

        /// Counts the spans of another point in.
        package mutating func add(_ other: Point) {
            spans += other.spans
            errors += other.errors
            latency.merge(other.latency)
        }
    }

    public var operation: Operation
    /// Steps in which spans start, by time; those without are left out.
    public var points: [Point]

    public init(_ operation: Operation, points: [Point]) {
        self.operation = operation
        self.points = points
    }

    /// All steps as one, which begins where the first does.
    public var total: Point {
        var total = Point(startUnixNano: points.first?.startUnixNano ?? 0)
        for point in points { total.add(point) }
        return total
    }
}

/// Steps while they are being counted. The limit of groups is one of steps, all operations together.
package struct LatencyTally: Sendable {
    private struct Cell: Hashable, Sendable {
        var operation: Operation
        var start: UInt64
    }

    private var cells = GroupTally<Cell, LatencySeries.Point>()
    private let step: UInt64

    package init(step: UInt64) { self.step = step }

    mutating func add(_ merged: MergedSpan) {
        let start = merged.span.startTimeUnixNano
        let cell = Cell(operation: Operation(merged), start: step == 0 ? 0 : start - start % step)
        cells.update(cell, fresh: LatencySeries.Point(startUnixNano: cell.start)) { $0.add(merged) }
    }

    /// Counts in what was counted of a step.
    package mutating func add(_ operation: Operation, _ point: LatencySeries.Point) {
        let cell = Cell(operation: operation, start: point.startUnixNano)
        cells.update(cell, spans: point.spans, fresh: LatencySeries.Point(startUnixNano: cell.start)) { $0.add(point) }
    }

    /// By operation.
    package var series: SpanGroups<LatencySeries> {
        var points: [Operation: [LatencySeries.Point]] = [:]
        for (cell, point) in cells.values { points[cell.operation, default: []].append(point) }
        let series = points.map { operation, points in
            LatencySeries(operation, points: points.sorted { $0.startUnixNano < $1.startUnixNano })
        }
        return SpanGroups(series.sorted { $0.operation < $1.operation }, leftOutSpans: cells.leftOut)
    }
}
