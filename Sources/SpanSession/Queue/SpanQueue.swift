import ProtoWire
import SpanModel

/// Spans on their way to a session: grouped into batches, bounded in bytes and spans until they are settled.
///
/// No lock and no clock inside; a driver guards it. A span is encoded outside and spliced in by copying its bytes once.
///
/// ```swift
/// span.encode(to: &writer)
/// switch queue.append(writer.bytes, origin: origin, now: now) {
/// case .taken, .tooLarge: break
/// case .batchReady: wakeSender()
/// case .full: queue.drop(.queueFull)   // or wake the sender, wait for room and offer it again
/// }
/// ```
public struct SpanQueue: Sendable {
    /// The outcome of offering a span.
    public enum Outcome: Sendable, Hashable {
        /// Taken; no batch is ready.
        case taken
        /// Taken, and at least one batch is ready: wake who sends.
        case batchReady
        /// There is no room. Nothing was taken and nothing counted: wait and offer it again, or `drop` it. What is
        /// there is ready to be sent: wake who sends.
        case full
        /// Larger than a batch may be: dropped and counted.
        case tooLarge
    }

    /// The bounds of the queue, and of a batch.
    public let limits: SpanQueueLimits

    /// Spans that are not settled.
    public private(set) var queuedSpans = 0

    /// Encoded bytes of the spans that are not settled.
    public private(set) var queuedBytes = 0

    private var open = BatchAssembler()
    private var opened = SessionInstant(nanoseconds: 0)
    private var ready = Fifo<EncodedBatch>()
    /// The number of spans that are not settled in each batch, from `firstUnsettled` on.
    private var unsettled = Fifo<Int>()
    private var firstUnsettled: UInt64 = 1
    private var nextOrdinal: UInt64 = 1
    private var unreported = DropLedger()
    private var dropped = DropLedger()
    private var storedSpans = 0
    private var rejectedSpans = 0
    private var rejectionReason = ""

    /// Makes an empty queue.
    public init(limits: SpanQueueLimits = SpanQueueLimits()) { self.limits = limits }

    /// Offers a span.
    ///
    /// - Parameters:
    ///   - span: an encoded `Span` message, without key and length.
    ///   - origin: best the same object for spans of the same resource and scope.
    ///   - waits: the caller waits for room, so nothing older is given up for this span.
    ///   - now: asked for only when a batch is begun.
    public mutating func append(
        _ span: borrowing RawSpan, origin: EncodedOrigin, waits: Bool = false, now: @autoclosure () -> SessionInstant
    ) -> Outcome {
        let byteCount = span.byteCount
        let alone = BatchAssembler.soleCost(of: byteCount, origin: origin)
        guard alone <= limits.maxBatchBytes else {
            drop(.spanTooLarge)
            return .tooLarge
        }
        var cost = open.cost(of: byteCount, origin: origin)
        var startsBatch = open.isEmpty || open.boundBytes + cost > limits.maxBatchBytes
        if startsBatch { cost = alone }
        while queuedSpans >= limits.maxQueuedSpans || queuedBytes + cost > limits.maxQueuedBytes {
            // What is open is closed, for it is ready to be sent, or the next to be given up.
            closeOpen()
            startsBatch = true
            cost = alone
            guard !waits, limits.whenFull == .dropOldest, giveUpOldest() else { return .full }
        }
        if startsBatch {
            closeOpen()
            opened = now()
        }
        open.append(span, origin: origin)
        queuedSpans += 1
        queuedBytes += cost
        if open.spanCount >= limits.maxBatchSpans { closeOpen() }
        return ready.isEmpty ? .taken : .batchReady
    }

    /// Gives up the batch that has waited longest.
    ///
    /// - Returns: `false` when all that is queued has been handed out.
    private mutating func giveUpOldest() -> Bool {
        guard let batch = ready.popFirst() else { return false }
        settle(
            BatchReceipt(
                ordinal: batch.ordinal, spans: batch.spanCount, queuedBytes: batch.queuedBytes, dropReason: .queueFull))
        unreported.add(DropReason.queueFull.rawValue, UInt64(clamping: batch.spanCount))
        return true
    }

    /// Counts spans that were given up before they were taken.
    public mutating func drop(_ reason: DropReason, spans: Int = 1) {
        let count = UInt64(clamping: spans)
        dropped.add(reason.rawValue, count)
        unreported.add(reason.rawValue, count)
    }

    /// Whether `takeDropped` has something.
    public var hasDropped: Bool { !unreported.isEmpty }

    /// Takes out what `drop` and `tooLarge` counted since the last call, for `ClientSession.reportDropped`.
    public mutating func takeDropped() -> [DropCount] { unreported.take() }

    /// The moment at which the open batch's delay is over; `nil` when there is none.
    public var nextDeadline: SessionInstant? {
        open.isEmpty ? nil : opened.advanced(by: limits.maxBatchDelay)
    }

    /// Whether a batch is closed and waits for `nextBatch`.
    public var hasClosedBatch: Bool { !ready.isEmpty }

    /// Whether `nextBatch` has one.
    public func hasBatch(now: SessionInstant) -> Bool {
        if hasClosedBatch { return true }
        guard let nextDeadline else { return false }
        return now >= nextDeadline
    }

    /// Takes out the oldest batch that is closed, or the open one when its delay is over.
    public mutating func nextBatch(now: SessionInstant) -> EncodedBatch? {
        if ready.isEmpty, hasBatch(now: now) { closeOpen() }
        return ready.popFirst()
    }

    /// Closes the open batch, so that `nextBatch` has it.
    ///
    /// - Returns: the ordinal of the last batch: once it and all before it are settled, so is every span taken so far.
    public mutating func flush() -> UInt64 {
        closeOpen()
        return nextOrdinal - 1
    }

    /// Takes payloads back that nobody needs any more (`ClientSession.takeSpares`), so that batches to come allocate
    /// less.
    public mutating func recycle(_ payloads: consuming [[UInt8]]) {
        while let payload = payloads.popLast() { open.recycle(payload) }
    }

    /// Gives free what a receipt is about, and counts it.
    public mutating func settle(_ receipt: BatchReceipt) {
        if let reason = receipt.dropReason {
            dropped.add(reason.rawValue, UInt64(clamping: receipt.spans))
        } else {
            storedSpans += receipt.spans
        }
        guard receipt.ordinal >= firstUnsettled, receipt.ordinal < nextOrdinal else { return }
        unsettled[Int(receipt.ordinal - firstUnsettled)] -= receipt.spans
        queuedSpans -= receipt.spans
        queuedBytes -= receipt.queuedBytes
        while unsettled.first == 0 {
            _ = unsettled.popFirst()
            firstUnsettled += 1
        }
    }

    /// The collector refused some of the spans that receipts called stored.
    ///
    /// - Parameters:
    ///   - spans: how many the collector refused.
    ///   - reason: in the collector's words; the first is kept.
    ///   - elsewhere: of the spans, how many another queue of the same session called stored; here they only count as
    ///     refused.
    /// - Returns: how many were counted: no more than were called stored, whatever the collector says.
    @discardableResult
    public mutating func rejected(_ spans: Int, reason: String = "", elsewhere: Int = 0) -> Int {
        let count = min(max(spans - elsewhere, 0), storedSpans)
        if count + elsewhere > 0, rejectionReason.isEmpty { rejectionReason = reason }
        storedSpans -= count
        rejectedSpans += count + elsewhere
        return count + elsewhere
    }

    /// Gives up all that was not handed to a session.
    public mutating func abandon(_ reason: DropReason) {
        closeOpen()
        while let batch = ready.popFirst() {
            settle(
                BatchReceipt(
                    ordinal: batch.ordinal, spans: batch.spanCount, queuedBytes: batch.queuedBytes, dropReason: reason))
        }
    }

    /// Whether the batch of that ordinal and all before it are settled.
    public func isSettled(through ordinal: UInt64) -> Bool { firstUnsettled > ordinal }

    /// The fate of all spans so far.
    public var report: DeliveryReport {
        var report = DeliveryReport()
        report.storedSpans = storedSpans
        report.rejectedSpans = rejectedSpans
        report.rejectionReason = rejectionReason
        report.dropped = dropped.counts
        report.pendingSpans = queuedSpans
        return report
    }

    private mutating func closeOpen() {
        guard !open.isEmpty else { return }
        let spanCount = open.spanCount
        let bytes = open.boundBytes
        ready.append(
            EncodedBatch(payload: open.take(), spanCount: spanCount, queuedBytes: bytes, ordinal: nextOrdinal))
        unsettled.append(spanCount)
        nextOrdinal += 1
    }
}
