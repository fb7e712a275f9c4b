import SpanModel
import SpanStorage

/// The tables `sender` and `sender_drop`.
enum SenderTable {
    /// All senders by id.
    static func all(_ connection: Connection) throws(SpanStoreError) -> [SenderSummary] {
        let statement = try connection.prepare(
            """
            SELECT s.id, s.agent, s.stored_sequence, s.stored_reports, s.last_seen_unix_nano, d.reason, d.spans
            FROM sender s LEFT JOIN sender_drop d ON d.sender_id = s.id ORDER BY s.id, d.reason
            """)
        return try summaries(statement)
    }

    static func one(_ sender: SenderID, _ connection: Connection) throws(SpanStoreError) -> SenderSummary? {
        let statement = try connection.prepare(
            """
            SELECT s.id, s.agent, s.stored_sequence, s.stored_reports, s.last_seen_unix_nano, d.reason, d.spans
            FROM sender s LEFT JOIN sender_drop d ON d.sender_id = s.id WHERE s.id = ?1 ORDER BY d.reason
            """)
        statement.bind(0, blob: sender.high, sender.low)
        return try summaries(statement).first
    }

    static func store(_ summary: SenderSummary, _ connection: Connection) throws(SpanStoreError) {
        let sender = try connection.prepare(
            """
            INSERT INTO sender (id, agent, stored_sequence, stored_reports, last_seen_unix_nano)
            VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE SET agent = excluded.agent,
            stored_sequence = excluded.stored_sequence, stored_reports = excluded.stored_reports,
            last_seen_unix_nano = excluded.last_seen_unix_nano
            """)
        sender.bind(0, blob: summary.sender.high, summary.sender.low)
        sender.bind(1, summary.agent)
        sender.bind(2, unsigned: summary.storedSequence)
        sender.bind(3, unsigned: summary.storedReports)
        sender.bind(4, unsigned: summary.lastSeenUnixNano)
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
            guard let id = SenderID(bytes: statement.bytes(0)) else {
                throw SpanStoreError(.corrupt, "a sender's id in the store is none")
            }
            if summaries.last?.sender != id {
                summaries.append(
                    SenderSummary(
                        sender: id, agent: statement.text(1), storedSequence: try statement.unsigned(2),
                        storedReports: try statement.unsigned(3), lastSeenUnixNano: try statement.unsigned(4)))
            }
            guard !statement.isNull(5) else { continue }
            let count = DropCount(reason: statement.text(5), spans: try statement.unsigned(6))
            summaries[summaries.count - 1].dropped.append(count)
        }
        return summaries
    }
}
