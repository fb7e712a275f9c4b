import SpanBlockStore
import SpanMerge
import SpanModel
import SpanStorage

/// The reading half of a store: one connection on a thread of its own.
actor SQLiteReader {
    private let executor: any SerialExecutor
    // Proof: the actor owns the executor, so that it lives as long as the actor.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private var open: Opened?

    /// What there is while the file is open.
    private struct Opened {
        let connection: Connection
        let ledger: SQLiteLedger
        let blocks: BlockReader

        /// What answers questions about spans.
        var answers: SpanAnswers { SpanAnswers(blocks) }
    }

    /// How many threads work on an answer.
    private let share: WorkShare

    init(_ share: WorkShare) {
        self.share = share
        executor = share.givesWay ? ThreadExecutor() : QueueExecutor(label: "spanwire.sqlite.reader")
    }

    /// Opens an existing file.
    func open(path: String, options: SQLiteStoreOptions) throws(SpanStoreError) {
        let connection = try Connection(path: path, mode: .readOnly)
        connection.setBusyTimeout(milliseconds: options.busyTimeoutMilliseconds)
        // A writer may be bringing the file to this format meanwhile.
        try connection.inOneView { () throws(SpanStoreError) in try Self.checkFormat(connection) }
        try connection.watchFiles()
        let ledger = try SQLiteLedger(connection)
        open = Opened(connection: connection, ledger: ledger, blocks: BlockReader(ledger, share))
    }

    private static func checkFormat(_ connection: Connection) throws(SpanStoreError) {
        let path = connection.path
        guard try Schema.inspect(connection) == .ours else {
            throw SpanStoreError(
                .notADatabase, "\(path) is empty, no store; check the path")
        }
        guard try connection.integer("PRAGMA user_version") == Schema.version,
            try !Migration.isUnfinished(connection)
        else {
            try Migration.checkCanBegin(connection)
            throw SpanStoreError(
                .olderFormat,
                "\(path) has an older format; bring it up to date with: spanwire store compact \(path)")
        }
    }

    /// Opens an existing file, where that was not done yet, and answers a question on the same visit to the reader's thread:
    /// each visit costs a question as much as finding a trace in memory does.
    func answer<Answer: Sendable>(
        path: String, options: SQLiteStoreOptions,
        _ body: @Sendable (isolated SQLiteReader) async throws(SpanStoreError) -> Answer
    ) async throws(SpanStoreError) -> Answer {
        if open == nil { try open(path: path, options: options) }
        return try await body(self)
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

    func storedSequence(of sender: SenderID) throws(SpanStoreError) -> UInt64 {
        try opened().ledger.storedSequence(of: sender)
    }

    func trace(_ id: TraceID) throws(SpanStoreError) -> [MergedSpan] { try opened().answers.trace(id) }

    func search(_ query: SpanQuery) throws(SpanStoreError) -> [MergedSpan] { try opened().answers.search(query) }

    func scan<Result: Sendable>(
        _ scan: SpanScan, into result: Result, _ body: @Sendable (inout Result, [MergedSpan]) -> Bool
    ) throws(SpanStoreError) -> Result {
        try opened().answers.scan(scan, into: result, body)
    }

    func services() throws(SpanStoreError) -> [ServiceSummary] { try opened().answers.services() }

    /// Calls `body` with each span whose start lies in the range, in no order.
    func forEachSpan(
        startingIn starts: ClosedRange<UInt64>, _ body: (MergedSpan) throws(SpanStoreError) -> Void
    ) throws(SpanStoreError) {
        try opened().answers.forEachSpan(startingIn: starts, body)
    }

    /// The dependency graph; `nil` where columns do not tell it.
    func dependencies(_ scan: SpanScan) throws(SpanStoreError) -> DependencyGraph? {
        try opened().answers.dependencies(scan)
    }

    /// The operations; `nil` where columns do not tell them.
    func operations(_ scan: SpanScan) throws(SpanStoreError) -> SpanGroups<OperationSummary>? {
        try opened().answers.operations(scan)
    }

    /// Durations by operation; `nil` where columns do not tell them.
    func latency(_ query: LatencyQuery) throws(SpanStoreError) -> SpanGroups<LatencySeries>? {
        try opened().answers.latency(query)
    }

    func statistics() throws(SpanStoreError) -> StoreStatistics {
        let opened = try opened()
        return try opened.blocks.inOneView { () throws(SpanStoreError) in
            let pageBytes = Int(try opened.connection.integer("PRAGMA page_size"))
            return StoreStatistics(
                try opened.blocks.runs(),
                fileBytes: Int(try opened.connection.integer("PRAGMA page_count")) * pageBytes,
                freeBytes: Int(try opened.connection.integer("PRAGMA freelist_count")) * pageBytes,
                storedReports: try SenderTable.all(opened.connection).reduce(0) { $0.saturatingSum($1.storedReports) })
        }
    }

    func check() throws(SpanStoreError) -> StoreCheck {
        let opened = try opened()
        return try opened.blocks.inOneView { () throws(SpanStoreError) in
            var check = RunCheck(opened.blocks)
            let integrity = try opened.connection.prepare("PRAGMA integrity_check")
            while try integrity.step() {
                if integrity.text(0) != "ok" { check.note("SQLite: \(integrity.text(0))") }
            }
            try check.run()
            return StoreCheck(check.result)
        }
    }

    func senders(nowUnixNano: UInt64) throws(SpanStoreError) -> [SenderSummary] {
        let opened = try opened()
        return try opened.blocks.inOneView { () throws(SpanStoreError) in
            try opened.ledger.senders(nowUnixNano: nowUnixNano)
        }
    }
}
