import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Removes spans by their age, in an exchange: runs of which all are too old as a whole, of others what is
/// too old. A run is written anew for that.
///
/// Each span goes with all its reports or stays with all of them, wherever they lie: what decides is the age of the join.
struct AgeRemoval {
    private let view: StoreView
    private let exchange: any LedgerExchange
    /// Spans that are older go: `MergedSpan.ageStartUnixNano`.
    private let border: UInt64
    private let loose: LooseSpans
    /// Starts in settled runs of spans whose reports there are on one side of the border, and all together on the other.
    private var startsOfOthers: [UInt64] = []
    /// Spans of loose runs alone that were removed; they may be in several.
    private var removedLoose: Set<SpanKey> = []
    private(set) var removedSpans: UInt64 = 0

    init(_ exchange: any LedgerExchange, border: UInt64) throws(SpanStoreError) {
        view = try StoreView(BlockReader(try exchange.view()))
        self.exchange = exchange
        self.border = border
        loose = try view.looseSpans(0...UInt64.max)
        for found in loose.spans.values {
            guard let settled = found.settled,
                (settled.ageStartUnixNano < border) != (found.whole.ageStartUnixNano < border)
            else { continue }
            startsOfOthers.append(settled.span.startTimeUnixNano)
        }
    }

    mutating func run(_ builder: inout RunBuilder) throws(SpanStoreError) {
        for run in view.runs {
            switch run.kind {
            case .settled, .whole: try removeSettled(run, &builder)
            case .loose: try removeLoose(run, &builder)
            }
        }
    }

    /// Removes what is too old of a run that is not loose. What a run of whole spans has is counted in a settled one.
    private mutating func removeSettled(_ run: StoredRun, _ builder: inout RunBuilder) throws(SpanStoreError) {
        let (least, greatest) = (run.summary.minStart, run.summary.maxStart)
        let hasOthers = startsOfOthers.contains { (least...greatest).contains($0) }
        if least >= border, !hasOthers { return }
        // The age of a span without a start counts from its end, which only its bytes tell.
        if least > 0, greatest < border, !hasOthers {
            // Nobody reads what goes as a whole: what is said of it has to be true.
            _ = try view.reader.blocks(of: run)
            try exchange.remove([run.id])
            if run.kind == .settled { removedSpans += UInt64(run.summary.spans) }
            return
        }
        var removed: UInt64 = 0
        try rewrite(run, &builder) { key, own in
            let age = loose.spans[key]?.whole.ageStartUnixNano ?? own
            if age < border { removed += 1 }
            return age >= border
        }
        if run.kind == .settled { removedSpans += removed }
    }

    private mutating func removeLoose(_ run: StoredRun, _ builder: inout RunBuilder) throws(SpanStoreError) {
        var removed = removedLoose
        try rewrite(run, &builder) { key, own in
            let found = loose.spans[key]
            let age = found?.whole.ageStartUnixNano ?? own
            if age < border, found?.settled == nil { removed.insert(key) }
            return age >= border
        }
        removedSpans += UInt64(removed.count - removedLoose.count)
        removedLoose = removed
    }

    /// Puts a run without some of its spans in the place of one; leaves it alone where all stay.
    ///
    /// - Parameter stays: takes a span's key, and what its age counts from by its reports in this run.
    private func rewrite(
        _ run: StoredRun, _ builder: inout RunBuilder, _ stays: (SpanKey, UInt64) -> Bool
    ) throws(SpanStoreError) {
        var set = ReportSet()
        try view.reader.readAll(run, into: &set, withTerms: true)
        var staying: Set<SpanKey> = []
        var spans = 0
        try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
            spans += 1
            let first = set.entries[Int(members[members.startIndex])]
            let merged = members.count > 1 ? try set.stored(members).merged() : nil
            let start = merged?.span.startTimeUnixNano ?? first.startUnixNano
            let own = start != 0 ? start : merged?.span.endTimeUnixNano ?? first.endUnixNano
            if stays(key, own) { staying.insert(key) }
        }
        if staying.count == spans { return }
        try exchange.rewrite(run, set, view, &builder) { staying.contains($0) }
    }
}
