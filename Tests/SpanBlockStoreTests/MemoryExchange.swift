import SpanBlockStore
import SpanModel
import SpanStorage

/// A change of a ledger in memory: a copy of what there was, on which it is made.
final class MemoryExchange: LedgerExchange {
    private(set) var content: LedgerContent
    private let trouble: LedgerTrouble?
    /// How many exchanges this writer has made.
    private let own: Int64

    init(_ content: LedgerContent, own: Int64, _ trouble: LedgerTrouble?) {
        self.content = content
        self.own = own
        self.trouble = trouble
    }

    func view() throws(SpanStoreError) -> any BlockLedger { MemoryLedger(trouble) { [self] in content } }

    func version() throws(SpanStoreError) -> Int64 {
        try trouble?.strike()
        return content.revision - own
    }

    func senders(_ ids: Set<SenderID>) throws(SpanStoreError) -> [SenderID: SenderSummary] {
        try trouble?.strike()
        return content.senders.filter { ids.contains($0.key) }
    }

    func deletedTraces() throws(SpanStoreError) -> (traces: Set<TraceID>, damage: SpanStoreError?) {
        (Set(content.deletedTraces.keys), nil)
    }

    func isUnchanged(since seen: SeenRuns) throws(SpanStoreError) -> Bool {
        let runs = content.runs.values.map(\.run)
        return runs.count { $0.id <= seen.lastID } == seen.count
            && !runs.contains { $0.id > seen.lastID && $0.kind == .whole }
    }

    func haveOwnIndexes(_ runs: [Int64]) throws(SpanStoreError) -> Bool {
        runs.allSatisfy { id in content.runs[id].map { $0.run.traceSegment == nil } ?? false }
    }

    func insert(_ run: NewRun) throws(SpanStoreError) {
        try trouble?.strike()
        content.insert(run)
    }

    func remove(_ runs: [Int64]) throws(SpanStoreError) { content.remove(runs) }

    func insert(_ segment: NewTraceSegment) throws(SpanStoreError) { content.insert(segment) }

    func store(_ sender: SenderSummary) throws(SpanStoreError) { content.senders[sender.sender] = sender }

    func noteDeletion(of trace: TraceID, nowUnixNano: UInt64) throws(SpanStoreError) {
        content.deletedTraces[trace] = max(nowUnixNano, content.deletedTraces[trace] ?? 0)
    }

    func forgetDeletions(before earliest: UInt64) throws(SpanStoreError) {
        content.deletedTraces = content.deletedTraces.filter { $0.value >= earliest }
    }

    func note(_ changes: [SenderChange], by lease: CollectorLease) throws(SpanStoreError) -> Bool {
        for change in changes {
            content.senders[change.sender, default: SenderSummary(sender: change.sender)].take(change)
        }
        return content.presence.note(changes, by: lease)
    }

    func endLease(of collector: CollectorID) throws(SpanStoreError) { content.presence.endLease(of: collector) }
}
