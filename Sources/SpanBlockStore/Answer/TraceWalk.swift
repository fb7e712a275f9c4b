import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Visits the spans that a scan means, those of one trace together, while reading each block once.
///
/// Blocks come in the order of time, and a trace is in few of them that are near each other. The indexes of traces say in
/// how many blocks each trace is; when the last of them has been read, its spans are handed on. So no more is held than the
/// traces that have begun and not ended, and a few bytes for each trace of the scan.
struct TraceWalk {
    private struct Place {
        var minStart: UInt64
        /// The place of the run in `runs`.
        var run: Int
        var block: Int
    }

    private let view: StoreView
    private let scan: SpanScan
    private let conditions: SpanConditions
    private let starts: ClosedRange<UInt64>
    private let runs: [StoredRun]
    private let loose: LooseSpans
    private var open: [TraceID: [MergedSpan]] = [:]
    /// In which run a span is that takes the place of what other runs have of it.
    private var wholeIn: [SpanKey: Int64] = [:]
    /// The number of blocks that are left to be read with spans of a trace.
    private var blocksLeft: [TraceHash: Int32] = [:]

    init(_ scan: SpanScan, _ view: StoreView) throws(SpanStoreError) {
        self.view = view
        self.scan = scan
        let conditions = scan.conditions
        self.conditions = conditions
        starts = conditions.start ?? 0...UInt64.max
        runs = view.runs.filter { $0.kind != .loose && $0.summary.mayMeet(conditions) }
        loose = conditions.isImpossible ? LooseSpans() : try view.looseSpans(starts)
    }

    /// Visits the spans.
    ///
    /// - Parameter body: takes spans of one trace, by key; `false` to end.
    mutating func run(_ body: ([MergedSpan]) -> Bool) throws(SpanStoreError) {
        if conditions.isImpossible { return }
        if let trace = conditions.trace {
            for span in try view.trace(trace) where scan.matches(span) { open[trace, default: []].append(span) }
            _ = close([trace], body)
            return
        }
        for found in loose.spans.values where scan.matches(found.whole) {
            open[found.whole.span.traceID, default: []].append(found.whole)
        }
        try findWhole()
        let places = try places()
        try countBlocks(places)
        for place in places {
            try SpanStoreError.checkCancelled()
            try scan.filter.checkPatternWork()
            guard try visit(place, body) else { return }
        }
        _ = close(open.keys.sorted(), body)
    }

    private mutating func findWhole() throws(SpanStoreError) {
        for run in view.inOrder(of: starts) where run.kind == .whole {
            for number in 0..<run.blocks {
                // Of several the latest run counts, which comes first here.
                for entry in try view.reader.reports(run, number).entries where wholeIn[entry.key] == nil {
                    wholeIn[entry.key] = run.id
                }
            }
        }
    }

    /// The blocks that may have spans that are meant, in the order of time.
    private func places() throws(SpanStoreError) -> [Place] {
        let terms = SearchTerm.terms(of: conditions)
        var places: [Place] = []
        for (index, run) in runs.enumerated() {
            let numbers = terms.isEmpty ? Array(0..<run.blocks) : try view.reader.blocks(of: run, withTerms: terms)
            if numbers.isEmpty { continue }
            let blocks = try view.reader.blocks(of: run)
            for number in numbers where blocks[number].mayMeet(conditions) {
                places.append(Place(minStart: blocks[number].minStart, run: index, block: number))
            }
        }
        return places.sorted { $0.minStart < $1.minStart }
    }

    private mutating func countBlocks(_ places: [Place]) throws(SpanStoreError) {
        var isMeant: [Int64: [Bool]] = [:]
        for place in places {
            let run = runs[place.run]
            isMeant[run.id, default: [Bool](repeating: false, count: run.blocks)][place.block] = true
        }
        var segments: Set<Int64> = []
        for run in runs where isMeant[run.id] != nil {
            if let segment = run.traceSegment {
                segments.insert(segment)
                continue
            }
            for chunk in 0..<run.traceChunks {
                for entry in try view.reader.entries(of: run, chunk)
                where isMeant[run.id]?[checked: Int(entry.block)] == true {
                    blocksLeft[entry.trace, default: 0] += 1
                }
            }
        }
        for segment in view.segments where segments.contains(segment.id) {
            for chunk in 0..<segment.chunks {
                for entry in try view.reader.entries(of: segment, chunk) {
                    let run = try segment.run(of: entry)
                    if isMeant[run]?[checked: Int(entry.block)] == true { blocksLeft[entry.trace, default: 0] += 1 }
                }
            }
        }
    }

    private mutating func visit(_ place: Place, _ body: ([MergedSpan]) -> Bool) throws(SpanStoreError) -> Bool {
        let run = runs[place.run]
        let set = try view.reader.reports(run, place.block)
        var traces: [TraceID] = []
        var large: [TraceID] = []
        try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
            if traces.last != key.traceID { traces.append(key.traceID) }
            if loose.spans[key] != nil || wholeIn[key].map({ $0 != run.id }) == true { return }
            // Of one report the start is known without reading more.
            if members.count == 1, !starts.contains(set.entries[Int(members[members.startIndex])].startUnixNano) {
                return
            }
            let merged = try set.stored(members).merged()
            guard scan.matches(merged) else { return }
            open[key.traceID, default: []].append(merged)
            if open[key.traceID]?.count == SpanScan.maxSpansAtOnce { large.append(key.traceID) }
        }
        guard close(large, body) else { return false }
        var ended: [TraceID] = []
        var hashes: Set<TraceHash> = []
        for trace in traces {
            let hash = TraceHash(trace)
            if hashes.insert(hash).inserted {
                // What is not counted would end before its last block was read.
                guard let left = blocksLeft[hash] else {
                    throw .damaged(
                        "the index of traces of run \(run.id) has not a trace of its block \(place.block)")
                }
                blocksLeft[hash] = left > 1 ? left - 1 : nil
            }
            if blocksLeft[hash] == nil { ended.append(trace) }
        }
        return close(ended, body)
    }

    /// Hands on what there is of some traces.
    private mutating func close(_ traces: [TraceID], _ body: ([MergedSpan]) -> Bool) -> Bool {
        for trace in traces {
            guard var spans = open.removeValue(forKey: trace) else { continue }
            spans.sort { $0.key < $1.key }
            var start = 0
            while start < spans.count {
                let end = min(start + SpanScan.maxSpansAtOnce, spans.count)
                guard body(Array(spans[start..<end])) else { return false }
                start = end
            }
        }
        return true
    }
}

extension Array {
    fileprivate subscript(checked index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
