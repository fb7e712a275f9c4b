import SpanMerge
import SpanModel

/// Storage engine: keeps merged spans and answers questions about them.
///
/// Every engine passes the checks of `SpanStorageTesting`; `InMemorySpanStore` is the oracle for the right answer.
/// Methods may be called from any task. Appends run one after the other; questions see whole groups only.
///
/// Every method throws `closed` after `close()`, and an engine's own fault, such as `busy`, `ioFailed` or `corrupt`,
/// when it cannot do its work. Questions may also throw `cancelled` when their task is cancelled, and `invalidQuery`
/// when the patterns of their filter take too long.
public protocol SpanStore: Sendable {
    /// Merges a group of batches, in their order and in one transaction: either all of it is stored or nothing.
    ///
    /// When the call returns, the group survives a crash of the process and of the machine, as far as the engine
    /// promises it (`InMemorySpanStore` promises neither). A batch whose sequence is not above the stored one of its
    /// sender is skipped whole, its drop counts included, so that appending a batch again is idempotent. Otherwise its
    /// reports are merged, and its sequence and drop counts are stored. A batch with sequence 0 or of `SenderID.none`
    /// is not numbered and always merged.
    ///
    /// - Parameter group: batches in the order in which they were received.
    /// - Throws: the fault that keeps the group from being stored, such as `diskFull`; nothing of the group is then
    ///   visible.
    @discardableResult
    func append(_ group: [IncomingBatch]) async throws(SpanStoreError) -> AppendResult

    /// Records arrivals and departures of senders at a collector, in their order, and renews the collector's lease, in
    /// one transaction. An unknown sender becomes known.
    ///
    /// Several collectors may write to one store. A sender is `connected` while it is connected to any collector whose
    /// lease holds; else its presence is the outcome of the connection that began last. A sender whose collector's
    /// lease has lapsed is `gone`.
    ///
    /// - Parameters:
    ///   - changes: arrivals and departures; empty to renew the lease alone.
    ///   - lease: lease of the collector. Collectors whose lease does not hold at its time of renewal are forgotten.
    /// - Returns: `true` when the collector was known. A collector that has recorded something before and gets `false`
    ///   was forgotten, and has to record anew which senders are connected.
    /// - Throws: the fault that keeps the changes from being stored; nothing of them is then visible.
    @discardableResult
    func note(_ changes: [SenderChange], by lease: CollectorLease) async throws(SpanStoreError) -> Bool

    /// Ends a collector's lease: senders that are connected to it become `gone`. An unknown collector has ended
    /// already, and nothing is done.
    ///
    /// - Throws: the fault that keeps the change from being stored; see `SpanStore`.
    func endLease(of collector: CollectorID) async throws(SpanStoreError)

    /// Returns the highest stored sequence of a sender; 0 when there is none.
    ///
    /// - Throws: `closed`, or the engine's fault; see `SpanStore`.
    func storedSequence(of sender: SenderID) async throws(SpanStoreError) -> UInt64

    /// Returns the spans of a trace, ordered by key; empty when there are none. `TraceTree` assembles them.
    ///
    /// - Throws: `closed`, `cancelled`, or the engine's fault; see `SpanStore`.
    func trace(_ id: TraceID) async throws(SpanStoreError) -> [MergedSpan]

    /// Returns the services that reported spans, ordered by name (bytes); an empty name stands for spans without a
    /// service.
    ///
    /// - Throws: `closed`, `cancelled`, or the engine's fault; see `SpanStore`.
    func services() async throws(SpanStoreError) -> [ServiceSummary]

    /// Returns the spans that satisfy a query, in its order, at most its limit.
    ///
    /// - Throws: `invalidQuery` when the cursor belongs to another order or the patterns take too long; `closed`,
    ///   `cancelled`, or the engine's fault.
    func search(_ query: SpanQuery) async throws(SpanStoreError) -> [MergedSpan]

    /// Returns the senders that sent batches or were recorded by a collector, ordered by id.
    ///
    /// - Parameter nowUnixNano: time at which leases hold or have lapsed, nanoseconds since 1970-01-01T00:00:00Z.
    /// - Throws: `closed`, `cancelled`, or the engine's fault; see `SpanStore`.
    func senders(nowUnixNano: UInt64) async throws(SpanStoreError) -> [SenderSummary]

    // MARK: Analysis. All of it follows from `scan`, and is there for every engine; one that knows a faster way to the
    // same answer has its own. Every answer is computed from merged spans, so that a late copy is not counted twice.

    /// Calls `body` with the spans that a scan selects, one trace at a time: traces in no particular order, the spans
    /// of each ordered by key, in a state of the store that consists of whole groups.
    ///
    /// Memory is bounded by `SpanScan.maxSpansAtOnce` for each trace, of which a larger one comes in several calls, and
    /// by the number of traces that overlap in time. The store may be read and written meanwhile. The engine may need
    /// disk space for what is written until the scan ends, so `body` should not wait for people.
    ///
    /// - Parameters:
    ///   - scan: selection of spans.
    ///   - result: value that is handed from call to call.
    ///   - body: adds spans to the value; may run on a thread of the engine. Returns `false` to end the scan.
    /// - Returns: the value after the last call.
    /// - Throws: `invalidQuery` when the patterns take too long; `closed`, `cancelled`, or the engine's fault.
    func scan<Result: Sendable>(
        _ scan: SpanScan, into result: Result, _ body: @Sendable (inout Result, [MergedSpan]) -> Bool
    ) async throws(SpanStoreError) -> Result

    /// Returns the operations of the spans that a scan selects, ordered by service, name (bytes) and kind.
    ///
    /// - Throws: the errors of `scan(_:into:_:)`.
    func operations(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<OperationSummary>

    /// Returns the keys of attributes of the spans that a scan selects: first those of spans, then those of resources,
    /// each ordered by key (bytes).
    ///
    /// - Throws: the errors of `scan(_:into:_:)`.
    func attributeKeys(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<AttributeKeySummary>

    /// Returns the values of an attribute among the spans that a scan selects, the most frequent first.
    ///
    /// - Throws: the errors of `scan(_:into:_:)`.
    func attributeValues(
        of key: AttributeKey, _ scan: SpanScan
    ) async throws(SpanStoreError) -> SpanGroups<AttributeValueSummary>

    /// Returns the calls between services whose caller's span a scan selects; for a call whose caller reported no span,
    /// the callee's. `docs/analysis.md` defines a call.
    ///
    /// - Throws: the errors of `scan(_:into:_:)`.
    func dependencies(_ scan: SpanScan) async throws(SpanStoreError) -> DependencyGraph

    /// Returns rate, errors and durations by operation, in steps of time.
    ///
    /// - Throws: the errors of `scan(_:into:_:)`.
    func latency(_ query: LatencyQuery) async throws(SpanStoreError) -> SpanGroups<LatencySeries>

    /// Returns the spans with status `error` that a scan selects, grouped by the way in which they failed, the most
    /// frequent group first.
    ///
    /// - Throws: the errors of `scan(_:into:_:)`.
    func errors(_ scan: SpanScan) async throws(SpanStoreError) -> SpanGroups<ErrorGroup>

    /// Returns the slowest spans and operations.
    ///
    /// - Throws: the errors of `scan(_:into:_:)`.
    func slow(_ query: SlowQuery) async throws(SpanStoreError) -> SlowSpans

    /// Returns the spans without an end that a scan selects, the earliest start first, each with its prospect of an
    /// end.
    ///
    /// - Parameters:
    ///   - scan: selection of spans.
    ///   - limit: greatest number of spans in the answer, clamped to `SpanQuery.limitRange`. The counts are of all
    ///     spans.
    ///   - nowUnixNano: time at which leases hold or have lapsed, as for `senders(nowUnixNano:)`.
    /// - Throws: the errors of `scan(_:into:_:)`.
    func unfinished(
        _ scan: SpanScan, limit: Int, nowUnixNano: UInt64
    ) async throws(SpanStoreError) -> UnfinishedSpans

    // MARK: Removing

    /// Removes the spans of a trace durably and leaves a tombstone: later reports of the trace, resent ones included,
    /// are left out and counted (`AppendResult.deletedReports`). So the order in which reports and the deletion arrive
    /// does not matter.
    ///
    /// - Parameters:
    ///   - id: trace to delete; it need not be in the store, and its later reports are left out all the same.
    ///   - nowUnixNano: time of the deletion, nanoseconds since 1970-01-01T00:00:00Z. Retention by age removes the
    ///     tombstone when it is as old as spans may become; a report of the trace that comes after that is removed by
    ///     its own age.
    /// - Returns: the number of merged spans that were removed.
    /// - Throws: the fault that keeps the deletion from being stored; see `SpanStore`.
    @discardableResult
    func deleteTrace(_ id: TraceID, nowUnixNano: UInt64) async throws(SpanStoreError) -> UInt64

    /// Removes spans that a policy does not keep: first those beyond its age, then, while the store has too many bytes,
    /// those that started first.
    ///
    /// A span's age counts from `MergedSpan.ageStartUnixNano`. No span that is younger than the policy's age is removed
    /// by age; an engine may keep older ones for as long as it documents. Spans are removed one by one, not by trace:
    /// of a trace that crosses the border the older spans go first. A late report of a removed span is stored as a new
    /// one, until the policy is enforced again.
    ///
    /// - Throws: the fault that keeps spans from being removed; see `SpanStore`.
    func enforce(_ policy: RetentionPolicy, nowUnixNano: UInt64) async throws(SpanStoreError) -> RetentionReport

    /// Ends the store's work; every later call throws `closed`. Closing twice is allowed.
    ///
    /// - Throws: the engine's fault while it finished its work.
    func close() async throws(SpanStoreError)
}
