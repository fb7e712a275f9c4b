import SpanBlockStore
import SpanMerge
import SpanModel
import SpanStorage

/// Keeps spans in one SQLite file, which `sqlite3` and Python's `sqlite3` read as well: see `docs/storage.md`.
///
/// What `append` returned from is on the disk (write-ahead log, flushed at every commit). Several processes may write to
/// one file, one after the other, and any number read at the same time, each through a store of its own. Up to five
/// questions are answered at once, four of them searches or longer, three of them scans (analysis, `check()`); further ones
/// wait for their turn, the one that has waited longest first. A question whose task is cancelled throws `cancelled`, at once
/// while it waits and soon where it has begun.
///
/// ```swift
/// let store = try await SQLiteSpanStore.open(path: "spans.db", mode: .readOnly)
/// for span in try await store.search(SpanQuery(service: "cart", limit: 10)) { print(span.span.name) }
/// try await store.close()
/// ```
public final class SQLiteSpanStore: SpanStore {
    /// What the store may do with the file.
    public typealias Mode = SQLiteStoreMode

    /// Settings of a writing store.
    public typealias Options = SQLiteStoreOptions

    let writer: SQLiteWriter?
    let readers: ReaderPool
    /// Of a writing store: look-ups that an ack waits for are no question's turn.
    private let lookUps: SQLiteReader?
    private let compaction: Compaction?
    private let options: Options
    /// With more runs that could be merged an append waits a little, the longer the more there are, so that merging
    /// keeps pace without a halt.
    private static let easyUnmergedRuns = 128
    private static let delayOfUnmergedRun = Duration.microseconds(500)
    /// With more than these it waits for some of them.
    private static let maxUnmergedRuns = 512

    private init(
        writer: SQLiteWriter?, readers: ReaderPool, lookUps: SQLiteReader?, compaction: Compaction?, options: Options
    ) {
        self.options = options
        self.writer = writer
        self.readers = readers
        self.lookUps = lookUps
        self.compaction = compaction
    }

    /// Opens a file, or makes it.
    ///
    /// - Throws: `not_found`, `cannot_open`, `not_a_database`, `foreign_database`, `newer_format`; the file is then
    ///   as it was.
    public static func open(
        path: String, mode: Mode, options: Options = Options()
    ) async throws(SpanStoreError) -> SQLiteSpanStore {
        var writer: SQLiteWriter?
        if mode == .readWrite {
            let opened = SQLiteWriter()
            try await opened.open(path: path, options: options)
            writer = opened
        }
        let share = writer == nil ? WorkShare.whole : .besideWriter
        let reader = SQLiteReader(share)
        var lookUps: SQLiteReader?
        var compaction: Compaction?
        do {
            try await reader.open(path: path, options: options)
            if let writer {
                let opened = SQLiteReader(.whole)
                try await opened.open(path: path, options: options)
                lookUps = opened
                let compactor = Compactor()
                try await compactor.open(path: path, options: options)
                compaction = Compaction(compactor, writer)
            }
        } catch {
            await reader.close()
            await lookUps?.close()
            await writer?.close()
            throw error
        }
        if options.compactsInBackground { compaction?.start() }
        return SQLiteSpanStore(
            writer: writer, readers: ReaderPool(reader, share, path: path, options: options), lookUps: lookUps,
            compaction: compaction, options: options)
    }

    @discardableResult
    public func append(_ group: [IncomingBatch]) async throws(SpanStoreError) -> AppendResult {
        guard let writer else {
            throw SpanStoreError(.readOnly, "the store was opened for reading; open it for writing to append")
        }
        let (result, unmerged) = try await writer.append(group)
        guard options.compactsInBackground, let compaction else { return result }
        compaction.wake()
        if unmerged > Self.maxUnmergedRuns {
            await compaction.catchUp()
        } else if unmerged > Self.easyUnmergedRuns {
            try? await Task.sleep(for: Self.delayOfUnmergedRun * (unmerged - Self.easyUnmergedRuns))
        }
        return result
    }

    @discardableResult
    public func note(_ changes: [SenderChange], by lease: CollectorLease) async throws(SpanStoreError) -> Bool {
        try await writing().note(changes, by: lease)
    }

    public func endLease(of collector: CollectorID) async throws(SpanStoreError) {
        try await writing().endLease(of: collector)
    }

    public func storedSequence(of sender: SenderID) async throws(SpanStoreError) -> UInt64 {
        if let lookUps { return try await lookUps.storedSequence(of: sender) }
        return try await readers.ask(.lookUp) { reader throws(SpanStoreError) in
            try reader.storedSequence(of: sender)
        }
    }

    public func trace(_ id: TraceID) async throws(SpanStoreError) -> [MergedSpan] {
        try await readers.ask(.lookUp) { reader throws(SpanStoreError) in try reader.trace(id) }
    }

    public func services() async throws(SpanStoreError) -> [ServiceSummary] {
        try await readers.ask(.lookUp) { reader throws(SpanStoreError) in try reader.services() }
    }

    public func search(_ query: SpanQuery) async throws(SpanStoreError) -> [MergedSpan] {
        // In one trace there is no more to look at than in a look-up.
        let length = query.conditions.trace == nil ? ReaderPool.Length.search : .lookUp
        return try await readers.ask(length) { reader throws(SpanStoreError) in try reader.search(query) }
    }

    public func senders(nowUnixNano: UInt64) async throws(SpanStoreError) -> [SenderSummary] {
        try await readers.ask(.lookUp) { reader throws(SpanStoreError) in
            try reader.senders(nowUnixNano: nowUnixNano)
        }
    }

    /// Merges everything that was appended, as far as it can be, and gives what it took to the file's own free pages.
    ///
    /// - Throws: `read_only`, and what keeps it from being stored; nothing is lost then.
    public func compact() async throws(SpanStoreError) {
        guard let compaction, let writer else {
            throw SpanStoreError(.readOnly, "the store was opened for reading; open it for writing to compact it")
        }
        try await compaction.finish()
        try await writer.shrink()
    }

    /// What last kept the background from merging, or hampered appending, since this was asked before; `nil`: nothing did.
    ///
    /// Nothing is lost by it, but questions take longer the more is left. Damage to what appending looks at is among it:
    /// indexes of traces that cannot be read, deletions of traces whose ids are none. It is tried again after the next append, but for
    /// runs that are damaged (`corrupt`), which `check()` names.
    public func takeCompactionFailure() -> SpanStoreError? { compaction?.takeFailure() }

    /// Whether files of the store were deleted or replaced by others when it was closed, and what became of what was acknowledged;
    /// `nil`: nothing was lost. It is known after `close()`, and told once.
    public func takeLoss() -> SpanStoreError? { writer?.loss.take() }

    /// How much the store holds and how it lies there.
    public func statistics() async throws(SpanStoreError) -> StoreStatistics {
        try await readers.ask(.lookUp) { reader throws(SpanStoreError) in try reader.statistics() }
    }

    /// Reads the whole file and compares what is in it with what it says of itself: the database, each block's checksum,
    /// its content, and all that finds it.
    public func check() async throws(SpanStoreError) -> StoreCheck {
        try await readers.ask(.scan) { reader throws(SpanStoreError) in try reader.check() }
    }

    public func scan<Result: Sendable>(
        _ scan: SpanScan, into result: Result, _ body: @Sendable (inout Result, [MergedSpan]) -> Bool
    ) async throws(SpanStoreError) -> Result {
        try await readers.ask(.scan) { reader throws(SpanStoreError) in try reader.scan(scan, into: result, body)
        }
    }

    public func dependencies(_ scan: SpanScan) async throws(SpanStoreError) -> DependencyGraph {
        let graph = try await readers.ask(.scan) { reader throws(SpanStoreError) in try reader.dependencies(scan)
        }
        if let graph { return graph }
        return try await scannedDependencies(scan)
    }

    public func operations(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<OperationSummary> {
        let operations = try await readers.ask(.scan) { reader throws(SpanStoreError) in
            try reader.operations(scan)
        }
        if let operations { return operations }
        return try await scannedOperations(scan)
    }

    public func latency(_ query: LatencyQuery) async throws(SpanStoreError) -> SpanGroups<LatencySeries> {
        let series = try await readers.ask(.scan) { reader throws(SpanStoreError) in try reader.latency(query) }
        if let series { return series }
        return try await scannedLatency(query)
    }

    @discardableResult
    public func deleteTrace(_ id: TraceID, nowUnixNano: UInt64) async throws(SpanStoreError) -> UInt64 {
        try await writing().deleteTrace(id, nowUnixNano: nowUnixNano)
    }

    /// Bytes are those of the pages in use; free ones are used again, and `compact()` gives them back. What is older than
    /// the policy says goes with the hour in which it starts, up to an hour later.
    public func enforce(
        _ policy: RetentionPolicy, nowUnixNano: UInt64
    ) async throws(SpanStoreError) -> RetentionReport {
        let writer = try writing()
        var report = RetentionReport()
        let before = try await writer.usedBytes()
        let earliest = policy.earliestStart(nowUnixNano: nowUnixNano)
        if earliest > 0 { report.spans += try await writer.removeSpans(startedBefore: earliest) }
        // One step in a call, so that appends go on in between.
        while let maxBytes = policy.maxBytes, let removed = try await writer.removeOldest(toBytes: maxBytes) {
            report.spans += removed
        }
        if earliest > 0 { try await writer.forgetDeletions(before: earliest) }
        report.remainingBytes = try await writer.usedBytes()
        report.bytes = before > report.remainingBytes ? before - report.remainingBytes : 0
        return report
    }

    private func writing() throws(SpanStoreError) -> SQLiteWriter {
        guard let writer else {
            throw SpanStoreError(.readOnly, "the store was opened for reading; open it for writing to change it")
        }
        return writer
    }

    /// Calls `body` with each span whose start lies in the range, in no order, all of one view of the store.
    package func forEachSpan(
        startingIn starts: ClosedRange<UInt64>,
        _ body: @Sendable (MergedSpan) throws(SpanStoreError) -> Void
    ) async throws(SpanStoreError) {
        try await readers.ask(.scan) { reader throws(SpanStoreError) in
            try reader.forEachSpan(startingIn: starts, body)
        }
    }

    /// Closes the file, after what was asked is answered; the write-ahead log is folded into it unless another process still
    /// reads. A store that nobody holds any more closes its file by itself.
    public func close() async {
        await compaction?.stop()
        await readers.close()
        await lookUps?.close()
        await writer?.close()
    }
}
