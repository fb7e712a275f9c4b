import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Removes spans by their age, in the transaction that is open: runs of which all are too old as a whole, of others what is
/// too old. A run is written anew for that.
///
/// Each span goes with all its reports or stays with all of them, wherever they lie: what decides is the age of the join.
struct SpanRemoval {
    private let finder: SpanFinder
    private let tables: RunTables
    /// Spans that are older go: `MergedSpan.ageStartUnixNano`.
    private let border: UInt64
    private let loose: LooseSpans
    /// Starts in settled runs of spans whose reports there are on one side of the border, and all together on the other.
    private var startsOfOthers: [UInt64] = []
    /// Spans of loose runs alone that were removed; they may be in several.
    private var removedLoose: Set<SpanKey> = []
    private(set) var removedSpans: UInt64 = 0

    init(_ connection: Connection, _ tables: RunTables, border: UInt64) throws(SpanStoreError) {
        finder = try SpanFinder(try BlockReader(connection))
        self.tables = tables
        self.border = border
        loose = try finder.looseSpans(0...UInt64.max)
        for found in loose.spans.values {
            guard let settled = found.settled,
                (settled.ageStartUnixNano < border) != (found.whole.ageStartUnixNano < border)
            else { continue }
            startsOfOthers.append(settled.span.startTimeUnixNano)
        }
    }

    mutating func run(_ builder: inout RunBuilder) throws(SpanStoreError) {
        for run in finder.runs {
            switch run.kind {
            case .settled, .whole: try removeSettled(run, &builder)
            case .loose: try removeLoose(run, &builder)
            }
        }
    }

    /// What a run of whole spans has is in a settled one too, where it is counted.
    private mutating func removeSettled(_ run: Run, _ builder: inout RunBuilder) throws(SpanStoreError) {
        let (least, greatest) = (run.summary.minStart, run.summary.maxStart)
        let hasOthers = startsOfOthers.contains { (least...greatest).contains($0) }
        if least >= border, !hasOthers { return }
        // The age of a span without a start counts from its end, which only its bytes tell.
        if least > 0, greatest < border, !hasOthers {
            // Nobody reads what goes as a whole: what is said of it has to be true.
            _ = try finder.reader.blocks(of: run)
            try tables.delete([run.id])
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

    private mutating func removeLoose(_ run: Run, _ builder: inout RunBuilder) throws(SpanStoreError) {
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
        _ run: Run, _ builder: inout RunBuilder, _ stays: (SpanKey, UInt64) -> Bool
    ) throws(SpanStoreError) {
        var set = ReportSet()
        try finder.reader.readAll(run, into: &set, withTerms: true)
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
        try tables.rewrite(run, set, finder, &builder) { staying.contains($0) }
    }
}

extension RunTables {
    /// Puts a run with some of its spans in its place, in the transaction that is open.
    ///
    /// - Parameters:
    ///   - set: what the run has.
    ///   - finder: runs behind it have to be as it found them.
    func rewrite(
        _ run: Run, _ set: borrowing ReportSet, _ finder: SpanFinder, _ builder: inout RunBuilder,
        where stays: (SpanKey) -> Bool
    ) throws(SpanStoreError) {
        var plan = RunPlan()
        try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
            guard stays(key) else { return }
            // Of whole spans the latest run counts, which this one is now.
            if run.kind == .whole, try finder.isReplaced(key, in: run) { return }
            let merged = members.count > 1 ? try set.stored(members).merged() : nil
            let start = merged?.span.startTimeUnixNano ?? set.entries[Int(members[members.startIndex])].startUnixNano
            plan.add(
                members, partition: run.partition, kind: run.kind, start: start, merged: merged,
                starts: run.kind == .loose ? run.starts : start...start)
        }
        try delete([run.id])
        for (rest, description) in plan.encoded(
            set, &builder, CompactionPlan.Limits(), withColumns: true, level: { _ in run.level })
        {
            try insert(rest, description)
        }
    }
}

/// Which spans are to go so that a store has so many bytes less.
struct OldestSpans {
    /// How many bytes go in one transaction.
    private static let step = 64 << 20

    private let runs: [Run]
    private let reader: BlockReader
    private var sizes: PartSizes

    /// - Throws: `corrupt` where the file has parts of no run: what they take cannot be removed, and all runs would go for it.
    init(_ connection: Connection) throws(SpanStoreError) {
        reader = try BlockReader(connection)
        let all = try reader.load().runs
        for parts in RunParts.all { try PartCheck(connection, parts).check(all) }
        sizes = try reader.sizes()
        runs = all.sorted { $0.summary.maxStart < $1.summary.maxStart }
    }

    /// Ages: with the first, about so many bytes go, if it can be; with each further one more, with the last all.
    ///
    /// - Throws: `corrupt` where a run that goes does not take as much as its row says, or is not what its blocks are.
    mutating func borders(bytes: UInt64) throws(SpanStoreError) -> [UInt64] {
        if runs.isEmpty { return [] }
        var left = Int(min(bytes, UInt64(Self.step)))
        var borders: [UInt64] = []
        for run in runs {
            if left > 0 {
                try sizes.check(run)
                _ = try reader.blocks(of: run)
            }
            if borders.isEmpty, run.bytes > left { borders.append(try border(in: run, bytes: left)) }
            left -= run.bytes
            if left <= 0 { borders.append(run.summary.maxStart &+ 1) }
        }
        return borders + [UInt64.max]
    }

    /// The start behind which about so many bytes less are left of a run.
    private func border(in run: Run, bytes: Int) throws(SpanStoreError) -> UInt64 {
        var set = ReportSet()
        try reader.readAll(run, into: &set, withTerms: false)
        let starts = set.entries.map(\.startUnixNano).sorted()
        let (product, _) = starts.count.multipliedReportingOverflow(by: bytes)
        return starts[min(product / max(run.bytes, 1), starts.count - 1)] &+ 1
    }
}
