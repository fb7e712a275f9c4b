import SpanStorage

/// The tables of the file; `docs/storage.md` describes them for readers.
enum Schema {
    /// `SPWR` in ASCII: SQLite's header says with it whose database this is.
    static let applicationID: Int64 = 0x5350_5752

    /// Rises with every change that an older version could not read or keep.
    static let version: Int64 = 5

    /// What a file is found to be.
    enum Finding: Equatable {
        case empty
        case ours
    }

    /// Looks whose file it is, changing nothing.
    ///
    /// - Throws: `not_a_database`, `foreign_database`, `newer_format`.
    static func inspect(_ connection: Connection) throws(SpanStoreError) -> Finding {
        let application = try connection.integer("PRAGMA application_id")
        let version = try connection.integer("PRAGMA user_version")
        if application == applicationID {
            guard version > 0 else {
                throw SpanStoreError(
                    .corrupt,
                    "\(connection.path) says that it has format \(version), which there is none of; restore a copy")
            }
            guard version <= Self.version else {
                throw SpanStoreError(
                    .newerFormat,
                    "\(connection.path) has format \(version), this Spanwire knows \(Self.version); update it"
                )
            }
            return .ours
        }
        let objects = try connection.integer("SELECT count(*) FROM sqlite_master")
        guard application == 0, version == 0, objects == 0 else {
            throw SpanStoreError(
                .foreignDatabase, "\(connection.path) is a database of another program; choose another file")
        }
        return .empty
    }

    /// What has to be set before anything is in a file: rows of about 1 KB pack better into 8 KB than into the default 4 KB.
    static let settings = "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL;"

    static let creation = """
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        \(runTables)
        \(senderTables)
        \(collectorTables)
        \(sendersView)
        """

    /// Runs of blocks, and what finds them. Ids of parts are `run << 16 | number`, so that the parts of a run lie together.
    static let runTables = """
        CREATE TABLE run (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            partition INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            level INTEGER NOT NULL,
            blocks INTEGER NOT NULL,
            spans INTEGER NOT NULL,
            reports INTEGER NOT NULL,
            raw_bytes INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            from_start NOT NULL,
            to_start NOT NULL,
            min_start NOT NULL,
            max_start NOT NULL,
            min_duration INTEGER NOT NULL,
            max_duration INTEGER NOT NULL,
            flags INTEGER NOT NULL,
            term_bits INTEGER NOT NULL,
            trace_chunks INTEGER NOT NULL,
            trace_segment INTEGER NOT NULL
        );
        CREATE TABLE block (
            id INTEGER PRIMARY KEY,
            spans INTEGER NOT NULL,
            reports INTEGER NOT NULL,
            min_start NOT NULL,
            max_start NOT NULL,
            min_duration INTEGER NOT NULL,
            max_duration INTEGER NOT NULL,
            flags INTEGER NOT NULL
        );
        CREATE TABLE block_data (
            id INTEGER PRIMARY KEY,
            data BLOB NOT NULL
        );
        CREATE TABLE term_index (
            id INTEGER PRIMARY KEY,
            slices BLOB NOT NULL
        );
        CREATE TABLE trace_index (
            id INTEGER PRIMARY KEY,
            entries BLOB NOT NULL
        );
        CREATE TABLE trace_segment (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            runs TEXT NOT NULL,
            chunks INTEGER NOT NULL
        );
        CREATE TABLE trace_segment_index (
            id INTEGER PRIMARY KEY,
            entries BLOB NOT NULL
        );
        \(columnsTable)
        CREATE TABLE run_service (
            run_id INTEGER NOT NULL REFERENCES run (id),
            service TEXT NOT NULL,
            spans INTEGER NOT NULL,
            newest_start NOT NULL,
            PRIMARY KEY (run_id, service)
        ) WITHOUT ROWID;
        CREATE VIEW blocks AS
        SELECT
            b.id AS id,
            r.id AS run_id,
            r.partition AS partition,
            CASE r.kind WHEN 0 THEN 'settled' WHEN 1 THEN 'loose' ELSE 'whole' END AS kind,
            b.spans AS spans,
            b.reports AS reports,
            b.min_start AS min_start_unix_nano,
            b.max_start AS max_start_unix_nano,
            length(d.data) AS bytes,
            d.data AS data
        FROM run r JOIN block b ON b.id >= r.id << 16 AND b.id < (r.id + 1) << 16 JOIN block_data d ON d.id = b.id;
        CREATE VIEW partitions AS
        SELECT
            partition,
            strftime('%Y-%m-%dT%H:00:00Z', partition * 3600, 'unixepoch') AS begins,
            count(*) AS runs,
            sum(blocks) AS blocks,
            sum(CASE kind WHEN 0 THEN spans ELSE 0 END) AS settled_spans,
            sum(CASE kind WHEN 0 THEN 0 ELSE reports END) AS loose_reports,
            sum(bytes) AS bytes
        FROM run GROUP BY partition;
        CREATE VIEW services AS
        SELECT service, sum(spans) AS spans, max(newest_start) AS newest_start_unix_nano
        FROM run_service GROUP BY service;
        """

    static let columnsTable = """
        CREATE TABLE span_columns (
            id INTEGER PRIMARY KEY,
            blocks INTEGER NOT NULL,
            data BLOB NOT NULL
        );
        """

    private static let senderTables = """
        CREATE TABLE sender (
            id BLOB PRIMARY KEY,
            agent TEXT NOT NULL,
            stored_sequence NOT NULL,
            stored_reports NOT NULL,
            last_seen_unix_nano NOT NULL,
            rejected_reports NOT NULL DEFAULT 0,
            presence INTEGER NOT NULL DEFAULT 0,
            running_sources BLOB NOT NULL DEFAULT x'',
            has_more_running_sources INTEGER NOT NULL DEFAULT 0,
            presence_since_unix_nano NOT NULL DEFAULT 0
        );
        CREATE TABLE sender_drop (
            sender_id BLOB NOT NULL REFERENCES sender (id),
            reason TEXT NOT NULL,
            spans NOT NULL,
            PRIMARY KEY (sender_id, reason)
        );
        \(deletedTraceTable)
        """

    /// Who writes, until when its word holds, and who is connected to it.
    static let collectorTables = """
        CREATE TABLE collector (
            id INTEGER PRIMARY KEY,
            holds_from_unix_nano NOT NULL,
            lapses_at_unix_nano NOT NULL
        );
        CREATE TABLE sender_connection (
            sender_id BLOB NOT NULL REFERENCES sender (id),
            collector_id INTEGER NOT NULL REFERENCES collector (id),
            since_unix_nano NOT NULL,
            PRIMARY KEY (sender_id, collector_id)
        ) WITHOUT ROWID;
        """

    /// Whether a column holds an unsigned number, as `UnsignedColumn.swift` says.
    static func isUnsigned(_ column: String) -> String {
        """
        (typeof(\(column)) = 'integer' AND \(column) >= 0
            OR typeof(\(column)) = 'text' AND length(\(column)) = 20 AND \(column) NOT GLOB '*[^0-9]*'
            AND \(column) > '09223372036854775807' AND \(column) <= '18446744073709551615')
        """
    }

    /// The unsigned number in a column, 0 where there is none.
    static func unsigned(_ column: String) -> String { "CASE WHEN \(isUnsigned(column)) THEN \(column) ELSE 0 END" }

    /// The presence of the sender `s`, as a number: it is connected to a collector whose lease holds, else what became of the
    /// connection that began last. One to a collector whose lease has lapsed ended without a goodbye.
    ///
    /// - Parameter now: an expression for nanoseconds since 1970.
    static func presence(now: String) -> String {
        """
        CASE
            WHEN EXISTS (
                SELECT 1 FROM sender_connection c JOIN collector k ON k.id = c.collector_id
                WHERE c.sender_id = s.id AND k.holds_from_unix_nano <= \(now) AND k.lapses_at_unix_nano > \(now)
            ) THEN \(SenderPresence.connected.rawValue)
            WHEN EXISTS (
                SELECT 1 FROM sender_connection c
                WHERE c.sender_id = s.id AND c.since_unix_nano >= s.presence_since_unix_nano
            ) THEN \(SenderPresence.gone.rawValue)
            WHEN s.presence = \(SenderPresence.connected.rawValue) THEN \(SenderPresence.unknown.rawValue)
            ELSE s.presence
        END
        """
    }

    /// Numbers of 64 bits are added in two halves of ten decimal digits: SQLite's own sum of texts is a floating-point number.
    static let sendersView = """
        CREATE VIEW senders AS
        SELECT
            lower(hex(s.id)) AS sender_id,
            s.agent AS agent,
            s.stored_sequence AS stored_sequence,
            s.stored_reports AS stored_reports,
            s.last_seen_unix_nano AS last_seen_unix_nano,
            coalesce(
                (SELECT CASE
                    WHEN high > 1844674407 OR high = 1844674407 AND low > 3709551615 THEN '18446744073709551615'
                    WHEN high > 922337203 OR high = 922337203 AND low > 6854775807 THEN printf('%010d%010d', high, low)
                    ELSE high * 10000000000 + low
                END FROM (
                    SELECT highs + lows / 10000000000 AS high, lows % 10000000000 AS low FROM (
                        SELECT
                            sum(CASE typeof(d.spans) WHEN 'text' THEN CAST(substr(d.spans, 1, 10) AS INTEGER)
                                ELSE d.spans / 10000000000 END) AS highs,
                            sum(CASE typeof(d.spans) WHEN 'text' THEN CAST(substr(d.spans, 11) AS INTEGER)
                                ELSE d.spans % 10000000000 END) AS lows
                        FROM sender_drop d WHERE d.sender_id = s.id
                    )
                )),
            0) AS dropped_spans,
            s.rejected_reports AS rejected_reports,
            CASE \(presence(now: "(CAST(strftime('%s', 'now') AS INTEGER) * 1000000000)"))
                WHEN 1 THEN 'connected' WHEN 2 THEN 'said_goodbye' WHEN 3 THEN 'gone' ELSE 'unknown'
            END AS presence
        FROM sender s;
        """

    /// `id` rises with every deletion, so that a writer sees that another process deleted something.
    static let deletedTraceTable = """
        CREATE TABLE deleted_trace (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            trace_id BLOB NOT NULL UNIQUE,
            deleted_at_unix_nano NOT NULL
        );
        """
}
