import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage
import Synchronization

/// The dependency graph from columns.
///
/// Rows of all blocks are put in buckets by their trace; then each bucket's traces are looked at, wherever their spans lie.
/// Where there are very many spans, all are read several times, each time for some of the buckets.
struct CallGraphBuilder {
    private let scan: SpanScan
    private let view: StoreView
    private let filter: ColumnFilter?

    /// The most rows that are held at once: 40 bytes each.
    private let rowsAtOnce: Int
    private static let rowsPerBucket = 1 << 14

    init(_ scan: SpanScan, _ view: StoreView, rowsAtOnce: Int = 1 << 21) {
        self.scan = scan
        self.view = view
        self.rowsAtOnce = rowsAtOnce
        filter = ColumnFilter(scan, withSurroundings: true)
    }

    /// Makes the graph.
    ///
    /// - Returns: `nil` where columns do not do: for a filter that asks what they do not have, or where starts within one
    ///   millisecond would decide.
    func graph() throws(SpanStoreError) -> DependencyGraph? {
        guard let filter else { return nil }
        if filter.isImpossible { return DependencyGraph() }
        let columns = ColumnWalk(view, filter.surroundings, SpanColumns.Wanted(calls: true))
        let spans = columns.spans
        var bits = 6
        while bits < 16, spans >> bits > Self.rowsPerBucket { bits += 1 }
        let passes = min(max((spans + rowsAtOnce - 1) / rowsAtOnce, 1), 1 << bits)
        let nodes = Mutex(CallNodes())
        var tally = CallTally()
        for pass in 0..<passes {
            let first = (1 << bits) * pass / passes
            let last = (1 << bits) * (pass + 1) / passes
            let buckets = CallBuckets(range: first..<last, bits: bits)
            var gathered = [[[CallRow]]](repeating: [], count: buckets.range.count)
            try columns.run({ Self.rows($0, filter, buckets, nodes) }) { found in
                for (index, rows) in found.enumerated() where !rows.isEmpty { gathered[index].append(rows) }
            }
            guard let counted = Self.count(gathered, view.reader.share) else { return nil }
            tally.merge(counted)
        }
        return nodes.withLock { tally.graph($0) }
    }

    private struct CallBuckets: Sendable {
        /// The range of buckets, by the traces' highest bits.
        var range: Range<Int>
        var bits: Int

        func bucket(_ trace: UInt32) -> Int? {
            let bucket = Int(trace >> UInt32(32 - bits))
            return range.contains(bucket) ? bucket - range.lowerBound : nil
        }
    }

    /// Rows by bucket; `nil` where exact starts are needed.
    private static func rows(
        _ read: ReadColumns, _ filter: ColumnFilter, _ buckets: CallBuckets, _ nodes: borrowing Mutex<CallNodes>
    ) -> [[CallRow]]? {
        let columns = read.columns
        guard let verdicts = filter.verdicts(columns) else { return nil }
        let (services, peers) = nodes.withLock { nodes in
            (
                columns.operations.map { nodes.number(of: DependencyGraph.Node(.service, $0.service)) },
                columns.peers.map { nodes.number(of: $0) }
            )
        }
        let marks = columns.operations.map {
            CallRow.Marks($0.kind, hasDuration: false, isError: false, isMeant: false)
        }
        var counts = [Int](repeating: 0, count: buckets.range.count)
        for trace in columns.trace {
            if let bucket = buckets.bucket(columns.traces[Int(trace)]) { counts[bucket] += 1 }
        }
        var rows = [[CallRow]](repeating: [], count: buckets.range.count)
        for bucket in rows.indices { rows[bucket].reserveCapacity(counts[bucket]) }
        for row in 0..<columns.count where verdicts[row] != .outside {
            let trace = columns.traces[Int(columns.trace[row])]
            guard let bucket = buckets.bucket(trace) else { continue }
            let operation = Int(columns.operation[row])
            if read.isLeftOut(row) { continue }
            var own = marks[operation]
            if verdicts[row] == .meant { own.insert(.isMeant) }
            if columns.flags[row].contains(.hasDuration) { own.insert(.hasDuration) }
            if columns.flags[row].isError { own.insert(.isError) }
            rows[bucket].append(
                CallRow(
                    trace: trace, span: columns.span[row], parent: columns.parent[row], service: services[operation],
                    peer: columns.peer[row] < 0 ? CallNodes.none : peers[Int(columns.peer[row])], marks: own,
                    startUnixNano: columns.start[row] - columns.start[row] % SpanColumns.storedPrecision,
                    durationNano: columns.duration[row]))
        }
        return rows
    }

    /// Rows with those of a trace together: sorted by digits, for numbers that are hashes no comparing is as fast.
    private static func sorted(_ parts: [[CallRow]]) -> [CallRow] {
        let rows = parts.flatMap { $0 }
        var order = rows.indices.map { UInt32($0) }
        var next = order
        // The highest bits are those of the bucket.
        for shift: UInt32 in [0, 13] {
            var places = [Int](repeating: 0, count: 1 << 13)
            for row in rows { places[Int(row.trace >> shift & 0x1FFF)] += 1 }
            var sum = 0
            for digit in places.indices {
                sum += places[digit]
                places[digit] = sum - places[digit]
            }
            for index in order {
                let digit = Int(rows[Int(index)].trace >> shift & 0x1FFF)
                next[places[digit]] = index
                places[digit] += 1
            }
            swap(&order, &next)
        }
        return order.map { rows[Int($0)] }
    }

    /// Counts the calls of all traces; `nil` where a circle of parents is ambiguous.
    private static func count(_ buckets: [[[CallRow]]], _ share: WorkShare) -> CallTally? {
        let result = Mutex<(tally: CallTally, isAmbiguous: Bool)>((CallTally(), false))
        // A few parts for each core, so that none waits long for another.
        let parts = min(buckets.count, 16)
        share.perform(iterations: parts) { part in
            var tally = CallTally()
            var parents = CallParents()
            for bucket in buckets[buckets.count * part / parts..<buckets.count * (part + 1) / parts] {
                let rows = Self.sorted(bucket)
                var start = 0
                while start < rows.count {
                    var end = start + 1
                    while end < rows.count, rows[end].trace == rows[start].trace { end += 1 }
                    parents.find(rows, start..<end)
                    tally.add(rows, start..<end, parents: parents.parents)
                    start = end
                }
            }
            let (counted, isAmbiguous) = (tally, parents.isAmbiguous)
            result.withLock {
                $0.tally.merge(counted)
                if isAmbiguous { $0.isAmbiguous = true }
            }
        }
        return result.withLock { $0.isAmbiguous ? nil : $0.tally }
    }
}
