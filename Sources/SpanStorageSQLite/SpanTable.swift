import ProtoWire
import SpanMerge
import SpanModel
import SpanStorage

/// The table `merged_span`, for a writer.
final class SpanTable {
    private let insert: Statement
    private let update: Statement
    private let find: Statement
    private let origin: Statement
    private let connection: Connection
    private var origins: OriginTable
    private var json = AttributeJSON()
    private var writer = WireWriter(capacity: 4096)

    init(_ connection: Connection) throws(SpanStoreError) {
        self.connection = connection
        origins = try OriginTable(connection)
        insert = try connection.prepare(
            """
            INSERT INTO merged_span (
                trace_id, span_id, side, origin_id, service_id, parent_span_id, name, kind, start_time_unix_nano,
                end_time_unix_nano, duration_nano, status, status_message, attributes, events, links, conflicts,
                live_origin_id, ended_origin_id, state
            ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
            ON CONFLICT (trace_id, span_id, side) DO NOTHING
            """)
        update = try connection.prepare(
            """
            UPDATE merged_span SET
                origin_id = ?4, service_id = ?5, parent_span_id = ?6, name = ?7, kind = ?8, start_time_unix_nano = ?9,
                end_time_unix_nano = ?10, duration_nano = ?11, status = ?12, status_message = ?13, attributes = ?14,
                events = ?15, links = ?16, conflicts = ?17, live_origin_id = ?18, ended_origin_id = ?19, state = ?20
            WHERE trace_id = ?1 AND span_id = ?2 AND side = ?3
            """)
        find = try connection.prepare(
            """
            SELECT state, live_origin_id, ended_origin_id FROM merged_span
            WHERE trace_id = ?1 AND span_id = ?2 AND side = ?3
            """)
        origin = try connection.prepare("SELECT content FROM origin WHERE id = ?1")
    }

    /// Forgets what was read or made in a transaction that did not happen.
    func forget() { origins.forget() }

    /// Lets go of what is kept for one transaction.
    func endTransaction() { origins.endTransaction() }

    /// Adds what a state knows to the stored one.
    func join(_ key: SpanKey, _ state: SpanState) throws(SpanStoreError) {
        try write(key, state, with: insert)
        guard connection.changes == 0 else { return }
        var joined = try stored(key)
        let before = joined.encoded()
        joined.join(state)
        if joined.encoded() != before { try write(key, joined, with: update) }
    }

    private func stored(_ key: SpanKey) throws(SpanStoreError) -> SpanState {
        bind(key, to: find)
        defer { find.reset() }
        guard try find.step() else {
            throw SpanStoreError(.corrupt, "a span is in the index of the store but not in its table; restore a copy")
        }
        let live = find.isNull(1) ? nil : try SharedOrigin.stored(find.integer(1), origin)
        let ended = find.isNull(2) ? nil : try SharedOrigin.stored(find.integer(2), origin)
        return try SpanState.stored(find.bytes(0), live: live, ended: ended)
    }

    private func bind(_ key: SpanKey, to statement: Statement) {
        statement.bind(0, blob: key.traceID.high, key.traceID.low)
        statement.bind(1, blob: key.spanID.value)
        statement.bind(2, Int64(key.side.rawValue))
    }

    private func write(
        _ key: SpanKey, _ state: SpanState, with statement: Statement
    ) throws(SpanStoreError) {
        let liveRow = try state.live.map { part throws(SpanStoreError) in try origins.row(of: part.origin) }
        let endedRow = try state.ended.map { part throws(SpanStoreError) in try origins.row(of: part.origin) }
        let merged = state.merged()
        var shownRow = endedRow ?? liveRow
        if let liveRow, let endedRow, liveRow.id != endedRow.id {
            shownRow = try origins.row(of: SharedOrigin(merged.origin))
        }
        guard let shownRow else { return }
        let span = merged.span
        bind(key, to: statement)
        statement.bind(3, shownRow.id)
        statement.bind(4, shownRow.serviceID)
        if span.parentSpanID.isValid {
            statement.bind(5, blob: span.parentSpanID.value)
        } else {
            statement.bindNull(5)
        }
        statement.bind(6, span.name)
        statement.bind(7, Int64(span.kind.rawValue))
        statement.bind(8, unsigned: span.startTimeUnixNano)
        if merged.isRunning { statement.bindNull(9) } else { statement.bind(9, unsigned: span.endTimeUnixNano) }
        statement.bind(10, merged.durationNano)
        statement.bind(11, Int64(merged.statusCode.rawValue))
        statement.bind(12, span.status?.message ?? "")
        bindJSON(13, statement) { $0.write(span.attributes) }
        bindJSON(14, statement, unless: span.events.isEmpty) { $0.write(span.events) }
        bindJSON(15, statement, unless: span.links.isEmpty) { $0.write(span.links) }
        bindJSON(16, statement, unless: merged.conflicts.isEmpty) { $0.write(merged.conflicts) }
        statement.bind(17, liveRow?.id)
        statement.bind(18, endedRow?.id)
        writer.reset()
        state.encodeWithoutOrigins(to: &writer)
        statement.bind(19, blob: writer)
        try statement.run()
    }

    private func bindJSON(
        _ index: Int, _ statement: Statement, unless isAbsent: Bool = false, _ write: (inout AttributeJSON) -> Void
    ) {
        if isAbsent {
            statement.bindNull(index)
        } else {
            json.reset()
            write(&json)
            statement.bind(index, text: json.bytes)
        }
    }
}
