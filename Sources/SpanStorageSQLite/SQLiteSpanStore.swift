import SpanMerge
import SpanModel
import SpanStorage

/// Keeps spans in one SQLite file, which `sqlite3` and Python's `sqlite3` read as well: see `docs/storage.md`.
///
/// What `append` returned from is on the disk (write-ahead log, flushed at every commit). One process writes, any
/// number read at the same time, each through a store of its own; a second writer is safe but has to wait.
///
/// ```swift
/// let store = try await SQLiteSpanStore.open(path: "spans.db", mode: .readOnly)
/// for span in try await store.search(SpanQuery(service: "cart", limit: 10)) { print(span.span.name) }
/// try await store.close()
/// ```
public final class SQLiteSpanStore: SpanStore {
    /// What the store may do with the file.
    public enum Mode: Sendable, Hashable {
        /// Makes the file if there is none (its folder must exist).
        case readWrite
        /// Leaves the file as it is.
        case readOnly
    }

    /// Settings of a writing store.
    public struct Options: Sendable, Hashable {
        /// The largest size of the file in bytes, rounded up to whole pages; `nil` for no limit but the disk's. Beyond
        /// it, `append` throws `disk_full`. The write-ahead log beside it comes on top.
        public var maxFileBytes: UInt64?
        /// How long to wait for another process that holds the file, in milliseconds.
        public var busyTimeoutMilliseconds: Int32

        /// How much of the file the writer keeps in memory, in bytes.
        public var cacheBytes: Int

        public init(
            maxFileBytes: UInt64? = nil, busyTimeoutMilliseconds: Int32 = 10_000, cacheBytes: Int = 64 << 20
        ) {
            self.maxFileBytes = maxFileBytes
            self.cacheBytes = cacheBytes
            self.busyTimeoutMilliseconds = busyTimeoutMilliseconds
        }
    }

    private let writer: SQLiteWriter?
    private let reader: SQLiteReader

    private init(writer: SQLiteWriter?, reader: SQLiteReader) {
        self.writer = writer
        self.reader = reader
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
        let reader = SQLiteReader()
        do {
            try await reader.open(path: path, options: options)
        } catch {
            await writer?.close()
            throw error
        }
        return SQLiteSpanStore(writer: writer, reader: reader)
    }

    @discardableResult
    public func append(_ group: [IncomingBatch]) async throws(SpanStoreError) -> AppendResult {
        guard let writer else {
            throw SpanStoreError(.readOnly, "the store was opened for reading; open it for writing to append")
        }
        return try await writer.append(group)
    }

    public func note(_ changes: [SenderChange]) async throws(SpanStoreError) {
        guard let writer else {
            throw SpanStoreError(.readOnly, "the store was opened for reading; open it for writing to note senders")
        }
        try await writer.note(changes)
    }

    public func storedSequence(of sender: SenderID) async throws(SpanStoreError) -> UInt64 {
        try await reader.storedSequence(of: sender)
    }

    public func trace(_ id: TraceID) async throws(SpanStoreError) -> [MergedSpan] {
        try await reader.trace(id)
    }

    public func services() async throws(SpanStoreError) -> [ServiceSummary] { try await reader.services() }

    public func search(_ query: SpanQuery) async throws(SpanStoreError) -> [MergedSpan] {
        try await reader.search(query)
    }

    public func senders() async throws(SpanStoreError) -> [SenderSummary] { try await reader.senders() }

    public func scan<Result: Sendable>(
        _ scan: SpanScan, into result: Result, _ body: @Sendable (inout Result, [MergedSpan]) -> Bool
    ) async throws(SpanStoreError) -> Result {
        try await reader.scan(scan, into: result, body)
    }

    @discardableResult
    public func deleteTrace(_ id: TraceID, nowUnixNano: UInt64) async throws(SpanStoreError) -> UInt64 {
        guard let writer else {
            throw SpanStoreError(.readOnly, "the store was opened for reading; open it for writing to delete traces")
        }
        return try await writer.deleteTrace(id, nowUnixNano: nowUnixNano)
    }

    /// Bytes are those of the pages in use. The file itself does not become smaller: its free pages are used again.
    public func enforce(
        _ policy: RetentionPolicy, nowUnixNano: UInt64
    ) async throws(SpanStoreError) -> RetentionReport {
        guard let writer else {
            throw SpanStoreError(.readOnly, "the store was opened for reading; open it for writing to remove spans")
        }
        var report = RetentionReport()
        let before = try await writer.usedBytes()
        let earliest = policy.earliestStart(nowUnixNano: nowUnixNano)
        // Part by part, each a call and a transaction of its own, so that no append waits long.
        func remove(before earliest: UInt64?) async throws(SpanStoreError) -> Bool {
            let part = try await writer.removeOldest(before: earliest)
            report.spans += part.spans
            report.traces += part.traces
            return part.spans > 0
        }
        while try await remove(before: earliest) {}
        while try await writer.usedBytes() > policy.maxBytes ?? .max, try await remove(before: nil) {}
        try await writer.forgetDeletions(before: earliest)
        report.remainingBytes = try await writer.usedBytes()
        report.bytes = before > report.remainingBytes ? before - report.remainingBytes : 0
        return report
    }

    /// Closes the file; the write-ahead log is folded into it unless another process still reads.
    public func close() async {
        await reader.close()
        await writer?.close()
    }
}
