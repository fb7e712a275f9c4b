import ProtoWire
import SpanModel

/// The bounds of a `SpanQueue`, and when a batch is full.
public struct SpanQueueLimits: Sendable, Hashable {
    /// Encoded bytes of all spans that are not settled: waiting, in a batch, or sent and not yet acknowledged.
    public var maxQueuedBytes: Int
    /// The same in spans.
    public var maxQueuedSpans: Int
    /// A batch is closed when it has so many spans …
    public var maxBatchSpans: Int
    /// … or when the next span would take its payload over so many bytes …
    public var maxBatchBytes: Int
    /// … or when its first span has waited so long.
    public var maxBatchDelay: Duration

    public init(
        maxQueuedBytes: Int = 64 << 20, maxQueuedSpans: Int = 200_000, maxBatchSpans: Int = 8192,
        maxBatchBytes: Int = 1 << 20, maxBatchDelay: Duration = .milliseconds(200)
    ) {
        self.maxQueuedBytes = max(maxQueuedBytes, 1)
        self.maxQueuedSpans = max(maxQueuedSpans, 1)
        self.maxBatchSpans = max(maxBatchSpans, 1)
        self.maxBatchBytes = max(maxBatchBytes, 64)
        self.maxBatchDelay = maxBatchDelay
    }
}

/// Spans on their way to a session: grouped into batches, bounded in bytes and spans until they are settled.
///
/// No lock and no clock inside; a driver guards it. A span is encoded outside, spliced in once by copying its bytes.
public struct SpanQueue: Sendable {
    /// What became of a span that was offered.
    public enum Outcome: Sendable, Hashable {
        /// Taken; the batch it went to is still open.
        case taken
        /// Taken, and a batch is ready: wake who sends.
        case batchReady
        /// There is no room. Nothing was taken and nothing counted: wait and offer it again, or `drop` it.
        case full
        /// Larger than a batch may be: dropped and counted.
        case tooLarge
    }

    public let limits: SpanQueueLimits

    public init(limits: SpanQueueLimits = SpanQueueLimits()) { self.limits = limits }

    /// Offers a span.
    ///
    /// - Parameter span: an encoded `Span` message, without key and length.
    public mutating func append(_ span: borrowing RawSpan, origin: SpanOrigin, now: SessionInstant) -> Outcome { .full }

    /// Counts spans that were given up before they were taken.
    public mutating func drop(_ reason: DropReason, spans: Int = 1) {}

    /// What was dropped since the last call, for `ClientSession.reportDropped`.
    public mutating func takeDropped() -> [DropCount] { [] }

    /// When the open batch's delay is over; `nil` when nothing waits.
    public var nextDeadline: SessionInstant? { nil }

    /// The oldest batch that is closed, or the open one when its delay is over.
    public mutating func nextBatch(now: SessionInstant) -> EncodedBatch? { nil }

    /// Closes the open batch.
    ///
    /// - Returns: the ordinal of the last batch: once it and all before it are settled, so is every span taken so far.
    public mutating func flush() -> UInt64 { 0 }

    /// Gives free what a receipt is about.
    public mutating func settle(_ receipt: BatchReceipt) {}

    /// Whether the batch of that ordinal and all before it are settled.
    public func isSettled(through ordinal: UInt64) -> Bool { true }

    /// Spans that are not settled.
    public var queuedSpans: Int { 0 }

    /// Encoded bytes of the spans that are not settled.
    public var queuedBytes: Int { 0 }
}
