import SpanModel
import SpanSession

/// What the records of a ledger amount to.
package struct LedgerState: Sendable, Hashable {
    /// A number that is not known to be stored.
    struct Numbered: Sendable, Hashable {
        var sequence: UInt64
        var run: SpoolRun?
        var dropped: [DropCount]
    }

    /// A batch that was cut, with spans that are not done.
    struct Open: Sendable, Hashable {
        var batchSpans: UInt32
        var done: [Range<Int>] = []
    }

    /// No number up to this one is free.
    private(set) var highestSequence: UInt64 = 0
    /// Everything before this place was cut: it is in `open`, or done.
    private(set) var cut = SpoolRange(segment: 0, start: 0, end: 0)
    /// Rising.
    private(set) var numbered: [Numbered] = []
    private(set) var open: [SpoolRange: Open] = [:]
    /// Drop counts that no number tells of.
    private(set) var untold = DropLedger()
    /// Spans of each segment that are in no batch yet, as far as they are known; those cut since are taken off.
    private(set) var held: [UInt64: SpoolAccount] = [:]

    package init() {}

    /// For a ledger that cannot be relied upon: only what is harmless to keep.
    var withoutNumbers: LedgerState {
        var state = LedgerState()
        state.highestSequence = highestSequence
        state.untold = untold
        for entry in numbered { state.untold.add(entry.dropped) }
        return state
    }

    mutating func apply(_ record: LedgerRecord) {
        switch record {
        case .numbered(let sequence, let run, let dropped):
            highestSequence = max(highestSequence, sequence)
            untold.subtract(dropped)
            if let run {
                cut(run)
                if open[run.range] == nil { open[run.range] = Open(batchSpans: run.batchSpans) }
            }
            numbered.append(Numbered(sequence: sequence, run: run, dropped: dropped))
        case .unnumbered(let sequence):
            guard let index = numbered.firstIndex(where: { $0.sequence == sequence }) else { return }
            untold.add(numbered.remove(at: index).dropped)
        case .stored(let sequence):
            highestSequence = max(highestSequence, sequence)
            let stored = numbered.prefix { $0.sequence <= sequence }
            numbered.removeFirst(stored.count)
            for entry in stored { if let run = entry.run { finish(run) } }
        case .done(let run):
            cut(run)
            finish(run)
        case .dropped(let dropped): untold.add(dropped)
        case .cut(let run):
            cut(run)
            open[run.range] = Open(batchSpans: run.batchSpans)
        case .position(let sequence, let segment, let offset):
            highestSequence = max(highestSequence, sequence)
            cut = SpoolRange(segment: segment, start: offset, end: offset)
        case .held(let account): held[account.segment] = account.end == 0 ? nil : account
        }
    }

    /// The records from which this state comes out again.
    var records: [LedgerRecord] {
        var records: [LedgerRecord] = []
        for (range, batch) in open.sorted(by: { ($0.key.segment, $0.key.start) < ($1.key.segment, $1.key.start) }) {
            let whole = SpoolRun(range: range, batchSpans: batch.batchSpans, first: 0, count: batch.batchSpans)
            records.append(.cut(whole))
            for run in batch.done {
                var part = whole
                (part.first, part.count) = (UInt32(run.lowerBound), UInt32(run.count))
                records.append(.done(part))
            }
        }
        // `numbered` takes drops from the untold ones, so those come last.
        for entry in numbered {
            records.append(.numbered(sequence: entry.sequence, run: entry.run, dropped: entry.dropped))
        }
        if !untold.isEmpty { records.append(.dropped(untold.counts)) }
        records += held.values.sorted { $0.segment < $1.segment }.map { .held($0) }
        // Last, for if not all of it reached the disk, it is better to have cut too little.
        records.append(.position(sequence: highestSequence, segment: cut.segment, offset: cut.end))
        return records
    }

    private mutating func cut(_ run: SpoolRun) {
        let range = run.range
        if (range.segment, range.end) > (cut.segment, cut.end) {
            cut = SpoolRange(segment: range.segment, start: range.end, end: range.end)
            open[range] = Open(batchSpans: run.batchSpans)
            takeOff(run)
        }
    }

    private mutating func takeOff(_ run: SpoolRun) {
        held = held.filter { $0.key >= run.range.segment }
        guard var account = held[run.range.segment] else { return }
        account.start = run.range.end
        account.spans -= account.end <= run.range.end ? account.spans : min(run.batchSpans, account.spans)
        held[run.range.segment] = account
    }

    private mutating func finish(_ run: SpoolRun) {
        guard var batch = open[run.range] else { return }
        batch.done.append(run.spans)
        let done = batch.done.reduce(0) { $0 + $1.count }
        open[run.range] = done >= Int(batch.batchSpans) ? nil : batch
    }
}
