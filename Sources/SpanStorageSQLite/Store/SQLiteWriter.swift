import SpanBlockStore
import SpanModel
import SpanStorage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The writing half of a store: one connection on a thread of its own.
actor SQLiteWriter {
    private let executor = QueueExecutor(label: "spanwire.sqlite.writer")
    // Proof: the actor owns the executor, so that it lives as long as the actor.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    /// What hampers it and keeps it from nothing.
    nonisolated let failure = StoreFailure()
    /// What it has lost of its files by the time that it is closed.
    nonisolated let loss = StoreFailure()
    private var open: Opened?

    /// What there is while the file is open.
    private struct Opened {
        let connection: Connection
        let ledger: SQLiteLedgerWriter
        let appender: ReportAppender
    }

    /// Opens a file for writing, makes its tables if it is empty.
    func open(path: String, options: SQLiteStoreOptions) throws(SpanStoreError) {
        let file = StoreFile.withoutLinks(path)
        StoreFileLeftovers.remove(of: file)
        try StoreFile.checkNoLogIsSaved(of: file)
        if StoreFile.kind(file) == .nothing {
            try StoreFile.checkNoLogIsLeft(of: path)
            NewStoreFile.make(file)
        }
        let connection = try Connection(path: path, mode: .readWrite)
        connection.setBusyTimeout(milliseconds: options.busyTimeoutMilliseconds)
        // Whose file it is comes first: nothing of a stranger's file is changed.
        let finding = try Schema.inspect(connection)
        guard !connection.isReadOnly else {
            throw StoreFile.fault(writing: path)
                ?? SpanStoreError(.cannotOpen, "\(path) may not be written; check whether the disk is read-only")
        }
        if finding == .empty { try connection.execute(Schema.settings) }
        guard try connection.readsWAL() else {
            throw SpanStoreError(
                .cannotOpen, "\(path) cannot have a write-ahead log; put it on a local disk in a folder you may write")
        }
        connection.keepLogFiles()
        try connection.watchFiles()
        // FULL flushes the log at every commit, so that what was acknowledged outlives a loss of power.
        try connection.execute(
            """
            PRAGMA synchronous = FULL;
            PRAGMA fullfsync = 1;
            PRAGMA foreign_keys = OFF;
            PRAGMA cache_size = -\(max(options.memoryBytes >> 13, 512));
            PRAGMA wal_autocheckpoint = 2000;
            PRAGMA journal_size_limit = 67108864;
            """)
        if finding == .empty {
            try connection.transaction { () throws(SpanStoreError) in
                // Another process may have made the tables meanwhile.
                if try Schema.inspect(connection) == .empty { try connection.execute(Schema.creation) }
            }
        }
        try connection.transaction { () throws(SpanStoreError) in try Migration.begin(connection) }
        try connection.tryWriting()
        let now = Self.unixNanosNow()
        if try Migration.isUnfinished(connection) {
            var migration = try Migration(connection, nowUnixNano: now)
            try migration.run()
        }
        if let limit = options.maxFileBytes {
            let pageSize = UInt64(max(try connection.integer("PRAGMA page_size"), 1))
            let pages = min((limit / pageSize) + (limit % pageSize == 0 ? 0 : 1), UInt64(UInt32.max - 1))
            try connection.execute("PRAGMA max_page_count = \(max(pages, 1))")
        }
        let ledger = try SQLiteLedgerWriter(connection)
        let appender = ReportAppender(
            ledger, limits: options.compaction, knownReports: options.knownReports,
            knownSpansBytes: options.memoryBytes / 8
        ) { [failure] in
            failure.note($0)
        }
        open = Opened(connection: connection, ledger: ledger, appender: appender)
    }

    func close() {
        let connection = open?.connection
        // Statements go before their connection.
        open = nil
        if let error = connection?.close() { loss.note(error) }
    }

    private func opened() throws(SpanStoreError) -> Opened {
        guard let open else { throw .closedStore }
        return open
    }

    /// - Returns: what became of the group, and how many runs are not merged yet that could be.
    func append(
        _ group: [IncomingBatch]
    ) throws(SpanStoreError) -> (result: AppendResult, unmerged: Int) {
        try opened().appender.append(group, nowUnixNano: Self.unixNanosNow())
    }

    /// Stores what a merge has made ready.
    ///
    /// - Returns: `false` when something else was merged or removed since; nothing has changed then.
    @discardableResult
    func store(_ step: MergeStep) throws(SpanStoreError) -> Bool { try step.store(try opened().ledger) }

    /// Gives pages that nothing is on back to the file system.
    func shrink() throws(SpanStoreError) {
        let connection = try opened().connection
        try connection.checkFiles()
        if try connection.integer("PRAGMA auto_vacuum") == 0 {
            // A file of an earlier format.
            try connection.execute("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
        }
        try connection.execute("PRAGMA incremental_vacuum")
        try connection.checkFiles()
        try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.noteFile()
    }

    /// - Returns: whether the collector was known.
    func note(_ changes: [SenderChange], by lease: CollectorLease) throws(SpanStoreError) -> Bool {
        try opened().ledger.persist { exchange throws(SpanStoreError) in try exchange.note(changes, by: lease) }
    }

    func endLease(of collector: CollectorID) throws(SpanStoreError) {
        try opened().ledger.persist { exchange throws(SpanStoreError) in try exchange.endLease(of: collector) }
    }

    // MARK: Removing

    /// Removes the spans of a trace, and remembers it.
    ///
    /// - Returns: how many there were.
    func deleteTrace(_ id: TraceID, nowUnixNano: UInt64) throws(SpanStoreError) -> UInt64 {
        let opened = try opened()
        let removed = try SpanRemover(opened.ledger).deleteTrace(id, nowUnixNano: nowUnixNano)
        opened.appender.forgetReports()
        return removed
    }

    /// Removes spans that started before the hour that a time is in.
    ///
    /// Copies of removed reports are stored when they come again: with another report of their span, which may be younger,
    /// they are not removed at once.
    ///
    /// - Returns: how many.
    func removeSpans(startedBefore earliest: UInt64) throws(SpanStoreError) -> UInt64 {
        let opened = try opened()
        let removed = try SpanRemover(opened.ledger).removeSpans(startedBefore: earliest)
        if removed > 0 { opened.appender.forgetReports() }
        return removed
    }

    /// Removes some of the oldest spans, where the store has more bytes in use than it may.
    ///
    /// - Returns: how many; `nil` when it has no more than that, or no spans.
    func removeOldest(toBytes maxBytes: UInt64) throws(SpanStoreError) -> UInt64? {
        let opened = try opened()
        let removed = try SpanRemover(opened.ledger).removeOldest(toBytes: maxBytes)
        if removed ?? 0 > 0 { opened.appender.forgetReports() }
        return removed
    }

    /// Bytes of the pages that hold something.
    func usedBytes() throws(SpanStoreError) -> UInt64 { try opened().ledger.usedBytes() }

    /// Forgets deletions that are older than spans may become.
    func forgetDeletions(before earliest: UInt64) throws(SpanStoreError) {
        try opened().ledger.persist { exchange throws(SpanStoreError) in
            try exchange.forgetDeletions(before: earliest)
        }
    }

    /// The system's clock, nanoseconds since 1970-01-01T00:00:00Z.
    private static func unixNanosNow() -> UInt64 {
        var time = timespec()
        // Proof: the pointer is to a local that lives through the call.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: Int64(time.tv_sec)) * 1_000_000_000 + UInt64(clamping: Int64(time.tv_nsec))
    }
}

extension Connection {
    /// Puts the file in write-ahead mode.
    ///
    /// - Returns: `false` when it cannot be.
    fileprivate func readsWAL() throws(SpanStoreError) -> Bool {
        let statement = try prepare("PRAGMA journal_mode = WAL")
        defer { statement.reset() }
        return try statement.step() && statement.text(0) == "wal"
    }

    /// Writes what is there already, down to the log: what can never be written is said before anybody counts on it. That no
    /// room is left, or another process writes, may pass.
    fileprivate func tryWriting() throws(SpanStoreError) {
        do throws(SpanStoreError) {
            try transaction { () throws(SpanStoreError) in
                try execute("PRAGMA user_version = \(Schema.version)")
            }
        } catch {
            if !error.mayPass { throw error }
        }
    }
}
