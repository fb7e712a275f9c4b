import SpanStorage

/// The tables of the file; `docs/storage.md` describes them for readers.
enum Schema {
    /// `SPWR` in ASCII: SQLite's header says with it whose database this is.
    static let applicationID: Int64 = 0x5350_5752

    /// Rises with every change that an older version could not read or keep.
    static let version: Int64 = 3

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

    static let creation = """
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        CREATE TABLE service (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        );
        CREATE TABLE origin (
            id INTEGER PRIMARY KEY,
            content BLOB NOT NULL UNIQUE,
            service_id INTEGER NOT NULL REFERENCES service (id),
            resource_attributes TEXT NOT NULL,
            resource_schema_url TEXT NOT NULL,
            scope_name TEXT NOT NULL,
            scope_version TEXT NOT NULL,
            scope_attributes TEXT NOT NULL,
            scope_schema_url TEXT NOT NULL
        );
        CREATE TABLE merged_span (
            id INTEGER PRIMARY KEY,
            trace_id BLOB NOT NULL,
            span_id BLOB NOT NULL,
            side INTEGER NOT NULL,
            origin_id INTEGER NOT NULL REFERENCES origin (id),
            service_id INTEGER NOT NULL REFERENCES service (id),
            parent_span_id BLOB,
            name TEXT NOT NULL,
            kind INTEGER NOT NULL,
            start_time_unix_nano NOT NULL,
            end_time_unix_nano,
            duration_nano INTEGER,
            status INTEGER NOT NULL,
            status_message TEXT NOT NULL,
            attributes TEXT NOT NULL,
            events TEXT,
            links TEXT,
            conflicts TEXT,
            live_origin_id INTEGER REFERENCES origin (id),
            ended_origin_id INTEGER REFERENCES origin (id),
            state BLOB NOT NULL,
            UNIQUE (trace_id, span_id, side)
        );
        CREATE INDEX merged_span_start ON merged_span (start_time_unix_nano);
        CREATE INDEX merged_span_service ON merged_span (service_id, start_time_unix_nano);
        CREATE TABLE sender (
            id BLOB PRIMARY KEY,
            agent TEXT NOT NULL,
            stored_sequence NOT NULL,
            stored_reports NOT NULL,
            last_seen_unix_nano NOT NULL,
            rejected_reports NOT NULL DEFAULT 0,
            presence INTEGER NOT NULL DEFAULT 0,
            running_sources BLOB NOT NULL DEFAULT x'',
            has_more_running_sources INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE sender_drop (
            sender_id BLOB NOT NULL REFERENCES sender (id),
            reason TEXT NOT NULL,
            spans NOT NULL,
            PRIMARY KEY (sender_id, reason)
        );
        \(deletedTraceTable)
        CREATE VIEW spans AS
        SELECT
            lower(hex(m.trace_id)) AS trace_id,
            lower(hex(m.span_id)) AS span_id,
            CASE WHEN m.parent_span_id IS NOT NULL THEN lower(hex(m.parent_span_id)) END AS parent_span_id,
            s.name AS service,
            m.name AS name,
            CASE m.kind
                WHEN 0 THEN 'unspecified' WHEN 1 THEN 'internal' WHEN 2 THEN 'server' WHEN 3 THEN 'client'
                WHEN 4 THEN 'producer' WHEN 5 THEN 'consumer' ELSE CAST(m.kind AS TEXT)
            END AS kind,
            m.start_time_unix_nano AS start_time_unix_nano,
            m.end_time_unix_nano AS end_time_unix_nano,
            m.duration_nano AS duration_nano,
            CASE m.status
                WHEN 0 THEN 'unset' WHEN 1 THEN 'ok' WHEN 2 THEN 'error' ELSE CAST(m.status AS TEXT)
            END AS status,
            m.status_message AS status_message,
            m.attributes AS attributes,
            o.resource_attributes AS resource_attributes,
            coalesce(m.events, '[]') AS events,
            coalesce(m.links, '[]') AS links,
            o.scope_name AS scope_name,
            o.scope_version AS scope_version,
            m.end_time_unix_nano IS NULL AS running,
            m.conflicts IS NOT NULL AS conflicted,
            coalesce(m.conflicts, '[]') AS conflicts,
            m.trace_id AS trace_id_bytes,
            m.span_id AS span_id_bytes
        FROM merged_span m JOIN origin o ON o.id = m.origin_id JOIN service s ON s.id = m.service_id;
        \(sendersView)
        """

    private static let sendersView = """
        CREATE VIEW senders AS
        SELECT
            lower(hex(s.id)) AS sender_id,
            s.agent AS agent,
            s.stored_sequence AS stored_sequence,
            s.stored_reports AS stored_reports,
            s.last_seen_unix_nano AS last_seen_unix_nano,
            (SELECT coalesce(sum(d.spans), 0) FROM sender_drop d WHERE d.sender_id = s.id) AS dropped_spans,
            s.rejected_reports AS rejected_reports,
            CASE s.presence
                WHEN 1 THEN 'connected' WHEN 2 THEN 'said_goodbye' WHEN 3 THEN 'gone' ELSE 'unknown'
            END AS presence
        FROM sender s;
        """

    /// `id` rises with every deletion, so that a writer sees that another process deleted something.
    private static let deletedTraceTable = """
        CREATE TABLE deleted_trace (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            trace_id BLOB NOT NULL UNIQUE,
            deleted_at_unix_nano NOT NULL
        );
        """

    /// Brings a file of an earlier format to this one, in the transaction that is open.
    static func migrate(_ connection: Connection) throws(SpanStoreError) {
        let version = try connection.integer("PRAGMA user_version")
        if version < 2 {
            try connection.execute(
                """
                ALTER TABLE sender ADD COLUMN rejected_reports NOT NULL DEFAULT 0;
                ALTER TABLE sender ADD COLUMN presence INTEGER NOT NULL DEFAULT 0;
                DROP VIEW senders;
                \(sendersView)
                """)
        }
        if version < 3 {
            try connection.execute(
                """
                ALTER TABLE sender ADD COLUMN running_sources BLOB NOT NULL DEFAULT x'';
                ALTER TABLE sender ADD COLUMN has_more_running_sources INTEGER NOT NULL DEFAULT 0;
                \(deletedTraceTable)
                PRAGMA user_version = 3;
                """)
        }
    }
}
