import SpanMerge
import SpanModel

/// Keeps spans in memory, plainly: what every other engine is held against. Nothing survives the process, and searches
/// look at every span.
public actor InMemorySpanStore: SpanStore {
    private var states: [SpanKey: SpanState] = [:]
    private var keysByTrace: [TraceID: Set<SpanKey>] = [:]
    private var sendersByID: [SenderID: SenderSummary] = [:]
    private var isClosed = false

    public init() {}

    @discardableResult
    public func append(_ group: [IncomingBatch]) throws(SpanStoreError) -> AppendResult {
        try checkOpen()
        var result = AppendResult()
        for batch in group {
            var summary = sendersByID[batch.sender] ?? SenderSummary(sender: batch.sender)
            guard summary.take(batch) else {
                result.skippedBatches += 1
                continue
            }
            let counts = batch.forEachState { key, state in
                states[key, default: SpanState()].join(state)
                keysByTrace[key.traceID, default: []].insert(key)
            }
            summary.storedReports += UInt64(counts.storedReports)
            summary.rejectedReports &+= UInt64(counts.rejectedReports)
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
        let matching = states.values.map { $0.merged() }.filter(query.matches)
        return Array(matching.sorted(by: SpanQuery.precedes).prefix(query.limit))
    }

    public func senders() throws(SpanStoreError) -> [SenderSummary] {
        try checkOpen()
        return sendersByID.values.sorted { $0.sender < $1.sender }
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
