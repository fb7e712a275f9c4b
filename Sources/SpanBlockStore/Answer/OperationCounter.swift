import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Counts by operation, from columns.
struct OperationCounter {
    private let view: StoreView
    private let filter: ColumnFilter?

    init(_ scan: SpanScan, _ view: StoreView) {
        self.view = view
        filter = ColumnFilter(scan, withSurroundings: false)
    }

    private func columns(_ filter: ColumnFilter) -> ColumnWalk {
        ColumnWalk(view, filter.starts, SpanColumns.Wanted())
    }

    // MARK: Latency

    /// Counts spans and durations in steps of time.
    ///
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
        _ read: ReadColumns, _ filter: ColumnFilter, _ step: UInt64
    ) -> [(SpanOperation, LatencySeries.Point)]? {
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
        /// The id of its block.
        var part: Int64
        var key: Key

        /// The key by which columns know a span. Both sides of a call may have one id, and one of them may be left out of the
        /// block.
        struct Key: Sendable, Hashable {
            var trace: UInt32
            var span: UInt32
            var side: SpanSide

            init(trace: UInt32, span: UInt32, side: SpanSide) {
                self.trace = trace
                self.span = span
                self.side = side
            }

            init(_ key: SpanKey) {
                self.init(
                    trace: TraceHash(key).bits, span: SpanColumns.hash(key.spanID), side: key.side
                )
            }
        }
    }

    private struct Counted: Sendable {
        /// The summary, with the newest start as exactly as it is stored.
        var summary: OperationSummary
        /// Rows with that start, where it is rounded down.
        private(set) var newest: [Newest] = []
        /// There are more of them than are looked up.
        private(set) var isCrowded = false

        private static let maxNewest = 1024

        init(_ summary: OperationSummary) { self.summary = summary }

        mutating func setNewest(_ rows: [Newest]) {
            isCrowded = rows.count > Self.maxNewest
            newest = isCrowded ? [] : rows
        }

        mutating func add(_ other: Counted) {
            // What is exact lies somewhere in its millisecond, and does not rule out another of it.
            let precision = SpanColumns.storedPrecision
            let (own, others) = (
                summary.newestStartUnixNano / precision, other.summary.newestStartUnixNano / precision
            )
            if others > own {
                (newest, isCrowded) = (other.newest, other.isCrowded)
            } else if others == own {
                isCrowded = isCrowded || other.isCrowded || newest.count + other.newest.count > Self.maxNewest
                newest = isCrowded ? [] : newest + other.newest
            }
            summary.add(other.summary)
        }
    }

    /// Counts the operations.
    ///
    /// - Returns: `nil` where columns do not do: for a filter that asks what they do not have, or where very many spans of
    ///   an operation start in its newest millisecond.
    func operations() throws(SpanStoreError) -> SpanGroups<OperationSummary>? {
        guard let filter else { return nil }
        var tally = GroupTally<SpanOperation, Counted>()
        if !filter.isImpossible {
            try columns(filter).run({ Self.counted($0, filter) }) { found in
                for counted in found {
                    let operation = counted.summary.operation
                    let fresh = Counted(OperationSummary(operation))
                    tally.update(operation, spans: counted.summary.spans, fresh: fresh) { $0.add(counted) }
                }
            }
        }
        var summaries: [SpanOperation: OperationSummary] = [:]
        var blocks: [Int64: Set<Newest.Key>] = [:]
        for (operation, counted) in tally.values {
            if counted.isCrowded { return nil }
            summaries[operation] = counted.summary
            for row in counted.newest { blocks[row.part, default: []].insert(row.key) }
        }
        try findNewest(blocks, &summaries)
        return SpanGroups(summaries.values.sorted { $0.operation < $1.operation }, leftOutSpans: tally.leftOut)
    }

    /// `nil` where exact starts are needed for the filter.
    private static func counted(_ read: ReadColumns, _ filter: ColumnFilter) -> [Counted]? {
        let columns = read.columns
        guard let verdicts = filter.verdicts(columns) else { return nil }
        var summaries = columns.operations.map { OperationSummary($0) }
        var newest = [[Int]](repeating: [], count: columns.operations.count)
        for row in 0..<columns.count where verdicts[row] == .meant && !read.isLeftOut(row) {
            let operation = Int(columns.operation[row])
            let start = columns.start[row]
            if summaries[operation].spans == 0 || start > summaries[operation].newestStartUnixNano {
                newest[operation] = [row]
            } else if start == summaries[operation].newestStartUnixNano {
                newest[operation].append(row)
            }
            summaries[operation].spans += 1
            if columns.flags[row].isError { summaries[operation].errors += 1 }
            if columns.flags[row].contains(.isRunning) { summaries[operation].running += 1 }
            summaries[operation].newestStartUnixNano = max(summaries[operation].newestStartUnixNano, start)
        }
        var counted = summaries.map { Counted($0) }
        if let stored = read.storedBlocks {
            var ends: [Int32] = []
            for count in columns.blockTraces { ends.append((ends.last ?? 0) + count) }
            for (operation, rows) in newest.enumerated() {
                counted[operation].setNewest(
                    rows.map { row in
                        let trace = columns.trace[row]
                        let block = ends.firstIndex { trace < $0 } ?? 0
                        let key = Newest.Key(
                            trace: columns.traces[Int(trace)], span: columns.span[row],
                            side: SpanSide(columns.operations[operation].kind))
                        return Newest(part: stored.run.partID(stored.first + block), key: key)
                    })
            }
        }
        return counted.filter { $0.summary.spans > 0 }
    }

    private static let blocksAtOnce = 16

    /// Looks up the starts of rows in their blocks, to the nanosecond.
    private func findNewest(
        _ blocks: [Int64: Set<Newest.Key>], _ summaries: inout [SpanOperation: OperationSummary]
    ) throws(SpanStoreError) {
        let runs = Dictionary(view.runs.map { ($0.id, $0) }) { first, _ in first }
        let all = blocks.sorted { $0.key < $1.key }
        for start in stride(from: 0, to: all.count, by: Self.blocksAtOnce) {
            var places: [BlockPlace] = []
            var keys: [Set<Newest.Key>] = []
            for (id, own) in all[start..<min(start + Self.blocksAtOnce, all.count)] {
                guard let run = runs[PartID.owner(id)] else { continue }
                places.append(BlockPlace(run: run, number: PartID.number(id)))
                keys.append(own)
            }
            let parts = Array(zip(try view.reader.stored(places), keys))
            let found = try concurrentMap(parts, view.reader.share) { part throws(SpanStoreError) in
                try Self.starts(part.0, part.1)
            }
            for (operation, start) in found.joined() {
                guard var summary = summaries[operation] else { continue }
                let precision = SpanColumns.storedPrecision
                guard start / precision == summary.newestStartUnixNano / precision else { continue }
                summary.newestStartUnixNano = max(summary.newestStartUnixNano, start)
                summaries[operation] = summary
            }
        }
    }

    /// The spans of a block with some keys.
    private static func starts(
        _ block: StoredBlock, _ keys: Set<Newest.Key>
    ) throws(SpanStoreError) -> [(SpanOperation, UInt64)] {
        var set = ReportSet()
        try block.decompressed(BlockDecompressor()).add(
            to: &set, withTerms: false, only: keys.map(\.span))
        var starts: [(SpanOperation, UInt64)] = []
        try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
            guard keys.contains(Newest.Key(key)) else { return }
            let merged = try set.stored(members).merged()
            starts.append((SpanOperation(merged), merged.span.startTimeUnixNano))
        }
        guard starts.count >= keys.count else {
            throw .damaged("columns have spans that block \(block.id) has not")
        }
        return starts
    }
}
