import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// What is counted by operation, from columns.
struct OperationScan {
    private let finder: SpanFinder
    private let filter: RowFilter?

    init(_ scan: SpanScan, _ finder: SpanFinder) {
        self.finder = finder
        filter = RowFilter(scan, withSurroundings: false)
    }

    private func columns(_ filter: RowFilter) -> ColumnScan {
        ColumnScan(finder, filter.starts, SpanColumns.Wanted())
    }

    // MARK: Latency

    /// - Returns: `nil` where columns do not do: for a filter that asks what they do not have, or for steps that begin
    ///   between the milliseconds that starts are stored as.
    func latency(stepNano step: UInt64) throws(SpanStoreError) -> SpanGroups<LatencySeries>? {
        guard let filter, step % SpanColumns.storedPrecision == 0 else { return nil }
        var tally = LatencyTally(step: step)
        if filter.isImpossible { return tally.series }
        try columns(filter).run({ Self.points($0, filter, step) }) { found in
            for (operation, point) in found { tally.add(operation, point) }
        }
        return tally.series
    }

    /// `nil` where exact starts are needed.
    private static func points(
        _ read: ReadColumns, _ filter: RowFilter, _ step: UInt64
    ) -> [(Operation, LatencySeries.Point)]? {
        let columns = read.columns
        guard let verdicts = filter.verdicts(columns) else { return nil }
        struct Cell: Hashable {
            var operation: Int32
            var start: UInt64
        }
        var places: [Cell: Int] = [:]
        var cells: [(operation: Int32, point: LatencySeries.Point, durations: [Int64])] = []
        // Of each operation the cell of the row before: mostly the next row's, too.
        var latest = [Int](repeating: -1, count: columns.operations.count)
        for row in 0..<columns.count where verdicts[row] == .meant && !read.isLeftOut(row) {
            let operation = columns.operation[row]
            let start = step == 0 ? 0 : columns.start[row] - columns.start[row] % step
            var place = latest[Int(operation)]
            if place < 0 || cells[place].point.startUnixNano != start {
                let cell = Cell(operation: operation, start: start)
                place = places[cell] ?? cells.count
                if place == cells.count {
                    places[cell] = place
                    cells.append((operation, LatencySeries.Point(startUnixNano: start), []))
                }
                latest[Int(operation)] = place
            }
            cells[place].point.spans += 1
            if columns.flags[row].isError { cells[place].point.errors += 1 }
            if columns.flags[row].contains(.hasDuration) { cells[place].durations.append(columns.duration[row]) }
        }
        var scratch = LatencySketch.BucketCounts()
        return cells.map { cell in
            var point = cell.point
            point.latency.add(cell.durations, &scratch)
            return (columns.operations[Int(cell.operation)], point)
        }
    }

    // MARK: Operations

    /// A row that may be the newest of its operation.
    private struct Newest: Sendable {
        var run: Run
        var block: Int
        /// The hash of its span's id.
        var span: UInt32
    }

    private struct Counted: Sendable {
        /// With the newest start as exactly as it is stored.
        var summary: OperationSummary
        /// Rows with that start, where it is rounded down.
        var newest: [Newest] = []

        mutating func add(_ other: Counted) {
            let (own, others) = (summary.newestStartUnixNano, other.summary.newestStartUnixNano)
            // What is exact lies somewhere in its millisecond, and does not rule out another of it.
            let precision = SpanColumns.storedPrecision
            if others / precision > own / precision { newest = [] }
            if others / precision >= own / precision { newest += other.newest }
            summary.add(other.summary)
        }
    }

    /// - Returns: `nil` for a filter that asks what columns do not have.
    func operations() throws(SpanStoreError) -> SpanGroups<OperationSummary>? {
        guard let filter else { return nil }
        var tally = GroupTally<Operation, Counted>()
        if !filter.isImpossible {
            try columns(filter).run({ Self.counted($0, filter) }) { found in
                for counted in found {
                    let operation = counted.summary.operation
                    let fresh = Counted(summary: OperationSummary(operation))
                    tally.update(operation, spans: counted.summary.spans, fresh: fresh) { $0.add(counted) }
                }
            }
        }
        var answer = SpanGroups<OperationSummary>(leftOutSpans: tally.leftOut)
        for counted in tally.values.values { answer.groups.append(try exact(counted)) }
        answer.groups.sort { $0.operation < $1.operation }
        return answer
    }

    /// `nil` where exact starts are needed for the filter.
    private static func counted(_ read: ReadColumns, _ filter: RowFilter) -> [Counted]? {
        let columns = read.columns
        guard let verdicts = filter.verdicts(columns) else { return nil }
        var counted = columns.operations.map { Counted(summary: OperationSummary($0)) }
        var newest = [[Int]](repeating: [], count: columns.operations.count)
        for row in 0..<columns.count where verdicts[row] == .meant && !read.isLeftOut(row) {
            let operation = Int(columns.operation[row])
            if counted[operation].summary.spans == 0
                || columns.start[row] > counted[operation].summary.newestStartUnixNano
            {
                newest[operation] = [row]
            } else if columns.start[row] == counted[operation].summary.newestStartUnixNano {
                newest[operation].append(row)
            }
            var one = OperationSummary(columns.operations[operation])
            one.spans = 1
            one.errors = columns.flags[row].isError ? 1 : 0
            one.running = columns.flags[row].contains(.isRunning) ? 1 : 0
            one.newestStartUnixNano = columns.start[row]
            counted[operation].summary.add(one)
        }
        if let stored = read.storedBlocks {
            var ends: [Int32] = []
            for count in columns.blockTraces { ends.append((ends.last ?? 0) + count) }
            for (operation, rows) in newest.enumerated() {
                counted[operation].newest = rows.map { row in
                    let block = ends.firstIndex { columns.trace[row] < $0 } ?? 0
                    return Newest(run: stored.run, block: stored.first + block, span: columns.span[row])
                }
            }
        }
        return counted.filter { $0.summary.spans > 0 }
    }

    /// With the newest start to the nanosecond.
    private func exact(_ counted: Counted) throws(SpanStoreError) -> OperationSummary {
        var summary = counted.summary
        let precision = SpanColumns.storedPrecision
        let millisecond = summary.newestStartUnixNano / precision
        let byBlock = Dictionary(grouping: counted.newest) { $0.run.part($0.block) }
        for rows in byBlock.values {
            guard let first = rows.first else { continue }
            let spans = Set(rows.map(\.span))
            let set = try finder.reader.reports(first.run, first.block, only: Array(spans))
            try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
                guard spans.contains(SpanColumns.hash(key.spanID)) else { return }
                let merged = try set.stored(members).merged()
                // Another one may have the same hash.
                guard Operation(merged) == summary.operation,
                    merged.span.startTimeUnixNano / precision == millisecond
                else { return }
                summary.newestStartUnixNano = max(summary.newestStartUnixNano, merged.span.startTimeUnixNano)
            }
        }
        return summary
    }
}
