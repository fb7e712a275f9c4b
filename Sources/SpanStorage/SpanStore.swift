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

    /// Notes who came and who went, in this order and in one transaction. A sender that is not known becomes known.
    ///
    /// - Throws: what keeps it from being stored; nothing of it is then visible.
    func note(_ changes: [SenderChange]) async throws(SpanStoreError)

    /// The highest sequence that is stored of a sender, 0 if none.
    func storedSequence(of sender: SenderID) async throws(SpanStoreError) -> UInt64

    /// The spans of a trace by key; empty when there are none. `TraceTree` puts them in shape.
    func trace(_ id: TraceID) async throws(SpanStoreError) -> [MergedSpan]

    /// The services that spans came from, by name (bytes); one with an empty name stands for spans without.
    func services() async throws(SpanStoreError) -> [ServiceSummary]

    /// The spans that match, newest start first, then by key.
    func search(_ query: SpanQuery) async throws(SpanStoreError) -> [MergedSpan]

    /// The senders that batches came from, by id.
    func senders() async throws(SpanStoreError) -> [SenderSummary]

    /// Ends the store's work; every later call throws `closed`. Closing twice is allowed.
    func close() async throws(SpanStoreError)
}
