import SpanBlockStore
import SpanStorage

/// Merges runs in the background. It reads by a connection of its own, so that appends go on meanwhile, and leaves the
/// exchange of the rows to the writer.
actor Compactor {
    private let executor = QueueExecutor(label: "spanwire.sqlite.compactor")
    // Proof: the actor owns the executor, so that it lives as long as the actor.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private var connection: Connection?
    private var merger: RunMerger?
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func open(path: String, options: SQLiteStoreOptions) throws(SpanStoreError) {
        let connection = try Connection(path: path, mode: .readOnly)
        connection.setBusyTimeout(milliseconds: options.busyTimeoutMilliseconds)
        merger = RunMerger(BlockReader(try SQLiteLedger(connection)), options.compaction)
        self.connection = connection
    }

    func close() {
        merger = nil
        connection?.close()
        connection = nil
    }

    /// Merges some runs if there are any to merge.
    ///
    /// - Returns: `false` when nothing was to be done.
    func step(
        _ writer: SQLiteWriter, _ eagerness: CompactionPlan.Eagerness = .underLoad
    ) async throws(SpanStoreError) -> Bool {
        await begin()
        defer { end() }
        guard let step = try merger?.next(eagerness) else { return false }
        // Where something else was merged or removed meanwhile, the next step begins anew.
        try await writer.store(step)
        return true
    }

    /// Waits until no other step is under way: an actor goes on with others while one waits.
    private func begin() async {
        if isBusy {
            await withCheckedContinuation { waiting.append($0) }
        } else {
            isBusy = true
        }
    }

    private func end() {
        if waiting.isEmpty {
            isBusy = false
        } else {
            // The next one is busy instead.
            waiting.removeFirst().resume()
        }
    }
}
