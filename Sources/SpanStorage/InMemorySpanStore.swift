import ProtoWire
import SpanMerge
import SpanModel

/// Engine that keeps spans in memory, written plainly: the oracle for every other engine. Nothing survives the process,
/// and every search looks at all spans.
public actor InMemorySpanStore: SpanStore {
    private var states: [SpanKey: SpanState] = [:]
    private var keysByTrace: [TraceID: Set<SpanKey>] = [:]
    private var sendersByID: [SenderID: SenderSummary] = [:]
    private var leases: [CollectorID: CollectorLease] = [:]
    /// Beginning of the connection of each sender to each collector.
    private var connections: [SenderID: [CollectorID: UInt64]] = [:]
    /// Outcome of each sender's connection that began last among those that have ended.
    private var ends: [SenderID: End] = [:]
    private struct End {
        var presence: SenderPresence
        var sinceUnixNano: UInt64
    }
    /// Deleted traces with the time of their deletion.
    private var deletedTraces: [TraceID: UInt64] = [:]
    private var isClosed = false

    /// Creates an empty store.
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

    @discardableResult
    public func note(_ changes: [SenderChange], by lease: CollectorLease) throws(SpanStoreError) -> Bool {
        try checkOpen()
        let isKnown = leases.updateValue(lease, forKey: lease.collector) != nil
        for other in leases.values where !other.holds(atUnixNano: lease.renewedAtUnixNano) {
            if other.collector != lease.collector { forget(other.collector) }
        }
        for change in changes {
            sendersByID[change.sender, default: SenderSummary(sender: change.sender)].take(change)
            let open = connections[change.sender]?[lease.collector]
            if change.presence == .connected {
                // A connection begins after what is known of the sender, whatever a clock that was set back says.
                let since = max(change.atUnixNano, open ?? 0, ends[change.sender]?.sinceUnixNano ?? 0)
                connections[change.sender, default: [:]][lease.collector] = since
            } else {
                connections[change.sender]?[lease.collector] = nil
                end(change.sender, change.presence, since: open ?? change.atUnixNano)
            }
        }
        return isKnown
    }

    public func endLease(of collector: CollectorID) throws(SpanStoreError) {
        try checkOpen()
        forget(collector)
    }

    /// Removes a collector's lease; senders that are connected to it become `gone`.
    private func forget(_ collector: CollectorID) {
        leases[collector] = nil
        for sender in Array(connections.keys) {
            guard let since = connections[sender]?.removeValue(forKey: collector) else { continue }
            end(sender, .gone, since: since)
        }
    }

    /// Records the outcome of a connection, unless that of a connection that began later is known.
    private func end(_ sender: SenderID, _ presence: SenderPresence, since: UInt64) {
        if let known = ends[sender], known.sinceUnixNano > since { return }
        ends[sender] = End(presence: presence, sinceUnixNano: since)
    }

    private func presence(of sender: SenderID, nowUnixNano: UInt64) -> SenderPresence {
        let open = connections[sender] ?? [:]
        if open.keys.contains(where: { leases[$0]?.holds(atUnixNano: nowUnixNano) ?? false }) { return .connected }
        let last = ends[sender]
        return open.values.contains { $0 >= last?.sinceUnixNano ?? 0 } ? .gone : last?.presence ?? .unknown
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
        var summaries: [ExactText: ServiceSummary] = [:]
        for state in states.values {
            let merged = state.merged()
            let name = ExactText(merged.service)
            var summary =
                summaries[name] ?? ServiceSummary(name: merged.service, spans: 0, newestStartUnixNano: 0)
            summary.spans += 1
            summary.newestStartUnixNano = max(summary.newestStartUnixNano, merged.span.startTimeUnixNano)
            summaries[name] = summary
        }
        return summaries.sorted { $0.key.order($1.key) < 0 }.map(\.value)
    }

    public func search(_ query: SpanQuery) throws(SpanStoreError) -> [MergedSpan] {
        try checkOpen()
        try query.check()
        let query = query.metered
        let matching = states.values.map { $0.merged() }.filter(query.matches)
        try query.filter.checkPatternWork()
        return Array(matching.sorted(by: query.order.precedes).prefix(query.limit))
    }

    public func senders(nowUnixNano: UInt64) throws(SpanStoreError) -> [SenderSummary] {
        try checkOpen()
        return sendersByID.values.sorted { $0.sender < $1.sender }.map { known in
            var summary = known
            summary.presence = presence(of: known.sender, nowUnixNano: nowUnixNano)
            return summary
        }
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

    /// Removes spans as `SpanStore.enforce` states. Bytes are those of the encoded states.
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
    /// Error that every call after `close()` throws.
    package static let closedStore = SpanStoreError(.closed, "the store was closed")

    /// Error that answers a question whose task was cancelled.
    package static let cancelledQuestion = SpanStoreError(
        .cancelled, "the task that asked was cancelled before the answer was there; ask again where it is still wanted")

    /// Checks for cancellation; engines call it now and then while they look for an answer.
    ///
    /// - Throws: `cancelled` when the current task is cancelled.
    package static func checkCancelled() throws(SpanStoreError) {
        if Task.isCancelled { throw .cancelledQuestion }
    }
}
