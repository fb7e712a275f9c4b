import SpanBlockStore
import SpanBlocks
import SpanModel
import SpanStorage

/// A transaction that is open.
struct SQLiteExchange: LedgerExchange {
    private let connection: Connection
    private let tables: RunTables
    private let traces: DeletedTraceTable
    private let presence: PresenceTable

    init(_ connection: Connection, _ tables: RunTables, _ traces: DeletedTraceTable, _ presence: PresenceTable) {
        self.connection = connection
        self.tables = tables
        self.traces = traces
        self.presence = presence
    }

    // MARK: What is stored

    func view() throws(SpanStoreError) -> any BlockLedger { try SQLiteLedger(connection) }

    func version() throws(SpanStoreError) -> Int64 { try connection.integer("PRAGMA data_version") }

    func senders(_ ids: Set<SenderID>) throws(SpanStoreError) -> [SenderID: SenderSummary] {
        var senders: [SenderID: SenderSummary] = [:]
        for id in ids { senders[id] = try SenderTable.one(id, connection) }
        return senders
    }

    func deletedTraces() throws(SpanStoreError) -> (traces: Set<TraceID>, damage: SpanStoreError?) {
        (try traces.current(), traces.takeDamage())
    }

    func isUnchanged(since seen: SeenRuns) throws(SpanStoreError) -> Bool {
        let left = try connection.integer("SELECT count(*) FROM run WHERE id <= \(seen.lastID)")
        let whole = try connection.integer(
            "SELECT count(*) FROM run WHERE id > \(seen.lastID) AND kind = \(RunKind.whole.rawValue)")
        return left == seen.count && whole == 0
    }

    func haveOwnIndexes(_ runs: [Int64]) throws(SpanStoreError) -> Bool {
        let list = runs.map(String.init).joined(separator: ",")
        let alone = try connection.integer("SELECT count(*) FROM run WHERE trace_segment = 0 AND id IN (\(list))")
        return alone == runs.count
    }

    // MARK: Changes

    func insert(_ run: NewRun) throws(SpanStoreError) { try tables.insert(run) }

    func remove(_ runs: [Int64]) throws(SpanStoreError) { try tables.delete(runs) }

    func insert(_ segment: NewTraceSegment) throws(SpanStoreError) { try tables.insert(segment) }

    func store(_ sender: SenderSummary) throws(SpanStoreError) { try SenderTable.store(sender, connection) }

    func noteDeletion(of trace: TraceID, nowUnixNano: UInt64) throws(SpanStoreError) {
        try DeletedTraceTable.note(trace, nowUnixNano: nowUnixNano, connection)
    }

    func forgetDeletions(before earliest: UInt64) throws(SpanStoreError) {
        try DeletedTraceTable.forget(before: earliest, connection)
    }

    func note(_ changes: [SenderChange], by lease: CollectorLease) throws(SpanStoreError) -> Bool {
        try presence.note(changes, by: lease)
    }

    func endLease(of collector: CollectorID) throws(SpanStoreError) { try presence.endLease(of: collector) }
}
