/// The bounds of a `SpanQueue`, and when a batch is full.
public struct SpanQueueLimits: Sendable, Hashable {
    /// Encoded bytes, group headers included, of all spans that are not settled: waiting, in a batch, or sent and not
    /// yet acknowledged. At least `maxBatchBytes` (clamped, with either of the two).
    public var maxQueuedBytes: Int { didSet { maxQueuedBytes = max(maxQueuedBytes, maxBatchBytes) } }
    /// The most spans that are not settled, at least 1 (clamped).
    public var maxQueuedSpans: Int { didSet { maxQueuedSpans = max(maxQueuedSpans, 1) } }
    /// The number of spans at which a batch is closed, at least 1 (clamped).
    public var maxBatchSpans: Int { didSet { maxBatchSpans = max(maxBatchSpans, 1) } }
    /// The most payload bytes of a batch, at least 64 (clamped): one is closed when the next span would take it over
    /// them.
    public var maxBatchBytes: Int {
        didSet {
            maxBatchBytes = max(maxBatchBytes, 64)
            if maxQueuedBytes < maxBatchBytes { maxQueuedBytes = maxBatchBytes }
        }
    }
    /// The time for which the first span of a batch waits before the batch is closed; a negative time is none
    /// (clamped).
    public var maxBatchDelay: Duration { didSet { maxBatchDelay = max(maxBatchDelay, .zero) } }
    /// The fate of a span for which there is no room.
    public var whenFull: FullQueuePolicy

    /// Makes limits; what is out of range is clamped.
    public init(
        maxQueuedBytes: Int = 64 << 20, maxQueuedSpans: Int = 200_000, maxBatchSpans: Int = 8192,
        maxBatchBytes: Int = 1 << 20, maxBatchDelay: Duration = .milliseconds(200),
        whenFull: FullQueuePolicy = .dropNewest
    ) {
        self.maxBatchBytes = max(maxBatchBytes, 64)
        self.maxBatchSpans = max(maxBatchSpans, 1)
        self.maxQueuedBytes = max(maxQueuedBytes, self.maxBatchBytes)
        self.maxQueuedSpans = max(maxQueuedSpans, 1)
        self.maxBatchDelay = max(maxBatchDelay, .zero)
        self.whenFull = whenFull
    }
}

/// Which spans a full queue gives up. Whoever can wait instead offers the span again when there is room, as
/// `SpanReporter.report(_:waitingUpTo:)` does.
public enum FullQueuePolicy: Sendable, Hashable {
    /// The span that is offered: what led to an outage is kept, what came during it is lost.
    case dropNewest
    /// The batches that have waited longest and were not yet sent: the latest spans are kept. What is sent already, and
    /// may be stored, is never given up for room; with nothing else to give up, the span that is offered is.
    case dropOldest
}
