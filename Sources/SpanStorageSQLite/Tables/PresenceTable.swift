import CSQLite
import SpanModel
import SpanStorage

/// The tables `collector` and `sender_connection`, and what became of senders' connections in `sender`; for a writer.
final class PresenceTable {
    private let knows: Statement
    private let renew: Statement
    private let lapsed: Statement
    private let mention: Statement
    private let connect: Statement
    private let end: Statement
    private let disconnect: Statement
    private let endAll: Statement
    private let disconnectAll: Statement
    private let forget: Statement

    init(_ connection: Connection) throws(SpanStoreError) {
        knows = try connection.prepare("SELECT 1 FROM collector WHERE id = ?1")
        renew = try connection.prepare("INSERT OR REPLACE INTO collector VALUES (?1, ?2, ?3)")
        lapsed = try connection.prepare(
            """
            SELECT id FROM collector
            WHERE id <> ?1 AND NOT coalesce(
                holds_from_unix_nano <= ?2 AND lapses_at_unix_nano > ?2
                AND \(Schema.isUnsigned("holds_from_unix_nano")) AND \(Schema.isUnsigned("lapses_at_unix_nano")), 0)
            """)
        mention = try connection.prepare(
            """
            INSERT INTO sender (id, agent, stored_sequence, stored_reports, last_seen_unix_nano) VALUES (?1, ?2, 0, 0, ?3)
            ON CONFLICT (id) DO UPDATE SET
            agent = CASE excluded.agent WHEN '' THEN agent ELSE excluded.agent END,
            last_seen_unix_nano = max(last_seen_unix_nano, excluded.last_seen_unix_nano)
            """)
        // A time that is none counts as 0, so that damage does not spread from row to row and is gone with the next word.
        let known = Schema.unsigned("presence_since_unix_nano")
        let begun = "(SELECT \(Schema.unsigned("since_unix_nano")) FROM sender_connection"
        // A connection begins after what is known of the sender, whatever a clock that was set back says.
        connect = try connection.prepare(
            """
            INSERT OR REPLACE INTO sender_connection (sender_id, collector_id, since_unix_nano)
            SELECT ?1, ?2, max(?3, \(known), coalesce(\(begun) WHERE sender_id = ?1 AND collector_id = ?2), 0))
            FROM sender s WHERE s.id = ?1
            """)
        // What became of a connection, unless what became of one that began later is known.
        end = try connection.prepare(
            """
            UPDATE sender SET presence = ?4, presence_since_unix_nano =
                coalesce(\(begun) WHERE sender_id = ?1 AND collector_id = ?2), ?3)
            WHERE id = ?1 AND \(known) <= coalesce(\(begun) WHERE sender_id = ?1 AND collector_id = ?2), ?3)
            """)
        disconnect = try connection.prepare("DELETE FROM sender_connection WHERE sender_id = ?1 AND collector_id = ?2")
        endAll = try connection.prepare(
            """
            UPDATE sender SET presence = \(SenderPresence.gone.rawValue), presence_since_unix_nano =
                \(begun) WHERE sender_id = sender.id AND collector_id = ?1)
            WHERE id IN (SELECT sender_id FROM sender_connection WHERE collector_id = ?1)
                AND \(known) <= \(begun) WHERE sender_id = sender.id AND collector_id = ?1)
            """)
        disconnectAll = try connection.prepare("DELETE FROM sender_connection WHERE collector_id = ?1")
        forget = try connection.prepare("DELETE FROM collector WHERE id = ?1")
    }

    /// Reads all leases and connections: what SQLite makes of one that is none, such as a text for a time, is nobody's presence.
    ///
    /// - Parameter damaged: takes what is wrong with a row; goes on unless it throws.
    static func check(
        _ connection: Connection, _ damaged: (SpanStoreError) throws(SpanStoreError) -> Void
    ) throws(SpanStoreError) {
        func look(_ body: () throws(SpanStoreError) -> Void) throws(SpanStoreError) {
            let fault: SpanStoreError
            do throws(SpanStoreError) { return try body() } catch { fault = error }
            try damaged(fault)
        }
        let leases = try connection.prepare("SELECT id, holds_from_unix_nano, lapses_at_unix_nano FROM collector")
        while try leases.step() {
            let row = StoredRow(leases, of: "collector", id: leases.integer(0))
            try look { () throws(SpanStoreError) in
                _ = try row.unsigned(1, "holds_from_unix_nano")
                _ = try row.unsigned(2, "lapses_at_unix_nano")
            }
        }
        let connections = try connection.prepare(
            "SELECT collector_id, sender_id, since_unix_nano, collector_id FROM sender_connection")
        while try connections.step() {
            try look { () throws(SpanStoreError) in
                let isCollector = connections.type(0) == SQLITE_INTEGER
                let row = StoredRow(connections, of: "sender_connection", id: isCollector ? connections.integer(0) : 0)
                _ = try row.integer(3, "collector_id")
                guard SenderID(bytes: try row.blob(1, "sender_id")) != nil else {
                    throw row.damaged("sender_id is none")
                }
                _ = try row.unsigned(2, "since_unix_nano")
            }
        }
    }

    /// Notes changes in the transaction that is open; see `SpanStore.note`.
    ///
    /// - Returns: whether the collector was known.
    func note(_ changes: [SenderChange], by lease: CollectorLease) throws(SpanStoreError) -> Bool {
        let collector = Self.row(lease.collector)
        knows.bind(0, collector)
        let isKnown = try knows.step()
        knows.reset()
        renew.bind(0, collector)
        renew.bind(1, unsigned: lease.holdsFromUnixNano)
        renew.bind(2, unsigned: lease.lapsesAtUnixNano)
        try renew.run()
        for row in try lapsedCollectors(besides: lease) { try endLease(row) }
        for change in changes { try note(change, collector) }
        return isKnown
    }

    /// Forgets a collector in the transaction that is open; whoever was connected to it is gone.
    func endLease(of collector: CollectorID) throws(SpanStoreError) { try endLease(Self.row(collector)) }

    private func endLease(_ row: Int64) throws(SpanStoreError) {
        for statement in [endAll, disconnectAll, forget] {
            statement.bind(0, row)
            try statement.run()
        }
    }

    private func lapsedCollectors(besides lease: CollectorLease) throws(SpanStoreError) -> [Int64] {
        lapsed.bind(0, Self.row(lease.collector))
        lapsed.bind(1, unsigned: lease.renewedAtUnixNano)
        defer { lapsed.reset() }
        var rows: [Int64] = []
        while try lapsed.step() { rows.append(lapsed.integer(0)) }
        return rows
    }

    private func note(_ change: SenderChange, _ collector: Int64) throws(SpanStoreError) {
        mention.bind(0, blob: change.sender.high, change.sender.low)
        mention.bind(1, change.agent)
        mention.bind(2, unsigned: change.atUnixNano)
        try mention.run()
        let statement = change.presence == .connected ? connect : end
        statement.bind(0, blob: change.sender.high, change.sender.low)
        statement.bind(1, collector)
        statement.bind(2, unsigned: change.atUnixNano)
        if change.presence != .connected { statement.bind(3, Int64(change.presence.rawValue)) }
        try statement.run()
        if change.presence == .connected { return }
        disconnect.bind(0, blob: change.sender.high, change.sender.low)
        disconnect.bind(1, collector)
        try disconnect.run()
    }

    /// A collector's id as a row's: the same 64 bits, signed.
    private static func row(_ collector: CollectorID) -> Int64 { Int64(bitPattern: collector.rawValue) }
}
