import SpanMerge
import SpanModel

/// Keeps merged spans and answers questions about them.
///
/// Every engine passes the checks of `SpanStorageTesting`; `InMemorySpanStore` says what the right answer is. The
/// methods may be called from any task; appends are done one after the other, queries see whole groups only.
public protocol SpanStore: Sendable {
    /// Merges a group of batches, in their order and in one transaction: all of it is stored or nothing.
    ///
    /// When it returns, the group survives a crash of the process and of the machine, as far as the engine promises it
    /// (`InMemorySpanStore` promises neither). A batch whose sequence is not above the stored one of its sender is
    /// skipped whole, its drop counts included; otherwise its reports are merged, and its sequence and drop counts are
    /// stored. A batch with sequence 0 or of `SenderID.none` is not numbered and always merged.
    ///
    /// - Parameter group: in the order in which they were received.
    /// - Throws: what keeps the group from being stored; nothing of it is then visible.
    @discardableResult
    func append(_ group: [IncomingBatch]) async throws(SpanStoreError) -> AppendResult

    /// Notes who came to a collector and who went from it, in this order, and that the collector is there, in one
    /// transaction. A sender that is not known becomes known.
    ///
    /// Several collectors may write to one store. A sender is `connected` while it is so at any whose lease holds; else it is
    /// what became of the connection that began last. One whose collector's lease has lapsed became `gone`.
    ///
    /// - Parameters:
    ///   - changes: empty where the lease alone is to be renewed.
    ///   - lease: of the collector. Collectors whose lease does not hold when this one was given are forgotten.
    /// - Returns: whether the collector was known. If not, and it has noted something before, then that is forgotten, and
    ///   it is to note anew who is connected.
    /// - Throws: what keeps it from being stored; nothing of it is then visible.
    @discardableResult
    func note(_ changes: [SenderChange], by lease: CollectorLease) async throws(SpanStoreError) -> Bool

    /// Notes that a collector has ended: whoever is connected to it is gone. One that is not known has ended already.
    func endLease(of collector: CollectorID) async throws(SpanStoreError)

    /// The highest sequence that is stored of a sender, 0 if none.
    func storedSequence(of sender: SenderID) async throws(SpanStoreError) -> UInt64

    /// The spans of a trace by key; empty when there are none. `TraceTree` puts them in shape.
    func trace(_ id: TraceID) async throws(SpanStoreError) -> [MergedSpan]

    /// The services that spans came from, by name (bytes); one with an empty name stands for spans without.
    func services() async throws(SpanStoreError) -> [ServiceSummary]

    /// The spans that match, in the query's order.
    ///
    /// - Throws: also `invalidQuery`, as `SpanQuery.check` has it.
    func search(_ query: SpanQuery) async throws(SpanStoreError) -> [MergedSpan]

    /// The senders that batches came from, or that were noted, by id.
    ///
    /// - Parameter nowUnixNano: by which leases hold or have lapsed, nanoseconds since 1970-01-01T00:00:00Z.
    func senders(nowUnixNano: UInt64) async throws(SpanStoreError) -> [SenderSummary]

    // MARK: Analysis. All of it follows from `scan`, and is there for every engine; one that knows a faster way to the
    // same answer has its own. Every answer is computed from merged spans, so that a late copy is not counted twice.

    /// Calls `body` for the spans that a scan means, those of one trace in one call: traces in no order, the spans of each
    /// by key, in a state of the store that is made of whole groups.
    ///
    /// Memory is bounded by `SpanScan.maxSpansAtOnce` for each trace, of which a larger one comes in several calls, and by
    /// how many traces overlap in time. The store may be read and written meanwhile; the engine may need room for what is
    /// written until the scan ends, so `body` should not wait for people.
    ///
    /// - Parameters:
    ///   - result: what `body` gathers in; handed from call to call.
    ///   - body: may run on a thread of the engine. Returns `false` to end the scan.
    /// - Returns: what `body` gathered.
    func scan<Result: Sendable>(
        _ scan: SpanScan, into result: Result, _ body: @Sendable (inout Result, [MergedSpan]) -> Bool
    ) async throws(SpanStoreError) -> Result

    /// The operations of the spans that a scan means, by service, name (bytes) and kind.
    func operations(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<OperationSummary>

    /// The keys of attributes, of spans first, then of resources, each by key (bytes).
    func attributeKeys(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<AttributeKeySummary>

    /// The values of an attribute, the most frequent first.
    func attributeValues(
        of key: AttributeKey, _ scan: SpanScan
    ) async throws(SpanStoreError) -> SpanGroups<AttributeValueSummary>

    /// Who calls whom: the calls of which the caller's span (the callee's, where the caller reported none) is among those
    /// that the scan means. `docs/analysis.md` says what a call is.
    func dependencies(_ scan: SpanScan) async throws(SpanStoreError) -> DependencyGraph

    /// Rate, errors and durations by operation, in steps of time.
    func latency(_ query: LatencyQuery) async throws(SpanStoreError) -> SpanGroups<LatencySeries>

    /// Spans with status `error`, those together that failed in the same way, the most frequent first.
    func errors(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<ErrorGroup>

    /// The slowest spans and operations.
    func slow(_ query: SlowQuery) async throws(SpanStoreError) -> SlowSpans

    /// Spans without an end, those that run for the longest first, and whether an end is to be expected.
    ///
    /// - Parameters:
    ///   - limit: how many spans at the most; held within `SpanQuery.limitRange`. The counts are of all.
    ///   - nowUnixNano: by which senders are there or not; as of `senders(nowUnixNano:)`.
    func unfinished(
        _ scan: SpanScan, limit: Int, nowUnixNano: UInt64
    ) async throws(SpanStoreError) -> UnfinishedSpans

    // MARK: Removing

    /// Removes the spans of a trace, durably, and remembers that: reports of it that come later, resent ones too, are
    /// left out and counted (`AppendResult.deletedReports`). So it does not matter what came first.
    ///
    /// - Parameters:
    ///   - id: need not be in the store; its reports will be left out all the same.
    ///   - nowUnixNano: nanoseconds since 1970-01-01T00:00:00Z. Retention by age forgets the deletion when it is as old as
    ///     spans may become: a report of the trace that comes after that is removed by its own age.
    /// - Returns: how many merged spans there were.
    @discardableResult
    func deleteTrace(_ id: TraceID, nowUnixNano: UInt64) async throws(SpanStoreError) -> UInt64

    /// Removes what a policy does not keep: first spans by age, then, while the store has too many bytes, those that
    /// started first.
    ///
    /// A span's age counts from `MergedSpan.ageStartUnixNano`. None that is younger than the policy says is removed by
    /// age; an engine may keep older ones for as long as it documents. Spans are removed one by one, not by trace: of a
    /// trace across the border the older spans go first. A late report of a removed span is stored as a new one, until
    /// retention is enforced again.
    func enforce(_ policy: RetentionPolicy, nowUnixNano: UInt64) async throws(SpanStoreError) -> RetentionReport

    /// Ends the store's work; every later call throws `closed`. Closing twice is allowed.
    func close() async throws(SpanStoreError)
}
