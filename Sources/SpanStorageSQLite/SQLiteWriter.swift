import SpanBlocks
import SpanMerge
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
    private var connection: Connection?
    private var tables: RunTables?
    private var deletedTraces: DeletedTraceTable?
    private var presence: PresenceTable?
    private var known = KnownReports(limit: 0)
    private var stored = StoredSpans(maxBytes: 0)
    private var options = SQLiteSpanStore.Options()
    private var builder = RunBuilder(level: 1)
    /// Of `PRAGMA data_version`: it changes when another process writes.
    private var dataVersion: Int64 = 0

    /// Opens a file for writing, makes its tables if it is empty.
    func open(path: String, options: SQLiteSpanStore.Options) throws(SpanStoreError) {
        let file = StoreFile.withoutLinks(path)
        NewStoreFile.removeLeftovers(of: file)
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
        tables = try RunTables(connection)
        deletedTraces = try DeletedTraceTable(connection)
        presence = try PresenceTable(connection)
        self.connection = connection
        self.options = options
        known = KnownReports(limit: options.knownReports)
        dataVersion = try connection.integer("PRAGMA data_version")
        stored = StoredSpans(maxBytes: options.memoryBytes / 8)
    }

    func close() {
        tables = nil
        deletedTraces = nil
        presence = nil
        if let error = connection?.close() { loss.note(error) }
        connection = nil
    }

    /// - Returns: what became of the group, and how many runs are not merged yet that could be.
    func append(
        _ group: [IncomingBatch]
    ) throws(SpanStoreError) -> (result: AppendResult, unmerged: Int) {
        guard let connection, let tables else { throw .closedStore }
        let now = Self.unixNanosNow()
        var result = AppendResult()
        var hashes: [HashedReport] = []
        try connection.transaction { () throws(SpanStoreError) in
            try noteOtherWriters(connection)
            var incoming = IncomingRuns(nowUnixNano: now)
            let senders = try take(group, connection, &incoming, &result)
            if !stored.isLoaded {
                try stored.load(connection, nowUnixNano: now)
                if let damage = stored.damage { failure.note(damage) }
            }
            for (run, description) in incoming.runs(known, stored, &builder, options.compaction) {
                try tables.insert(run, description)
            }
            for summary in senders { try SenderTable.store(summary, connection) }
            hashes = incoming.hashes
        }
        // Not before they are stored.
        for report in hashes { known.insert(key: report.key, content: report.content) }
        stored.insert(hashes, nowUnixNano: now)
        // Fewer of one hour and kind wait for others, however many hours there are.
        let backlog = try? connection.integer(
            """
            SELECT coalesce(sum(max(runs - \(CompactionPlan.fanIn - 1), 0)), 0)
            FROM (SELECT count(*) AS runs FROM run WHERE level = 0 GROUP BY partition, kind)
            """)
        // The group is stored, whatever became of the question.
        return (result, Int(backlog ?? 0))
    }

    /// Puts runs in the place of others.
    ///
    /// - Parameter seen: what there was when they were read.
    /// - Returns: `false` when something else was merged or removed since; nothing has changed then.
    func replace(
        _ ids: [Int64], by runs: sending [(run: EncodedRun, description: Run)], _ seen: SeenRuns
    ) throws(SpanStoreError) -> Bool {
        guard let connection, let tables else { throw .closedStore }
        return try connection.transaction { () throws(SpanStoreError) in
            // What was appended since is settled, if the store has nothing else of it, or loose, and then still to be merged.
            let left = try connection.integer("SELECT count(*) FROM run WHERE id <= \(seen.lastID)")
            let merged = try connection.integer(
                "SELECT count(*) FROM run WHERE id > \(seen.lastID) AND kind = \(RunKind.whole.rawValue)")
            guard left == seen.count, merged == 0 else { return false }
            try tables.delete(ids)
            for (run, description) in runs { try tables.insert(run, description) }
            return true
        }
    }

    /// Puts one index of traces in the place of those of some runs; nothing where one of them has changed.
    func insertSegment(of runs: [Int64], _ chunks: [SegmentTraceChunk]) throws(SpanStoreError) {
        guard let connection, let tables else { throw .closedStore }
        let list = runs.map(String.init).joined(separator: ",")
        try connection.transaction { () throws(SpanStoreError) in
            let alone = try connection.integer(
                "SELECT count(*) FROM run WHERE trace_segment = 0 AND id IN (\(list))")
            if alone == runs.count { try tables.insertSegment(of: runs, chunks) }
        }
    }

    /// Gives pages that nothing is on back to the file system.
    func shrink() throws(SpanStoreError) {
        guard let connection else { throw .closedStore }
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

    /// For the writer's other parts.
    var openConnection: Connection? { connection }

    /// Runs `body` in a transaction that removes reports.
    ///
    /// - Parameter forgets: copies of what was removed are stored again when they come again.
    func change<Result>(
        forgets: Bool = true,
        _ body: (Connection, RunTables, inout RunBuilder) throws(SpanStoreError) -> Result
    ) throws(SpanStoreError) -> Result {
        guard let connection, let tables else { throw .closedStore }
        let result = try connection.transaction { () throws(SpanStoreError) in
            try body(connection, tables, &builder)
        }
        if forgets { known = KnownReports(limit: options.knownReports) }
        return result
    }

    /// What another process stored is not among the known reports, and what is may be removed.
    private func noteOtherWriters(_ connection: Connection) throws(SpanStoreError) {
        let version = try connection.integer("PRAGMA data_version")
        guard version != dataVersion else { return }
        dataVersion = version
        stored.noteOthers()
        known = KnownReports(limit: options.knownReports)
    }

    /// - Returns: whether the collector was known.
    func note(_ changes: [SenderChange], by lease: CollectorLease) throws(SpanStoreError) -> Bool {
        guard let connection, let presence else { throw .closedStore }
        return try connection.transaction { () throws(SpanStoreError) in try presence.note(changes, by: lease) }
    }

    func endLease(of collector: CollectorID) throws(SpanStoreError) {
        guard let connection, let presence else { throw .closedStore }
        try connection.transaction { () throws(SpanStoreError) in try presence.endLease(of: collector) }
    }

    /// Takes those batches into account that are not stored already.
    ///
    /// - Returns: what becomes of their senders.
    private func take(
        _ group: [IncomingBatch], _ connection: Connection, _ incoming: inout IncomingRuns, _ result: inout AppendResult
    ) throws(SpanStoreError) -> [SenderSummary] {
        let deleted = try deletedTraces?.current() ?? []
        if let damage = deletedTraces?.takeDamage() { failure.note(damage) }
        var senders: [SenderID: SenderSummary] = [:]
        for batch in group {
            var summary = senders[batch.sender]
            if summary == nil { summary = try SenderTable.one(batch.sender, connection) }
            var taken = summary ?? SenderSummary(sender: batch.sender)
            guard taken.take(batch) else {
                result.skippedBatches += 1
                continue
            }
            let counts = try incoming.add(batch, leavingOut: deleted)
            taken.takeRunning(incoming.runningSources)
            taken.take(counts)
            senders[batch.sender] = taken
            result += counts
        }
        return Array(senders.values)
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
