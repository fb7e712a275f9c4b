import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Brings files of earlier formats to this one: the rows of `merged_span`, one for each span, become runs of blocks.
///
/// Some thousand rows in a transaction; what is left after an interruption is done at the next opening. Until the last row
/// is moved the table `merged_span` is there, and readers are told to wait.
struct Migration: ~Copyable {
    private let connection: Connection
    private let tables: RunTables
    private let nowUnixNano: UInt64
    private var builder = RunBuilder(level: 1)

    private let rowsPerTransaction: Int

    /// Whether rows of an earlier format are left.
    static func isUnfinished(_ connection: Connection) throws(SpanStoreError) -> Bool {
        try connection.integer("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'merged_span'") != 0
    }

    /// Makes the tables of this format beside those of an earlier one, in the transaction that is open.
    static func begin(_ connection: Connection) throws(SpanStoreError) {
        let version = try connection.integer("PRAGMA user_version")
        guard version < Schema.version else { return }
        if version < 2 {
            try connection.execute(
                """
                ALTER TABLE sender ADD COLUMN rejected_reports NOT NULL DEFAULT 0;
                ALTER TABLE sender ADD COLUMN presence INTEGER NOT NULL DEFAULT 0;
                """)
        }
        if version < 3 {
            try connection.execute(
                """
                DROP VIEW spans;
                ALTER TABLE sender ADD COLUMN running_sources BLOB NOT NULL DEFAULT x'';
                ALTER TABLE sender ADD COLUMN has_more_running_sources INTEGER NOT NULL DEFAULT 0;
                \(Schema.deletedTraceTable)
                \(Schema.runTables)
                """)
        } else if version == 3 {
            // What has no columns yet gets them when it is merged, or is read without.
            try connection.execute(Schema.columnsTable)
        }
        // Collectors had no names: whoever was connected to one was so to one that is no more.
        try connection.execute(
            """
            DROP VIEW senders;
            ALTER TABLE sender ADD COLUMN presence_since_unix_nano NOT NULL DEFAULT 0;
            UPDATE sender SET presence = \(SenderPresence.gone.rawValue)
            WHERE presence = \(SenderPresence.connected.rawValue);
            \(Schema.collectorTables)
            \(Schema.sendersView)
            PRAGMA user_version = \(Schema.version);
            """)
    }

    init(
        _ connection: Connection, nowUnixNano: UInt64, rowsPerTransaction: Int = 8192
    ) throws(SpanStoreError) {
        self.connection = connection
        self.rowsPerTransaction = rowsPerTransaction
        self.nowUnixNano = nowUnixNano
        tables = try RunTables(connection)
    }

    /// Moves all rows.
    mutating func run() throws(SpanStoreError) {
        while try step() {}
        try connection.execute("DROP TABLE merged_span; DROP TABLE IF EXISTS origin; DROP TABLE IF EXISTS service")
    }

    /// - Returns: `false` when no row was left.
    mutating func step() throws(SpanStoreError) -> Bool {
        try connection.transaction { () throws(SpanStoreError) in try move() }
    }

    private mutating func move() throws(SpanStoreError) -> Bool {
        // In the order of an index that is there, so that a transaction touches few partitions.
        let select = try connection.prepare(
            """
            SELECT m.id, m.state, l.content, e.content FROM merged_span m LEFT JOIN origin l ON l.id = m.live_origin_id
            LEFT JOIN origin e ON e.id = m.ended_origin_id ORDER BY m.start_time_unix_nano LIMIT \(rowsPerTransaction)
            """)
        let delete = try connection.prepare("DELETE FROM merged_span WHERE id = ?1")
        var set = ReportSet()
        var plan = RunPlan()
        var ids: [Int64] = []
        while try select.step() {
            ids.append(select.integer(0))
            let state = try Self.state(select)
            let merged = state.merged()
            let first = Int32(set.entries.count)
            do {
                try set.add(state.reports(), withTerms: true)
            } catch {
                throw SpanStoreError(.corrupt, "a stored span cannot be read (\(error.code.rawValue)); restore a copy")
            }
            let members = Array(first..<Int32(set.entries.count))
            let start = merged.span.startTimeUnixNano
            plan.add(
                members[...], partition: partition(start), kind: .settled, start: start,
                merged: members.count > 1 ? merged : nil, starts: start...start)
        }
        for (run, description) in plan.encoded(
            set, &builder, CompactionPlan.Limits(), withColumns: true, level: { _ in 1 })
        {
            try tables.insert(run, description)
        }
        for id in ids {
            delete.bind(0, id)
            try delete.run()
        }
        return !ids.isEmpty
    }

    /// The hour of the start where it may be one, else now's.
    private func partition(_ start: UInt64) -> Int64 {
        let decade: UInt64 = 10 * 366 * 24 * Partition.nanoseconds
        let isLikely = start <= nowUnixNano + Partition.nanoseconds && start + decade >= nowUnixNano
        return Int64((isLikely ? start : nowUnixNano) / Partition.nanoseconds)
    }

    private static func state(_ row: Statement) throws(SpanStoreError) -> SpanState {
        func origin(_ column: Int) throws(SpanStoreError) -> SharedOrigin? {
            if row.isNull(column) { return nil }
            guard let origin = try? SpanOrigin(decoding: row.bytes(column), options: SpanState.decodeOptions) else {
                throw SpanStoreError(.corrupt, "the origin of a stored span cannot be read; restore a copy")
            }
            return SharedOrigin(origin)
        }
        let (live, ended) = (try origin(2), try origin(3))
        do {
            var state = try SpanState(decoding: row.bytes(1), options: SpanState.decodeOptions)
            state.setOrigins(live: live, ended: ended)
            return state
        } catch {
            throw SpanStoreError(.corrupt, "a stored span cannot be read (\(error.code.rawValue)); restore a copy")
        }
    }
}
