import Foundation
import SpanBlockStore
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageTesting
import Testing

/// A store over a ledger in memory.
actor MemoryBlockStore: SpanStore {
    /// What there is while the store is open.
    private struct Opened {
        let writer: MemoryLedgerWriter
        let appender: ReportAppender
        let merger: RunMerger
        let ledger: MemoryLedger
        let answers: SpanAnswers
    }

    private var open: Opened?
    /// Merges all after so many appends; 0: never.
    private let mergesEvery: Int
    private var appends = 0

    private let isReadOnly: Bool

    init(_ place: MemoryLedgerPlace, mergesEvery: Int, isReadOnly: Bool = false) {
        self.mergesEvery = mergesEvery
        self.isReadOnly = isReadOnly
        let limits = RunLimits(maxReports: 40)
        let writer = MemoryLedgerWriter(place)
        let ledger = place.ledger()
        open = Opened(
            writer: writer,
            appender: ReportAppender(writer, limits: limits, knownReports: 10_000, knownSpansBytes: 1 << 20) {
                Issue.record("appending is hampered: \($0)")
            },
            merger: RunMerger(BlockReader(place.ledger()), limits), ledger: ledger,
            answers: SpanAnswers(BlockReader(ledger)))
    }

    private func opened() throws(SpanStoreError) -> Opened {
        guard let open else { throw .closedStore }
        return open
    }

    private func writing() throws(SpanStoreError) -> Opened {
        let opened = try opened()
        if isReadOnly { throw SpanStoreError(.readOnly, "the store was opened for reading") }
        return opened
    }

    @discardableResult
    func append(_ group: [IncomingBatch]) throws(SpanStoreError) -> AppendResult {
        let opened = try writing()
        let now = UInt64(Date().timeIntervalSince1970 * 1e9)
        let (result, _) = try opened.appender.append(group, nowUnixNano: now)
        appends += 1
        if mergesEvery > 0, appends % mergesEvery == 0 {
            while let step = try opened.merger.next(.final) { try step.store(opened.writer) }
        }
        return result
    }

    @discardableResult
    func note(_ changes: [SenderChange], by lease: CollectorLease) throws(SpanStoreError) -> Bool {
        try writing().writer.persist { exchange throws(SpanStoreError) in try exchange.note(changes, by: lease) }
    }

    func endLease(of collector: CollectorID) throws(SpanStoreError) {
        try writing().writer.persist { exchange throws(SpanStoreError) in try exchange.endLease(of: collector) }
    }

    func storedSequence(of sender: SenderID) throws(SpanStoreError) -> UInt64 {
        try opened().ledger.storedSequence(of: sender)
    }

    func senders(nowUnixNano: UInt64) throws(SpanStoreError) -> [SenderSummary] {
        try opened().ledger.senders(nowUnixNano: nowUnixNano)
    }

    func trace(_ id: TraceID) throws(SpanStoreError) -> [MergedSpan] { try opened().answers.trace(id) }

    func services() throws(SpanStoreError) -> [ServiceSummary] { try opened().answers.services() }

    func search(_ query: SpanQuery) throws(SpanStoreError) -> [MergedSpan] { try opened().answers.search(query) }

    func scan<Result: Sendable>(
        _ scan: SpanScan, into result: Result, _ body: @Sendable (inout Result, [MergedSpan]) -> Bool
    ) throws(SpanStoreError) -> Result {
        try opened().answers.scan(scan, into: result, body)
    }

    func dependencies(_ scan: SpanScan) async throws(SpanStoreError) -> DependencyGraph {
        if let graph = try opened().answers.dependencies(scan) { return graph }
        return try await scannedDependencies(scan)
    }

    func operations(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<OperationSummary> {
        if let operations = try opened().answers.operations(scan) { return operations }
        return try await scannedOperations(scan)
    }

    func latency(_ query: LatencyQuery) async throws(SpanStoreError) -> SpanGroups<LatencySeries> {
        if let series = try opened().answers.latency(query) { return series }
        return try await scannedLatency(query)
    }

    @discardableResult
    func deleteTrace(_ id: TraceID, nowUnixNano: UInt64) throws(SpanStoreError) -> UInt64 {
        let opened = try writing()
        let removed = try SpanRemover(opened.writer).deleteTrace(id, nowUnixNano: nowUnixNano)
        opened.appender.forgetReports()
        return removed
    }

    func enforce(_ policy: RetentionPolicy, nowUnixNano: UInt64) throws(SpanStoreError) -> RetentionReport {
        let opened = try writing()
        let writer = opened.writer
        let remover = SpanRemover(writer)
        var report = RetentionReport()
        let before = try writer.usedBytes()
        let earliest = policy.earliestStart(nowUnixNano: nowUnixNano)
        if earliest > 0 { report.spans += try remover.removeSpans(startedBefore: earliest) }
        while let maxBytes = policy.maxBytes, let removed = try remover.removeOldest(toBytes: maxBytes) {
            report.spans += removed
        }
        if report.spans > 0 { opened.appender.forgetReports() }
        if earliest > 0 {
            try writer.persist { exchange throws(SpanStoreError) in
                try exchange.forgetDeletions(before: earliest)
            }
        }
        report.remainingBytes = try writer.usedBytes()
        report.bytes = before > report.remainingBytes ? before - report.remainingBytes : 0
        return report
    }

    func close() { open = nil }
}

/// A ledger in memory for the contract: it outlives its stores.
struct MemoryBlockPlace: SpanStorePlace {
    private let place = MemoryLedgerPlace()
    private let mergesEvery: Int

    init(mergesEvery: Int) { self.mergesEvery = mergesEvery }

    var isDurable: Bool { true }

    /// A run is written anew when its oldest span is an hour too old.
    var retentionSlackNano: UInt64 { 3_600_000_000_000 }

    func open() async throws -> any SpanStore { MemoryBlockStore(place, mergesEvery: mergesEvery) }

    func openReader() async throws -> (any SpanStore)? { MemoryBlockStore(place, mergesEvery: 0, isReadOnly: true) }
}
