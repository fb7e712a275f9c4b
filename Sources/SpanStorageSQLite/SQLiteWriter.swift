import SpanMerge
import SpanModel
import SpanStorage

/// The writing half of a store: one connection on a thread of its own.
actor SQLiteWriter {
    private let executor = QueueExecutor(label: "spanwire.sqlite.writer")
    // Proof: the actor owns the executor, so that it lives as long as the actor.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private var connection: Connection?
    private var spans: SpanTable?
    private var deletedTraces: DeletedTraceTable?

    /// Opens a file for writing, makes its tables if it is empty.
    func open(path: String, options: SQLiteSpanStore.Options) throws(SpanStoreError) {
        let connection = try Connection(path: path, mode: .readWrite)
        connection.setBusyTimeout(milliseconds: options.busyTimeoutMilliseconds)
        // Whose file it is comes first: nothing of a stranger's file is changed.
        let finding = try Schema.inspect(connection)
        // Rows of about 1 KB pack better into 8 KB than into the default 4 KB.
        if finding == .empty { try connection.execute("PRAGMA page_size = 8192") }
        guard try connection.readsWAL() else {
            throw SpanStoreError(
                .cannotOpen, "\(path) cannot have a write-ahead log; put it on a local disk in a folder you may write")
        }
        // FULL flushes the log at every commit, so that what was acknowledged outlives a loss of power.
        try connection.execute(
            """
            PRAGMA synchronous = FULL;
            PRAGMA fullfsync = 1;
            PRAGMA foreign_keys = OFF;
            PRAGMA cache_size = -\(max(options.cacheBytes >> 10, 1024));
            PRAGMA wal_autocheckpoint = 2000;
            PRAGMA journal_size_limit = 67108864;
            """)
        if finding == .empty {
            try connection.transaction { () throws(SpanStoreError) in
                // Another process may have made the tables meanwhile.
                if try Schema.inspect(connection) == .empty { try connection.execute(Schema.creation) }
            }
        }
        try connection.transaction { () throws(SpanStoreError) in try Schema.migrate(connection) }
        if let limit = options.maxFileBytes {
            let pageSize = UInt64(max(try connection.integer("PRAGMA page_size"), 1))
            let pages = min((limit / pageSize) + (limit % pageSize == 0 ? 0 : 1), UInt64(UInt32.max - 1))
            try connection.execute("PRAGMA max_page_count = \(max(pages, 1))")
        }
        spans = try SpanTable(connection)
        deletedTraces = try DeletedTraceTable(connection)
        self.connection = connection
    }

    func close() {
        spans = nil
        deletedTraces = nil
        connection?.close()
        connection = nil
    }

    func append(_ group: [IncomingBatch]) throws(SpanStoreError) -> AppendResult {
        guard let connection else { throw .closedStore }
        do {
            return try connection.transaction { () throws(SpanStoreError) in
                let result = try merge(group, connection)
                // As late as can be: what is committed to a file without a name is lost, and must not be acknowledged.
                guard !connection.fileIsGone else {
                    throw SpanStoreError(
                        .ioFailed, "\(connection.path) was deleted or moved while open; put it back or start anew")
                }
                return result
            }
        } catch {
            spans?.forget()
            throw error
        }
    }

    func note(_ changes: [SenderChange]) throws(SpanStoreError) {
        guard let connection else { throw .closedStore }
        try connection.transaction { () throws(SpanStoreError) in
            for change in changes {
                guard let sender = change.sender else {
                    try SenderTable.noteAllConnected(change, connection)
                    continue
                }
                var summary = try SenderTable.one(sender, connection) ?? SenderSummary(sender: sender)
                summary.take(change)
                summary.dropped = []
                try SenderTable.store(summary, connection)
            }
        }
    }

    func deleteTrace(_ id: TraceID, nowUnixNano: UInt64) throws(SpanStoreError) -> UInt64 {
        guard let connection else { throw .closedStore }
        return try connection.transaction { () throws(SpanStoreError) in
            try DeletedTraceTable.note(id, nowUnixNano: nowUnixNano, connection)
            let delete = try connection.prepare("DELETE FROM merged_span WHERE trace_id = ?1")
            delete.bind(0, blob: id.high, id.low)
            try delete.run()
            return UInt64(connection.changes)
        }
    }

    /// Bytes of the pages that hold something.
    func usedBytes() throws(SpanStoreError) -> UInt64 {
        guard let connection else { throw .closedStore }
        return try OldSpanRemoval(connection).usedBytes()
    }

    /// Removes some of the oldest spans; see `OldSpanRemoval`.
    func removeOldest(before earliest: UInt64?) throws(SpanStoreError) -> OldSpanRemoval.Part {
        guard let connection else { throw .closedStore }
        return try connection.transaction { () throws(SpanStoreError) in
            try OldSpanRemoval(connection).removeOldest(before: earliest)
        }
    }

    /// Forgets deletions that are older than spans may become.
    func forgetDeletions(before earliest: UInt64) throws(SpanStoreError) {
        guard let connection else { throw .closedStore }
        try connection.transaction { () throws(SpanStoreError) in
            try DeletedTraceTable.forget(before: earliest, connection)
        }
    }

    private func merge(_ group: [IncomingBatch], _ connection: Connection) throws(SpanStoreError) -> AppendResult {
        var result = AppendResult()
        let deleted = try deletedTraces?.current() ?? []
        var senders: [SenderID: SenderSummary] = [:]
        var states: [(key: SpanKey, state: SpanState)] = []
        var positions: [SpanKey: Int] = [:]
        let most = group.reduce(0) { $0 + $1.reports.spanCount }
        states.reserveCapacity(most)
        positions.reserveCapacity(most)
        for batch in group {
            var summary = senders[batch.sender]
            if summary == nil { summary = try SenderTable.one(batch.sender, connection) }
            var taken = summary ?? SenderSummary(sender: batch.sender)
            guard taken.take(batch) else {
                result.skippedBatches += 1
                continue
            }
            let counts = batch.forEachState(leavingOut: deleted) { key, state in
                if let known = positions[key] {
                    states[known].state.join(state)
                } else {
                    positions[key] = states.count
                    states.append((key, state))
                }
            }
            taken.storedReports += UInt64(counts.storedReports)
            taken.rejectedReports &+= UInt64(counts.rejectedReports)
            senders[batch.sender] = taken
            result += counts
        }
        // In the order of the index, so that neighbours share its pages.
        for position in states.indices.sorted(by: { states[$0].key < states[$1].key }) {
            try spans?.join(states[position].key, states[position].state)
        }
        spans?.endTransaction()
        for summary in senders.values { try SenderTable.store(summary, connection) }
        return result
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

    /// Runs `body` between `BEGIN IMMEDIATE` and `COMMIT`; takes everything back when it throws.
    fileprivate func transaction<Result>(
        _ body: () throws(SpanStoreError) -> Result
    ) throws(SpanStoreError) -> Result {
        try execute("BEGIN IMMEDIATE")
        do {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            // Where SQLite has rolled back by itself this fails, and nothing is left to take back.
            try? execute("ROLLBACK")
            throw error
        }
    }
}
