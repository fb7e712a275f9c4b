import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

extension SQLiteWriter {
    /// Writes the runs anew that have reports of a trace, without them.
    ///
    /// - Returns: how many spans it had.
    func deleteTrace(_ id: TraceID) throws(SpanStoreError) -> Int {
        try change { connection, tables, builder throws(SpanStoreError) in
            let finder = try SpanFinder(try BlockReader(connection))
            let hash = UInt32(truncatingIfNeeded: SpanKey.traceHash(id))
            var removed: Set<SpanKey> = []
            for run in finder.runs {
                guard try !finder.reader.blocks(of: run, withTrace: hash, finder.segments).isEmpty else { continue }
                var set = ReportSet()
                for number in 0..<run.blocks {
                    try finder.reader.read(run, number, into: &set, withTerms: true)
                }
                let keys = set.entries.map(\.key).filter { $0.traceID == id }
                if keys.isEmpty { continue }
                removed.formUnion(keys)
                var plan = RunPlan()
                try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
                    if key.traceID == id { return }
                    let merged = members.count > 1 ? try set.stored(members).merged() : nil
                    let start =
                        merged?.span.startTimeUnixNano ?? set.entries[Int(members[members.startIndex])].startUnixNano
                    plan.add(
                        members, partition: run.partition, kind: run.kind, start: start, merged: merged,
                        starts: run.kind == .loose ? run.starts : start...start)
                }
                try tables.delete([run.id])
                for (rest, description) in plan.encoded(
                    set, &builder, CompactionPlan.Limits(), level: { _ in run.level })
                {
                    try tables.insert(rest, description)
                }
            }
            return removed.count
        }
    }

    /// Removes whole partitions, the oldest first, as long as `isMeant` says so.
    ///
    /// - Parameter isMeant: takes a partition, and the bytes of it and all behind it.
    /// - Returns: how many spans they had.
    func dropPartitions(
        sparesNewest: Bool = false, _ isMeant: @Sendable (Int64, Int) -> Bool
    ) throws(SpanStoreError) -> Int {
        try change { connection, tables, _ throws(SpanStoreError) in
            let runs = try BlockReader(connection).runs()
            var left = runs.reduce(0) { $0 + $1.bytes }
            var spans = 0
            let newest = runs.map(\.partition).max()
            for (partition, members) in Dictionary(grouping: runs, by: \.partition).sorted(by: { $0.key < $1.key }) {
                guard isMeant(partition, left), !sparesNewest || partition != newest else { break }
                try tables.delete(members.map(\.id))
                left -= members.reduce(0) { $0 + $1.bytes }
                spans += members.reduce(0) { $0 + $1.summary.spans }
            }
            return spans
        }
    }
}
