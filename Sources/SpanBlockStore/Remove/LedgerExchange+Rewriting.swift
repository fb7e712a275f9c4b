import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

extension LedgerExchange {
    /// Puts a run with some of its spans in its place.
    ///
    /// - Parameters:
    ///   - set: what the run has.
    ///   - view: runs behind it have to be as it found them.
    func rewrite(
        _ run: StoredRun, _ set: borrowing ReportSet, _ view: StoreView, _ builder: inout RunBuilder,
        where stays: (SpanKey) -> Bool
    ) throws(SpanStoreError) {
        var plan = RunPlan()
        try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
            guard stays(key) else { return }
            // Of whole spans the latest run counts, which this one is now.
            if run.kind == .whole, try view.isReplaced(key, in: run) { return }
            let merged = members.count > 1 ? try set.stored(members).merged() : nil
            let start = merged?.span.startTimeUnixNano ?? set.entries[Int(members[members.startIndex])].startUnixNano
            plan.add(
                members, partition: run.partition, kind: run.kind, start: start, merged: merged,
                starts: run.kind == .loose ? run.starts : start...start)
        }
        try remove([run.id])
        for rest in plan.encoded(set, &builder, RunLimits(), withColumns: true, level: { _ in run.level }) {
            try insert(rest)
        }
    }
}
