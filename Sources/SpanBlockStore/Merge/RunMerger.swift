import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Merges runs: sorts their reports anew, joins those of one span, compresses better. It reads alone, so that appends go on
/// meanwhile, and leaves the exchange to a ledger's writer.
package final class RunMerger {
    private let reader: BlockReader
    private let limits: RunLimits
    /// Runs that cannot be read: they stay as they are, and the others do not wait for them.
    private var damaged: Set<Int64> = []
    /// Level 3 saves 2 bytes a span and costs a quarter of a second a million spans.
    private static let level: Int32 = 1
    private var builder = RunBuilder(level: RunMerger.level)

    /// Makes a merger that knows nothing of the store yet.
    package init(_ reader: BlockReader, _ limits: RunLimits) {
        self.reader = reader
        self.limits = limits
    }

    /// Merges some runs, or their indexes, if there are any to merge.
    ///
    /// - Returns: what is to be stored; `nil` when nothing was to be done.
    package func next(_ eagerness: CompactionPlan.Eagerness) throws(SpanStoreError) -> MergeStep? {
        let merged = try reader.inOneView { () throws(SpanStoreError) -> MergeStep? in
            let view = try StoreView(reader)
            let runs = view.runs.filter { !damaged.contains($0.id) }
            guard let plan = CompactionPlan.next(runs, limits, eagerness) else { return nil }
            let ids = plan.runs.map(\.id)
            do throws(SpanStoreError) {
                return .replace(ids, by: try merge(plan, view), SeenRuns(view.runs))
            } catch {
                if error.code == .corrupt, damaged.isDisjoint(with: ids) { damaged.formUnion(ids) }
                throw error
            }
        }
        if let merged { return merged }
        return try segment().map { .segment($0) }
    }

    /// Makes one index of traces out of many.
    private func segment() throws(SpanStoreError) -> NewTraceSegment? {
        try reader.inOneView { () throws(SpanStoreError) -> NewTraceSegment? in
            guard let runs = TraceSegment.next(try reader.load().runs) else { return nil }
            var entries: [SegmentTraceChunk.Entry] = []
            for (ordinal, run) in runs.enumerated() {
                for number in 0..<run.traceChunks {
                    for entry in try reader.entries(of: run, number) {
                        entries.append(
                            SegmentTraceChunk.Entry(trace: entry.trace, run: UInt8(ordinal), block: entry.block))
                    }
                }
            }
            return NewTraceSegment(runs: runs.map(\.id), chunks: SegmentTraceChunk.chunks(entries))
        }
    }

    private func merge(_ plan: CompactionPlan, _ view: StoreView) throws(SpanStoreError) -> [NewRun] {
        var set = ReportSet()
        for run in plan.runs where run.kind == .settled { try read(run, &set) }
        let firstLoose = Int32(set.entries.count)
        for run in plan.runs where run.kind != .settled { try read(run, &set) }
        let partition = plan.runs.first?.partition ?? 0
        var merge = SpanMerging(set: set, firstLoose: firstLoose, partition: partition)
        try merge.run(view, Set(plan.runs.map(\.id)))
        let level = (plan.runs.map(\.level).max() ?? .appended).next
        let compression = Self.level
        return merge.plan.encoded(merge.set, &builder, limits, withColumns: true) { slices in
            concurrentMap(slices) { slice in
                var maker = SliceMaker(level: compression)
                return maker.make(slice)
            }
        } level: { _ in
            level
        }
    }

    private func read(_ run: StoredRun, _ set: inout ReportSet) throws(SpanStoreError) {
        do throws(SpanStoreError) {
            try reader.readAll(run, into: &set, withTerms: true)
        } catch {
            if error.code == .corrupt { damaged.insert(run.id) }
            throw error
        }
    }
}
