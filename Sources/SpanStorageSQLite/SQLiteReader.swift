import SpanBlocks
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
        let blocks: BlockReader
        let sequence: Statement
    }

    /// How many threads work on an answer.
    private let share: WorkShare

    init(_ share: WorkShare) {
        self.share = share
        executor = share.givesWay ? ThreadExecutor() : QueueExecutor(label: "spanwire.sqlite.reader")
    }

    /// Opens an existing file.
    func open(path: String, options: SQLiteSpanStore.Options) throws(SpanStoreError) {
        let connection = try Connection(path: path, mode: .readOnly)
        connection.setBusyTimeout(milliseconds: options.busyTimeoutMilliseconds)
        // A writer may be bringing the file to this format meanwhile.
        try connection.inOneView { () throws(SpanStoreError) in try Self.checkFormat(connection) }
        try connection.watchFiles()
        open = Opened(
            connection: connection, blocks: try BlockReader(connection, share),
            sequence: try connection.prepare("SELECT stored_sequence FROM sender WHERE id = ?1"))
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
        path: String, options: SQLiteSpanStore.Options,
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
        let opened = try opened()
        let statement = opened.sequence
        statement.bind(0, blob: sender.high, sender.low)
        defer { statement.reset() }
        let sequence = try statement.step() ? statement.unsigned(0) : 0
        // A sender takes what it is told for an acknowledgement.
        try opened.connection.checkFiles()
        return sequence
    }

    func trace(_ id: TraceID) throws(SpanStoreError) -> [MergedSpan] {
        let blocks = try opened().blocks
        return try blocks.inOneView { () throws(SpanStoreError) in try SpanFinder(blocks).trace(id) }
    }

    func search(_ query: SpanQuery) throws(SpanStoreError) -> [MergedSpan] {
        let blocks = try opened().blocks
        let query = query.metered
        return try blocks.inOneView { () throws(SpanStoreError) in
            var search = SpanSearch(query, try SpanFinder(blocks))
            let found = try search.run()
            try query.filter.checkPatternWork()
            return found
        }
    }

    func scan<Result: Sendable>(
        _ scan: SpanScan, into result: Result, _ body: @Sendable (inout Result, [MergedSpan]) -> Bool
    ) throws(SpanStoreError) -> Result {
        let blocks = try opened().blocks
        let scan = scan.metered
        return try blocks.inOneView { () throws(SpanStoreError) in
            var visit = try SpanVisit(scan, try SpanFinder(blocks))
            var result = result
            try visit.run { body(&result, $0) }
            try scan.filter.checkPatternWork()
            return result
        }
    }

    func services() throws(SpanStoreError) -> [ServiceSummary] {
        let opened = try opened()
        return try opened.blocks.inOneView { () throws(SpanStoreError) in
            let finder = try SpanFinder(opened.blocks)
            return try finder.services(try ServiceTable.summaries(opened.connection, finder.runs))
        }
    }

    /// Calls `body` with each span whose start lies in the range, in no order.
    func forEachSpan(
        startingIn starts: ClosedRange<UInt64>, _ body: (MergedSpan) throws(SpanStoreError) -> Void
    ) throws(SpanStoreError) {
        let blocks = try opened().blocks
        try blocks.inOneView { () throws(SpanStoreError) in
            try SpanFinder(blocks).forEachSpan(startingIn: starts, body)
        }
    }

    /// The dependency graph; `nil` where columns do not do for it.
    func dependencies(_ scan: SpanScan) throws(SpanStoreError) -> DependencyGraph? {
        let blocks = try opened().blocks
        let scan = scan.metered
        return try blocks.inOneView { () throws(SpanStoreError) in
            let graph = try CallScan(scan, try SpanFinder(blocks)).graph()
            try scan.filter.checkPatternWork()
            return graph
        }
    }

    /// `nil` where columns do not do for them.
    func operations(_ scan: SpanScan) throws(SpanStoreError) -> SpanGroups<OperationSummary>? {
        let blocks = try opened().blocks
        let scan = scan.metered
        return try blocks.inOneView { () throws(SpanStoreError) in
            let operations = try OperationScan(scan, try SpanFinder(blocks)).operations()
            try scan.filter.checkPatternWork()
            return operations
        }
    }

    /// `nil` where columns do not do for it.
    func latency(_ query: LatencyQuery) throws(SpanStoreError) -> SpanGroups<LatencySeries>? {
        let blocks = try opened().blocks
        let scan = query.scan.metered
        return try blocks.inOneView { () throws(SpanStoreError) in
            let series = try OperationScan(scan, try SpanFinder(blocks)).latency(stepNano: query.stepNano)
            try scan.filter.checkPatternWork()
            return series
        }
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
            try check.run(opened.connection)
            return check.result
        }
    }

    func senders(nowUnixNano: UInt64) throws(SpanStoreError) -> [SenderSummary] {
        let opened = try opened()
        return try opened.blocks.inOneView { () throws(SpanStoreError) in
            try SenderTable.all(opened.connection, nowUnixNano: nowUnixNano)
        }
    }
}
