import ProtoWire
import SpanMerge
import SpanModel
import SpanStorage

/// The reading half of a store: one connection on a thread of its own.
actor SQLiteReader {
    private let executor = QueueExecutor(label: "spanwire.sqlite.reader")
    // Proof: the actor owns the executor, so that it lives as long as the actor.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private var open: Opened?

    /// What there is while the file is open.
    private struct Opened {
        let connection: Connection
        let trace: Statement
        let sequence: Statement
        let origin: Statement
        /// Origins never change once they are stored.
        var origins: [Int64: SharedOrigin] = [:]
    }

    /// Opens an existing file.
    func open(path: String, options: SQLiteSpanStore.Options) throws(SpanStoreError) {
        let connection = try Connection(path: path, mode: .readOnly)
        connection.setBusyTimeout(milliseconds: options.busyTimeoutMilliseconds)
        guard try Schema.inspect(connection) == .ours else {
            throw SpanStoreError(
                .notADatabase, "\(path) is empty, no store yet; check the path or start a collector that writes it")
        }
        open = Opened(
            connection: connection,
            trace: try connection.prepare("\(Self.selectState) WHERE trace_id = ?1 ORDER BY span_id, side"),
            sequence: try connection.prepare("SELECT stored_sequence FROM sender WHERE id = ?1"),
            origin: try connection.prepare("SELECT content FROM origin WHERE id = ?1"))
    }

    func close() {
        guard let opened = open else { return }
        open = nil
        opened.connection.close()
    }

    private func opened() throws(SpanStoreError) -> Opened {
        guard let open else { throw .closedStore }
        return open
    }

    private static let selectState = "SELECT state, live_origin_id, ended_origin_id FROM merged_span"

    func storedSequence(of sender: SenderID) throws(SpanStoreError) -> UInt64 {
        let statement = try opened().sequence
        statement.bind(0, blob: sender.high, sender.low)
        defer { statement.reset() }
        return try statement.step() ? statement.unsigned(0) : 0
    }

    func trace(_ id: TraceID) throws(SpanStoreError) -> [MergedSpan] {
        let statement = try opened().trace
        statement.bind(0, blob: id.high, id.low)
        return try mergedSpans(statement)
    }

    func search(_ query: SpanQuery) throws(SpanStoreError) -> [MergedSpan] {
        let connection = try opened().connection
        if query.conditions.isImpossible { return [] }
        let clause = SearchClause(query)
        // Without a filter the clause says all that is asked; with one it only narrows, and the rest is asked of spans.
        let isExact = query.filter == .everything
        let statement = try connection.prepare(
            Self.selectState + clause.sql + " ORDER BY start_time_unix_nano DESC, trace_id, span_id, side"
                + (isExact ? " LIMIT \(query.limit)" : ""))
        clause.bind(to: statement)
        defer { statement.reset() }
        var spans: [MergedSpan] = []
        while spans.count < query.limit, try statement.step() {
            let span = try mergedSpan(statement)
            if isExact || query.matches(span) { spans.append(span) }
        }
        return spans
    }

    func scan<Result: Sendable>(
        _ scan: SpanScan, into result: Result, _ body: @Sendable (inout Result, [MergedSpan]) -> Bool
    ) throws(SpanStoreError) -> Result {
        let connection = try opened().connection
        let conditions = scan.conditions
        if conditions.isImpossible { return result }
        let clause = SearchClause(conditions)
        // A range is read by the index of starts and sorted (`+` keeps the index of keys out of it); where everything is
        // meant, the index of keys has the order already.
        let isEverything = scan == SpanScan()
        let statement = try connection.prepare(
            Self.selectState + clause.sql + " ORDER BY \(isEverything ? "" : "+")trace_id, span_id, side")
        clause.bind(to: statement)
        defer { statement.reset() }
        var result = result
        var gatherer = TraceGatherer()
        while try statement.step() {
            let merged = try mergedSpan(statement)
            guard scan.matches(merged) else { continue }
            if let spans = gatherer.add(merged), !body(&result, spans) { return result }
        }
        if let spans = gatherer.finish() { _ = body(&result, spans) }
        return result
    }

    func services() throws(SpanStoreError) -> [ServiceSummary] {
        let statement = try opened().connection.prepare(
            """
            SELECT s.name, m.spans, m.newest FROM service s JOIN (
                SELECT service_id, count(*) AS spans, max(start_time_unix_nano) AS newest
                FROM merged_span GROUP BY service_id
            ) m ON m.service_id = s.id ORDER BY s.name
            """)
        var summaries: [ServiceSummary] = []
        while try statement.step() {
            summaries.append(
                ServiceSummary(
                    name: statement.text(0), spans: try statement.unsigned(1),
                    newestStartUnixNano: try statement.unsigned(2)))
        }
        return summaries
    }

    func senders() throws(SpanStoreError) -> [SenderSummary] { try SenderTable.all(opened().connection) }

    private func mergedSpans(_ statement: Statement) throws(SpanStoreError) -> [MergedSpan] {
        defer { statement.reset() }
        var spans: [MergedSpan] = []
        while try statement.step() { spans.append(try mergedSpan(statement)) }
        return spans
    }

    /// The span of the current row.
    private func mergedSpan(_ statement: Statement) throws(SpanStoreError) -> MergedSpan {
        let live = statement.isNull(1) ? nil : try origin(statement.integer(1))
        let ended = statement.isNull(2) ? nil : try origin(statement.integer(2))
        return try SpanState.stored(statement.bytes(0), live: live, ended: ended).merged()
    }

    private func origin(_ id: Int64) throws(SpanStoreError) -> SharedOrigin {
        let opened = try opened()
        if let known = opened.origins[id] { return known }
        let origin = try SharedOrigin.stored(id, opened.origin)
        if opened.origins.count >= OriginTable.cacheLimit { open?.origins.removeAll() }
        open?.origins[id] = origin
        return origin
    }
}

extension SpanState {
    /// - Throws: `corrupt` when the bytes are no state.
    static func stored(
        _ bytes: [UInt8], live: SharedOrigin?, ended: SharedOrigin?
    ) throws(SpanStoreError) -> SpanState {
        do {
            var state = try SpanState(decoding: bytes, options: SpanState.decodeOptions)
            state.setOrigins(live: live, ended: ended)
            return state
        } catch {
            throw SpanStoreError(.corrupt, "a stored span cannot be read (\(error.code.rawValue)); restore a copy")
        }
    }
}

extension SharedOrigin {
    /// Reads an origin by its row.
    ///
    /// - Throws: `corrupt` when there is none or its bytes are no origin.
    static func stored(_ id: Int64, _ statement: Statement) throws(SpanStoreError) -> SharedOrigin {
        statement.bind(0, id)
        defer { statement.reset() }
        guard try statement.step(),
            let origin = try? SpanOrigin(decoding: statement.bytes(0), options: SpanState.decodeOptions)
        else { throw SpanStoreError(.corrupt, "the origin of a stored span cannot be read; restore a copy") }
        return SharedOrigin(origin)
    }
}
