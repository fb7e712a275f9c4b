import SpanModel
import SpanSession

/// The state that the records of a ledger amount to.
package struct LedgerState: Sendable, Hashable {
    /// A number that is not known to be stored.
    struct Numbered: Sendable, Hashable {
        var sequence: UInt64
        var part: SpoolPart?
        var dropped: [DropCount]
    }

    /// A batch that was cut, with spans that are not done.
    struct Open: Sendable, Hashable {
        var batchSpans: UInt32
        var done: [Range<Int>] = []
    }

    /// The highest number that is not free.
    private(set) var highestSequence: UInt64 = 0
    /// Everything before this place was cut: it is in `open`, or done.
    private(set) var cut = SpoolRange(segment: 0, start: 0, end: 0)
    /// Numbers that are not known to be stored, rising.
    private(set) var numbered: [Numbered] = []
    private(set) var open: [SpoolRange: Open] = [:]
    /// Drop counts that no number tells of.
    private(set) var untold = DropLedger()
    /// Spans of each segment that are in no batch yet, as far as they are known; those cut since are taken off.
    private(set) var held: [UInt64: SpoolAccount] = [:]

    /// Makes the state of a ledger without records.
    package init() {}

    /// The part of the state that is harmless to keep of a ledger that cannot be relied upon.
    var withoutNumbers: LedgerState {
        var state = LedgerState()
        state.highestSequence = highestSequence
        state.untold = untold
        for entry in numbered { state.untold.add(entry.dropped) }
        return state
    }

    mutating func apply(_ record: LedgerRecord) {
        switch record {
        case .numbered(let sequence, let part, let dropped):
            highestSequence = max(highestSequence, sequence)
            untold.subtract(dropped)
            if let part {
                cut(part)
                if open[part.range] == nil { open[part.range] = Open(batchSpans: part.batchSpans) }
            }
            numbered.append(Numbered(sequence: sequence, part: part, dropped: dropped))
        case .unnumbered(let sequence):
            guard let index = numbered.firstIndex(where: { $0.sequence == sequence }) else { return }
            untold.add(numbered.remove(at: index).dropped)
        case .stored(let sequence):
            highestSequence = max(highestSequence, sequence)
            let stored = numbered.prefix { $0.sequence <= sequence }
            numbered.removeFirst(stored.count)
            for entry in stored { if let part = entry.part { finish(part) } }
        case .done(let part):
            cut(part)
            finish(part)
        case .dropped(let dropped): untold.add(dropped)
        case .cut(let part):
            cut(part)
            open[part.range] = Open(batchSpans: part.batchSpans)
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
            let whole = SpoolPart(range: range, batchSpans: batch.batchSpans, first: 0, count: batch.batchSpans)
            records.append(.cut(whole))
            for spans in batch.done {
                var part = whole
                (part.first, part.count) = (UInt32(spans.lowerBound), UInt32(spans.count))
                records.append(.done(part))
            }
        }
        // `numbered` takes drops from the untold ones, so those come last.
        for entry in numbered {
            records.append(.numbered(sequence: entry.sequence, part: entry.part, dropped: entry.dropped))
        }
        if !untold.isEmpty { records.append(.dropped(untold.counts)) }
        records += held.values.sorted { $0.segment < $1.segment }.map { .held($0) }
        // Last, for if not all of it reached the disk, it is better to have cut too little.
        records.append(.position(sequence: highestSequence, segment: cut.segment, offset: cut.end))
        return records
    }

    private mutating func cut(_ part: SpoolPart) {
        let range = part.range
        if (range.segment, range.end) > (cut.segment, cut.end) {
            cut = SpoolRange(segment: range.segment, start: range.end, end: range.end)
            open[range] = Open(batchSpans: part.batchSpans)
            takeOff(part)
        }
    }

    private mutating func takeOff(_ part: SpoolPart) {
        held = held.filter { $0.key >= part.range.segment || $0.value.isUnreadable }
        guard var account = held[part.range.segment] else { return }
        account.start = part.range.end
        account.spans -= account.end <= part.range.end ? account.spans : min(part.batchSpans, account.spans)
        held[part.range.segment] = account
    }

    private mutating func finish(_ part: SpoolPart) {
        guard var batch = open[part.range] else { return }
        batch.done.append(part.spans)
        let done = batch.done.reduce(0) { $0 + $1.count }
        open[part.range] = done >= Int(batch.batchSpans) ? nil : batch
    }
}
