import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// One search: blocks with the first spans in its order first, until those that are left can add nothing.
struct RankedSearch {
    private let view: StoreView
    private let query: SpanQuery
    private let conditions: SpanConditions
    private let starts: ClosedRange<UInt64>
    private let terms: [UInt64]
    private let attributeTerms: [UInt64]
    /// The longest text that an attribute has to have: its bytes are in those of the span, or of its resource.
    private let text: [UInt8]
    private let nameTerm: UInt64?
    private var found: FirstSpans
    private var selected: ColumnLookahead?

    init(_ query: SpanQuery, _ view: StoreView) {
        self.view = view
        self.query = query
        conditions = query.conditions
        starts = conditions.start ?? 0...UInt64.max
        terms = SearchTerm.terms(of: conditions)
        attributeTerms = SearchTerm.attributeTerms(of: conditions)
        let texts = conditions.attributes.compactMap { condition -> [UInt8]? in
            guard condition.owner == .span, case .text(let text) = condition.value else { return nil }
            return Array(text.string.utf8)
        }
        text = texts.max { $0.count < $1.count } ?? []
        nameTerm = conditions.name.map { SearchTerm.name(Array($0.string.utf8).rawSpan) }
        found = FirstSpans(query)
        selected = ColumnMatcher(query).map { ColumnLookahead($0, view.reader) }
    }

    private struct Candidate {
        /// None of its spans comes before this.
        var rank: SpanRank
        var run: Int
        var block: Int
        var hasJoined: Bool
    }

    /// Finds the spans that match.
    ///
    /// - Returns: in the order of results.
    mutating func run() throws(SpanStoreError) -> [MergedSpan] {
        try query.check()
        if conditions.isImpossible { return [] }
        if let trace = conditions.trace {
            for span in try view.trace(trace) where query.matches(span) { found.insert(span) }
            return found.spans
        }
        let loose = try view.looseSpans(starts)
        for span in loose.spans.values where query.matches(span.whole) { found.insert(span.whole) }
        let runs = view.runs
            .filter { $0.kind != .loose && $0.summary.mayMeet(conditions) && found.mayTakeSome(of: $0.summary) }
            .map { (run: $0, rank: $0.summary.firstRank(in: query.order)) }.sorted { $0.rank < $1.rank }
        var next = 0
        // By their ranks, the first last.
        var candidates: [Candidate] = []
        while true {
            try SpanStoreError.checkCancelled()
            try query.filter.checkPatternWork()
            let known = candidates.count
            while next < runs.count, candidates.last.map({ runs[next].rank <= $0.rank }) ?? true {
                if let bound = found.bound, bound < runs[next].rank { break }
                try open(runs[next].run, next, &candidates)
                next += 1
            }
            if candidates.count != known { candidates.sort { $0.rank > $1.rank } }
            guard let candidate = candidates.popLast() else { return found.spans }
            if let bound = found.bound, bound < candidate.rank { return found.spans }
            let run = runs[candidate.run].run
            if candidates.count >= Self.fewBlocks, selected?.isKnown(run, candidate.block) == false {
                let next = candidates.suffix(ColumnLookahead.blocksAhead).reversed().map {
                    (runs[$0.run].run, $0.block)
                }
                try selected?.prepare([(run, candidate.block)] + next)
            }
            if let selection = selected?.spans(of: run, candidate.block) {
                // What is known better now may come later.
                if candidate.rank < selection.rank {
                    if !selection.isEmpty { Self.putBack(candidate, selection.rank, &candidates) }
                    continue
                }
            }
            try look(at: candidate, in: run, loose)
        }
    }

    private static func putBack(_ candidate: Candidate, _ rank: SpanRank, _ candidates: inout [Candidate]) {
        var candidate = candidate
        candidate.rank = rank
        var (low, high) = (0, candidates.count)
        while low < high {
            let middle = (low + high) / 2
            if candidates[middle].rank > rank { low = middle + 1 } else { high = middle }
        }
        candidates.insert(candidate, at: low)
    }

    /// So few blocks are read rather than their columns.
    private static let fewBlocks = 2

    private func open(_ run: StoredRun, _ index: Int, _ candidates: inout [Candidate]) throws(SpanStoreError) {
        let numbers =
            terms.isEmpty ? Array(0..<run.blocks) : try view.reader.blocks(of: run, withTerms: terms)
        if numbers.isEmpty { return }
        let blocks = try view.reader.blocks(of: run)
        for number in numbers where blocks[number].mayMeet(conditions) && found.mayTakeSome(of: blocks[number]) {
            candidates.append(
                Candidate(
                    rank: blocks[number].firstRank(in: query.order), run: index, block: number,
                    hasJoined: blocks[number].hasJoined))
        }
        // The first is the last while they are added, so that no run behind it is opened for nothing.
        if let first = candidates.indices.min(by: { candidates[$0].rank < candidates[$1].rank }) {
            candidates.swapAt(first, candidates.count - 1)
        }
    }

    private mutating func look(
        at candidate: Candidate, in run: StoredRun, _ loose: LooseSpans
    ) throws(SpanStoreError) {
        let selection = selected?.spans(of: run, candidate.block)
        if let selection {
            if selection.isEmpty { return }
            if !candidate.hasJoined { return try look(for: selection.spans, at: candidate, in: run, loose) }
        }
        let block = try view.reader.read(run, candidate.block)
        // Most blocks that a filter lets through for nothing end here.
        let places = text.isEmpty ? nil : block.payload.places(of: text)
        if let places, places.isEmpty { return try block.check() }
        let set = try view.reader.reports(
            run, candidate.block, read: block, withTerms: places == nil && !attributeTerms.isEmpty)
        if candidate.hasJoined {
            var merged: [MergedSpan] = []
            try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
                if loose.spans[key] != nil { return }
                if members.count == 1, !mayMatch(set.entries[Int(members[members.startIndex])], set) { return }
                merged.append(try set.stored(members).merged())
            }
            for span in merged where query.matches(span) { try take(span, in: run) }
            return
        }
        var place = 0
        for entry in set.entries {
            if let places {
                // Both in the order of the payload.
                while place < places.count, places[place] < entry.place.lowerBound { place += 1 }
                guard place < places.count, places[place] < entry.place.upperBound else { continue }
            }
            guard mayMatch(entry, set), loose.spans[entry.key] == nil else { continue }
            let span = try set.stored(entry).merged()
            if query.matches(span) { try take(span, in: run) }
        }
    }

    /// Looks at some spans of a block.
    ///
    /// - Parameter selection: of spans that may match, by the hashes of their ids.
    private mutating func look(
        for selection: [UInt32], at candidate: Candidate, in run: StoredRun, _ loose: LooseSpans
    ) throws(SpanStoreError) {
        let set = try view.reader.reports(run, candidate.block, only: selection)
        let there = Set(set.entries.map { SpanColumns.hash($0.key.spanID) })
        guard selection.allSatisfy(there.contains) else {
            throw .damaged("columns of run \(run.id) have spans that block \(candidate.block) has not")
        }
        for entry in set.entries where selection.contains(SpanColumns.hash(entry.key.spanID)) {
            let rank = query.order.rank(startUnixNano: entry.startUnixNano, durationNano: entry.durationNano)
            guard found.mayTake(rank) else { continue }
            if loose.spans[entry.key] != nil { continue }
            let span = try set.stored(entry).merged()
            if query.matches(span) { try take(span, in: run) }
        }
    }

    private mutating func take(_ span: MergedSpan, in run: StoredRun) throws(SpanStoreError) {
        if found.hasRoom(for: span), try !view.isReplaced(span.key, in: run) { found.insert(span) }
    }

    /// Returns `true` where a span of which this is the only report can be among the results.
    private func mayMatch(_ entry: ReportEntry, _ set: borrowing ReportSet) -> Bool {
        if !starts.contains(entry.startUnixNano) { return false }
        guard found.mayTake(query.order.rank(startUnixNano: entry.startUnixNano, durationNano: entry.durationNano))
        else {
            return false
        }
        if let nameTerm, entry.nameTerm != nameTerm { return false }
        if let kind = conditions.kind, entry.kind != kind { return false }
        if let status = conditions.status, entry.status != status { return false }
        if let isRunning = conditions.isRunning, isRunning != (entry.endUnixNano == 0) { return false }
        if let span = conditions.span, entry.key.spanID != span { return false }
        if let range = conditions.durationNano {
            guard let duration = entry.durationNano, range.contains(duration) else { return false }
        }
        let origin = set.origins[Int(entry.origin)]
        if let service = conditions.service, service != ExactText(origin.service) { return false }
        if entry.termCount == 0, !text.isEmpty { return true }
        let own = Int(entry.firstTerm)..<Int(entry.firstTerm) + Int(entry.termCount)
        return attributeTerms.allSatisfy { term in
            set.terms[own].contains(term) || origin.terms.contains(term)
        }
    }
}
