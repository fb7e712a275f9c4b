import ProtoWire
import SpanBlockStore
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
    ///
    /// - Throws: `corrupt` where the file is not what its format says: who began the transaction takes all back.
    static func begin(_ connection: Connection) throws(SpanStoreError) {
        let version = try connection.integer("PRAGMA user_version")
        guard version < Schema.version else { return }
        try checkCanBegin(connection)
        do throws(SpanStoreError) {
            try connection.execute("\(statements(from: version)) PRAGMA user_version = \(Schema.version);")
        } catch {
            guard let words = connection.statementFault else { throw error }
            throw hindered(connection, version, words)
        }
    }

    private static func statements(from version: Int64) -> String {
        var statements = ""
        if version < 2 {
            statements += """
                ALTER TABLE sender ADD COLUMN rejected_reports NOT NULL DEFAULT 0;
                ALTER TABLE sender ADD COLUMN presence INTEGER NOT NULL DEFAULT 0;

                """
        }
        if version < 3 {
            statements += """
                DROP VIEW IF EXISTS spans;
                ALTER TABLE sender ADD COLUMN running_sources BLOB NOT NULL DEFAULT x'';
                ALTER TABLE sender ADD COLUMN has_more_running_sources INTEGER NOT NULL DEFAULT 0;
                \(Schema.deletedTraceTable)
                \(Schema.runTables)

                """
        } else if version == 3 {
            // What has no columns yet gets them when it is merged, or is read without.
            statements += Schema.columnsTable
        }
        // Collectors had no names: whoever was connected to one was so to one that is no more.
        return statements + """
            DROP VIEW IF EXISTS senders;
            ALTER TABLE sender ADD COLUMN presence_since_unix_nano NOT NULL DEFAULT 0;
            UPDATE sender SET presence = \(SenderPresence.gone.rawValue)
            WHERE presence = \(SenderPresence.connected.rawValue);
            \(Schema.collectorTables)
            \(Schema.sendersView)
            """
    }

    /// Looks whether anything is in the way of the statements, changing nothing: a reader is told what a writer would meet.
    ///
    /// - Throws: `corrupt`.
    static func checkCanBegin(_ connection: Connection) throws(SpanStoreError) {
        let version = try connection.integer("PRAGMA user_version")
        guard version < Schema.version else { return }
        var objects: [String: String] = [:]
        let select = try connection.prepare("SELECT lower(name), type FROM sqlite_master WHERE type <> 'trigger'")
        while try select.step() { objects[select.text(0)] = select.text(1) }
        let words = words(of: statements(from: version))
        let made = Set(tables(words))
        for table in tables(Self.words(of: Schema.creation)) where !made.contains(table) && objects[table] != "table" {
            throw hindered(connection, version, "there is no table \(table)")
        }
        for (index, word) in words.enumerated() {
            switch (word, index + 1 < words.count ? words[index + 1] : "") {
            case ("DROP", "VIEW"):
                let name = words[index + 4]
                if objects[name] == "view" { objects[name] = nil }
            case ("CREATE", "TABLE"), ("CREATE", "VIEW"):
                let name = words[index + 2]
                if let type = objects[name] {
                    throw hindered(connection, version, "there is a \(type) \(name) already")
                }
            case ("ADD", "COLUMN"):
                let (table, column) = (words[index - 1], words[index + 2])
                let count = try connection.integer(
                    "SELECT count(*) FROM pragma_table_info('\(table)') WHERE lower(name) = '\(column)'")
                if count > 0 {
                    throw hindered(connection, version, "table \(table) has a column \(column) already")
                }
            default: continue
            }
        }
    }

    private static func words(of statements: String) -> [String] {
        statements.split { $0.isWhitespace || $0 == "(" || $0 == ";" }.map(String.init)
    }

    /// The names of tables that statements make.
    private static func tables(_ words: [String]) -> [String] {
        words.indices.dropLast(2).filter { words[$0] == "CREATE" && words[$0 + 1] == "TABLE" }.map { words[$0 + 2] }
    }

    private static func hindered(_ connection: Connection, _ version: Int64, _ words: String) -> SpanStoreError {
        let path = connection.path
        return SpanStoreError(
            .corrupt,
            "\(path) says that it has format \(version) and cannot be brought to format \(Schema.version), for \(words); it is "
                + "left as it was: set right what another program changed (sqlite3 \(path)), or restore a copy")
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
            let state = try state(select)
            let merged = state.merged()
            let first = Int32(set.entries.count)
            do {
                try set.add(state.reports(), withTerms: true)
            } catch {
                throw unreadable(select, error.code.rawValue)
            }
            let members = Array(first..<Int32(set.entries.count))
            if members.isEmpty { throw unreadable(select, "no report") }
            let start = merged.span.startTimeUnixNano
            plan.add(
                members[...], partition: partition(start), kind: .settled, start: start,
                merged: members.count > 1 ? merged : nil, starts: start...start)
        }
        for run in plan.encoded(set, &builder, RunLimits(), withColumns: true, level: { _ in .mergedOnce }) {
            try tables.insert(run)
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

    private func state(_ row: Statement) throws(SpanStoreError) -> SpanState {
        func origin(_ column: Int) throws(SpanStoreError) -> SharedOrigin? {
            if row.isNull(column) { return nil }
            guard let origin = try? SpanOrigin(decoding: row.bytes(column), options: SpanState.decodeOptions) else {
                throw unreadable(row, "its origin")
            }
            return SharedOrigin(origin)
        }
        let (live, ended) = (try origin(2), try origin(3))
        do {
            var state = try SpanState(decoding: row.bytes(1), options: SpanState.decodeOptions)
            state.setOrigins(live: live, ended: ended)
            return state
        } catch {
            throw unreadable(row, error.code.rawValue)
        }
    }

    private func unreadable(_ row: Statement, _ words: String) -> SpanStoreError {
        let (path, id) = (connection.path, row.integer(0))
        return SpanStoreError(
            .corrupt,
            "\(path): row \(id) of merged_span cannot be read (\(words)), so that the file cannot be brought to format "
                + "\(Schema.version); what is not brought there yet is left as it was: restore a copy, or leave that span out "
                + "(sqlite3 \(path) \"DELETE FROM merged_span WHERE id = \(id)\") and try again")
    }
}
