import SpanModel
import SpanStorage

/// The table `deleted_trace`, for a writer: what is in it, read again only when somebody added to it.
final class DeletedTraceTable {
    private let newest: Statement
    private let all: Statement
    private var traces: Set<TraceID> = []
    private var newestID: Int64 = 0

    init(_ connection: Connection) throws(SpanStoreError) {
        newest = try connection.prepare("SELECT coalesce(max(id), 0) FROM deleted_trace")
        all = try connection.prepare("SELECT trace_id, id FROM deleted_trace")
    }

    private var damage: SpanStoreError?

    /// What is wrong with a row that was passed over, once: which trace it means nobody knows, and reports of others go on
    /// being stored.
    func takeDamage() -> SpanStoreError? {
        defer { damage = nil }
        return damage
    }

    /// The deleted traces, as of the transaction that is open; those that were forgotten since may be among them.
    func current() throws(SpanStoreError) -> Set<TraceID> {
        defer { newest.reset() }
        guard try newest.step(), newest.integer(0) != newestID else { return traces }
        newestID = newest.integer(0)
        traces.removeAll()
        defer { all.reset() }
        while try all.step() {
            do throws(SpanStoreError) {
                traces.insert(try Self.trace(all))
            } catch {
                damage = error
            }
        }
        return traces
    }

    /// The trace of a row of which `trace_id` and `id` were selected.
    static func trace(_ statement: Statement) throws(SpanStoreError) -> TraceID {
        let row = StoredRow(statement, of: "deleted_trace", id: statement.integer(1))
        guard let id = TraceID(bytes: try row.blob(0, "trace_id")), id.isValid else {
            throw row.damaged("trace_id is none")
        }
        return id
    }

    /// Adds a trace, or makes its deletion as young as this one.
    static func note(_ id: TraceID, nowUnixNano: UInt64, _ connection: Connection) throws(SpanStoreError) {
        // Replacing gives it a new row, by which other writers see it.
        let insert = try connection.prepare(
            """
            INSERT OR REPLACE INTO deleted_trace (trace_id, deleted_at_unix_nano)
            VALUES (?1, max(?2, coalesce((SELECT deleted_at_unix_nano FROM deleted_trace WHERE trace_id = ?1), 0)))
            """)
        insert.bind(0, blob: id.high, id.low)
        insert.bind(1, unsigned: nowUnixNano)
        try RowIDs.insert(insert, connection, in: "deleted_trace")
    }

    /// Forgets deletions that are older than spans may become.
    static func forget(before earliest: UInt64, _ connection: Connection) throws(SpanStoreError) {
        let delete = try connection.prepare("DELETE FROM deleted_trace WHERE deleted_at_unix_nano < ?1")
        delete.bind(0, unsigned: earliest)
        try delete.run()
    }
}
