import ProtoWire
import SpanMerge
import SpanModel

/// Keeps spans in memory, plainly: what every other engine is held against. Nothing survives the process, and searches
/// look at every span.
public actor InMemorySpanStore: SpanStore {
    private var states: [SpanKey: SpanState] = [:]
    private var keysByTrace: [TraceID: Set<SpanKey>] = [:]
    private var sendersByID: [SenderID: SenderSummary] = [:]
    /// Deleted traces with when they were deleted.
    private var deletedTraces: [TraceID: UInt64] = [:]
    private var isClosed = false

    public init() {}

    @discardableResult
    public func append(_ group: [IncomingBatch]) throws(SpanStoreError) -> AppendResult {
        try checkOpen()
        var result = AppendResult()
        let deleted = Set(deletedTraces.keys)
        for batch in group {
            var summary = sendersByID[batch.sender] ?? SenderSummary(sender: batch.sender)
            guard summary.take(batch) else {
                result.skippedBatches += 1
                continue
            }
            summary.takeRunning(batch.runningSources)
            let counts = batch.forEachState(leavingOut: deleted) { key, state in
                states[key, default: SpanState()].join(state)
                keysByTrace[key.traceID, default: []].insert(key)
            }
            summary.take(counts)
            sendersByID[batch.sender] = summary
            result += counts
        }
        return result
    }

    public func note(_ changes: [SenderChange]) throws(SpanStoreError) {
        try checkOpen()
        for change in changes {
            if let sender = change.sender {
                sendersByID[sender, default: SenderSummary(sender: sender)].take(change)
            } else {
                for (sender, summary) in sendersByID where summary.presence == .connected {
                    sendersByID[sender]?.presence = change.presence
                }
            }
        }
    }

    public func storedSequence(of sender: SenderID) throws(SpanStoreError) -> UInt64 {
        try checkOpen()
        return sendersByID[sender]?.storedSequence ?? 0
    }

    public func trace(_ id: TraceID) throws(SpanStoreError) -> [MergedSpan] {
        try checkOpen()
        return (keysByTrace[id] ?? []).sorted().compactMap { states[$0]?.merged() }
    }

    public func services() throws(SpanStoreError) -> [ServiceSummary] {
        try checkOpen()
        var summaries: [[UInt8]: ServiceSummary] = [:]
        for state in states.values {
            let merged = state.merged()
            let name = Array(merged.service.utf8)
            var summary =
                summaries[name] ?? ServiceSummary(name: merged.service, spans: 0, newestStartUnixNano: 0)
            summary.spans += 1
            summary.newestStartUnixNano = max(summary.newestStartUnixNano, merged.span.startTimeUnixNano)
            summaries[name] = summary
        }
        return summaries.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    public func search(_ query: SpanQuery) throws(SpanStoreError) -> [MergedSpan] {
        try checkOpen()
        try query.check()
        let query = query.metered
        let matching = states.values.map { $0.merged() }.filter(query.matches)
        try query.filter.checkPatternWork()
        return Array(matching.sorted(by: query.order.precedes).prefix(query.limit))
    }

    public func senders() throws(SpanStoreError) -> [SenderSummary] {
        try checkOpen()
        return sendersByID.values.sorted { $0.sender < $1.sender }
    }

    public func scan<Result: Sendable>(
        _ scan: SpanScan, into result: Result, _ body: @Sendable (inout Result, [MergedSpan]) -> Bool
    ) throws(SpanStoreError) -> Result {
        try checkOpen()
        let scan = scan.metered
        var result = result
        var gatherer = TraceGatherer()
        for key in states.keys.sorted() {
            guard let merged = states[key]?.merged(), scan.matches(merged) else { continue }
            if let spans = gatherer.add(merged), !body(&result, spans) { return result }
        }
        try scan.filter.checkPatternWork()
        if let spans = gatherer.finish() { _ = body(&result, spans) }
        return result
    }

    @discardableResult
    public func deleteTrace(_ id: TraceID, nowUnixNano: UInt64) throws(SpanStoreError) -> UInt64 {
        try checkOpen()
        deletedTraces[id] = max(nowUnixNano, deletedTraces[id] ?? 0)
        let keys = keysByTrace.removeValue(forKey: id) ?? []
        for key in keys { states[key] = nil }
        return UInt64(keys.count)
    }

    /// Bytes are those of the encoded states.
    public func enforce(_ policy: RetentionPolicy, nowUnixNano: UInt64) throws(SpanStoreError) -> RetentionReport {
        try checkOpen()
        let earliest = policy.earliestStart(nowUnixNano: nowUnixNano)
        deletedTraces = deletedTraces.filter { $0.value >= earliest }
        let spans = states.map { (key: $0, ageStart: $1.merged().ageStartUnixNano, bytes: UInt64($1.encoded().count)) }
            .sorted { ($0.ageStart, $0.key) < ($1.ageStart, $1.key) }
        var report = RetentionReport(remainingBytes: spans.reduce(0) { $0 + $1.bytes })
        for span in spans {
            guard span.ageStart < earliest || report.remainingBytes > policy.maxBytes ?? .max else { break }
            states[span.key] = nil
            keysByTrace[span.key.traceID]?.remove(span.key)
            if keysByTrace[span.key.traceID]?.isEmpty == true { keysByTrace[span.key.traceID] = nil }
            report.spans += 1
            report.bytes += span.bytes
            report.remainingBytes -= span.bytes
        }
        return report
    }

    public func close() { isClosed = true }

    private func checkOpen() throws(SpanStoreError) {
        if isClosed { throw .closedStore }
    }
}

extension SpanStoreError {
    /// What every call after `close()` throws.
    package static let closedStore = SpanStoreError(.closed, "the store was closed")
}
