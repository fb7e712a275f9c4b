import SpanMerge
import SpanModel
import SpanStorage

/// A store that passes every call to another one, except those that it implements itself: for stores that fail, wait or
/// count.
package protocol ForwardingStore: SpanStore {
    /// Type of the store that answers.
    associatedtype Inner: SpanStore

    /// Store that answers.
    var inner: Inner { get }
}

extension ForwardingStore {
    package func append(_ group: [IncomingBatch]) async throws(SpanStoreError) -> AppendResult {
        try await inner.append(group)
    }

    package func note(_ changes: [SenderChange], by lease: CollectorLease) async throws(SpanStoreError) -> Bool {
        try await inner.note(changes, by: lease)
    }

    package func endLease(of collector: CollectorID) async throws(SpanStoreError) {
        try await inner.endLease(of: collector)
    }

    package func storedSequence(of sender: SenderID) async throws(SpanStoreError) -> UInt64 {
        try await inner.storedSequence(of: sender)
    }

    package func trace(_ id: TraceID) async throws(SpanStoreError) -> [MergedSpan] { try await inner.trace(id) }

    package func services() async throws(SpanStoreError) -> [ServiceSummary] { try await inner.services() }

    package func search(_ query: SpanQuery) async throws(SpanStoreError) -> [MergedSpan] {
        try await inner.search(query)
    }

    package func senders(nowUnixNano: UInt64) async throws(SpanStoreError) -> [SenderSummary] {
        try await inner.senders(nowUnixNano: nowUnixNano)
    }

    package func scan<Result: Sendable>(
        _ scan: SpanScan, into result: Result, _ body: @Sendable (inout Result, [MergedSpan]) -> Bool
    ) async throws(SpanStoreError) -> Result { try await inner.scan(scan, into: result, body) }

    package func operations(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<OperationSummary> {
        try await inner.operations(scan)
    }

    package func attributeKeys(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<AttributeKeySummary> {
        try await inner.attributeKeys(scan)
    }

    package func attributeValues(
        of key: AttributeKey, _ scan: SpanScan
    ) async throws(SpanStoreError) -> SpanGroups<AttributeValueSummary> {
        try await inner.attributeValues(of: key, scan)
    }

    package func dependencies(_ scan: SpanScan) async throws(SpanStoreError) -> DependencyGraph {
        try await inner.dependencies(scan)
    }

    package func latency(_ query: LatencyQuery) async throws(SpanStoreError) -> SpanGroups<LatencySeries> {
        try await inner.latency(query)
    }

    package func errors(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<ErrorGroup> {
        try await inner.errors(scan)
    }

    package func slow(_ query: SlowQuery) async throws(SpanStoreError) -> SlowSpans { try await inner.slow(query) }

    package func unfinished(
        _ scan: SpanScan, limit: Int, nowUnixNano: UInt64
    ) async throws(SpanStoreError) -> UnfinishedSpans {
        try await inner.unfinished(scan, limit: limit, nowUnixNano: nowUnixNano)
    }

    package func deleteTrace(_ id: TraceID, nowUnixNano: UInt64) async throws(SpanStoreError) -> UInt64 {
        try await inner.deleteTrace(id, nowUnixNano: nowUnixNano)
    }

    package func enforce(
        _ policy: RetentionPolicy, nowUnixNano: UInt64
    ) async throws(SpanStoreError) -> RetentionReport {
        try await inner.enforce(policy, nowUnixNano: nowUnixNano)
    }

    package func close() async throws(SpanStoreError) { try await inner.close() }
}
