import SpanModel
import SpanStorage

/// The tables `sender` and `sender_drop`.
enum SenderTable {
    /// The columns that `summaries` reads.
    ///
    /// - Parameter presence: an expression for the presence, as a number; `nil` where nobody asks for it.
    private static func select(presence: String?) -> String {
        """
        SELECT s.id, s.agent, s.stored_sequence, s.stored_reports, s.last_seen_unix_nano, d.reason, d.spans, \
        s.rejected_reports, \(presence ?? "0"), s.running_sources, s.has_more_running_sources, s.rowid, d.rowid, \
        \(presence == nil ? "0, 0" : "s.presence, s.presence_since_unix_nano")
        """
    }

    /// All senders by id; in one view of the file.
    ///
    /// - Parameter nowUnixNano: by which leases of collectors hold.
    /// - Throws: `corrupt`, also where a lease or a connection is none: nobody would be told from who is there.
    static func all(_ connection: Connection, nowUnixNano: UInt64) throws(SpanStoreError) -> [SenderSummary] {
        try PresenceTable.check(connection) { error throws(SpanStoreError) in throw error }
        let statement = try connection.prepare(
            """
            \(select(presence: Schema.presence(now: "?1"))) FROM sender s
            LEFT JOIN sender_drop d ON d.sender_id = s.id ORDER BY s.id, d.reason
            """)
        statement.bind(0, unsigned: nowUnixNano)
        return try summaries(statement)
    }

    /// A sender, without its presence.
    static func one(_ sender: SenderID, _ connection: Connection) throws(SpanStoreError) -> SenderSummary? {
        let statement = try connection.prepare(
            """
            \(select(presence: nil)) FROM sender s LEFT JOIN sender_drop d ON d.sender_id = s.id
            WHERE s.id = ?1 ORDER BY d.reason
            """)
        statement.bind(0, blob: sender.high, sender.low)
        return try summaries(statement).first
    }

    /// All senders by id, without their presence.
    static func all(_ connection: Connection) throws(SpanStoreError) -> [SenderSummary] {
        try summaries(
            try connection.prepare(
                """
                \(select(presence: nil)) FROM sender s
                LEFT JOIN sender_drop d ON d.sender_id = s.id ORDER BY s.id, d.reason
                """))
    }

    /// Reads one row of `sender`, whatever its id is, with the presence that is kept in it.
    ///
    /// - Throws: `corrupt` for one that cannot be read.
    static func check(row: Int64, _ connection: Connection) throws(SpanStoreError) {
        _ = try summaries(
            try connection.prepare(
                "\(select(presence: "s.presence")) FROM sender s LEFT JOIN sender_drop d ON d.sender_id = s.id WHERE s.rowid = \(row)"
            ))
    }

    /// Stores all but the presence.
    static func store(_ summary: SenderSummary, _ connection: Connection) throws(SpanStoreError) {
        let sender = try connection.prepare(
            """
            INSERT INTO sender (
                id, agent, stored_sequence, stored_reports, last_seen_unix_nano, rejected_reports,
                running_sources, has_more_running_sources
            )
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO UPDATE SET agent = excluded.agent,
            stored_sequence = excluded.stored_sequence, stored_reports = excluded.stored_reports,
            last_seen_unix_nano = excluded.last_seen_unix_nano, rejected_reports = excluded.rejected_reports,
            running_sources = excluded.running_sources,
            has_more_running_sources = excluded.has_more_running_sources
            """)
        sender.bind(0, blob: summary.sender.high, summary.sender.low)
        sender.bind(1, summary.agent)
        sender.bind(2, unsigned: summary.storedSequence)
        sender.bind(3, unsigned: summary.storedReports)
        sender.bind(4, unsigned: summary.lastSeenUnixNano)
        sender.bind(5, unsigned: summary.rejectedReports)
        sender.bind(6, blob: summary.runningSources.flatMap(\.bytes))
        sender.bind(7, summary.hasMoreRunningSources ? 1 : 0)
        try sender.run()
        guard !summary.dropped.isEmpty else { return }
        let drop = try connection.prepare(
            """
            INSERT INTO sender_drop (sender_id, reason, spans) VALUES (?1, ?2, ?3)
            ON CONFLICT (sender_id, reason) DO UPDATE SET spans = excluded.spans
            """)
        for count in summary.dropped {
            drop.bind(0, blob: summary.sender.high, summary.sender.low)
            drop.bind(1, count.reason)
            drop.bind(2, unsigned: count.spans)
            try drop.run()
        }
    }

    private static func summaries(_ statement: Statement) throws(SpanStoreError) -> [SenderSummary] {
        var summaries: [SenderSummary] = []
        while try statement.step() {
            let row = StoredRow(statement, of: "sender", id: statement.integer(11))
            guard let id = SenderID(bytes: try row.blob(0, "id")) else { throw row.damaged("id is none") }
            if summaries.last?.sender != id {
                // Also of one that is connected, of whom these are not asked.
                _ = try row.integer(13, "presence", in: 0...3)
                _ = try row.unsigned(14, "presence_since_unix_nano")
                summaries.append(
                    SenderSummary(
                        sender: id, agent: try row.text(1, "agent"),
                        storedSequence: try row.unsigned(2, "stored_sequence"),
                        storedReports: try row.unsigned(3, "stored_reports"),
                        rejectedReports: try row.unsigned(7, "rejected_reports"),
                        presence: SenderPresence(rawValue: UInt8(try row.integer(8, "presence", in: 0...3))),
                        lastSeenUnixNano: try row.unsigned(4, "last_seen_unix_nano"),
                        runningSources: try SpanSource.list(row, 9),
                        hasMoreRunningSources: try row.integer(10, "has_more_running_sources", in: 0...1) != 0))
            }
            // A sender without drops.
            guard !statement.isNull(12) else { continue }
            let drop = StoredRow(statement, of: "sender_drop", id: statement.integer(12))
            summaries[summaries.count - 1].dropped.append(
                DropCount(reason: try drop.text(5, "reason"), spans: try drop.unsigned(6, "spans")))
        }
        return summaries
    }
}

extension SpanSource {
    /// 8 bytes, big-endian.
    fileprivate var bytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: rawValue >> (56 - 8 * $0)) } }

    /// The sources of a column.
    fileprivate static func list(_ row: StoredRow, _ column: Int) throws(SpanStoreError) -> [SpanSource] {
        let bytes = try row.blob(column, "running_sources")
        guard bytes.count % 8 == 0, bytes.count <= 8 * SenderSummary.maxRunningSources else {
            throw row.damaged("running_sources is no list of them")
        }
        return stride(from: 0, to: bytes.count, by: 8).map { start in
            SpanSource(rawValue: bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) })
        }
    }
}
