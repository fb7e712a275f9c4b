import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Holds against each other what several runs say of one span.
struct JoinCheck {
    private let view: StoreView

    /// Makes a check of one view of a store.
    ///
    /// - Throws: `corrupt` where runs and segments cannot be read.
    init(_ reader: BlockReader) throws(SpanStoreError) { view = try StoreView(reader) }

    /// Returns the faults that were found, a sentence each.
    ///
    /// - Throws: `corrupt` for what cannot be read.
    func faults() throws(SpanStoreError) -> [String] {
        let loose = try view.looseSpans(0...UInt64.max)
        return try looseFaults(loose) + wholeFaults(loose)
    }

    /// Questions about a time look at those loose runs alone whose spans may start then.
    private func looseFaults(_ loose: LooseSpans) throws(SpanStoreError) -> [String] {
        var (starts, settledStarts): (Set<SpanKey>, Set<SpanKey>) = ([], [])
        for run in view.runs where run.kind == .loose {
            var set = ReportSet()
            try view.reader.readAll(run, into: &set, withTerms: false)
            for key in Set(set.entries.map(\.key)) {
                guard let found = loose.spans[key] else { continue }
                if run.starts.contains(found.whole.span.startTimeUnixNano) { starts.insert(key) }
                if let settled = found.settled, run.starts.contains(settled.span.startTimeUnixNano) {
                    settledStarts.insert(key)
                }
            }
        }
        let isFound = loose.spans.allSatisfy { key, found in
            starts.contains(key) && (found.settled == nil || settledStarts.contains(key))
        }
        return isFound ? [] : ["a loose run has a span that starts outside of its from_start and to_start"]
    }

    /// Returns a fault where a span of a run of whole spans lacks something that other reports of it say.
    private func wholeFaults(_ loose: LooseSpans) throws(SpanStoreError) -> [String] {
        var whole: [SpanKey: SpanState] = [:]
        // The latest counts.
        for run in view.runs where run.kind == .whole {
            var set = ReportSet()
            try view.reader.readAll(run, into: &set, withTerms: false)
            try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
                if loose.spans[key] == nil { whole[key] = try set.stored(members) }
            }
        }
        var joined = whole
        let hashes = Set(whole.keys.map { TraceHash($0) })
        for (run, blocks) in try view.blocks(withTraces: hashes) {
            for number in blocks.sorted() {
                let set = try view.reader.reports(run, number) { hashes.contains($0) }
                for entry in set.entries where joined[entry.key] != nil {
                    joined[entry.key]?.join(try set.stored(entry))
                }
            }
        }
        let isWhole = whole.allSatisfy { key, state in joined[key]?.encoded() == state.encoded() }
        return isWhole ? [] : ["a run of whole spans has one of which other runs say more"]
    }
}
