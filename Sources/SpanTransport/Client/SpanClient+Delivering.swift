import Logging
import Metrics
import NIOCore
import SpanModel
import SpanSession
import Synchronization

// Spans on their way into the queue or the spool.
extension SpanClient {
    /// Hands over spans of any resources and scopes, such as captured ones, waiting for room in the queue.
    ///
    /// A task that is cancelled waits no longer, as if the limit were over: the spans that are left are taken if there
    /// is room, else dropped and counted.
    ///
    /// - Returns: how many were taken; the others found no room within the limit and are counted as `queue_full`.
    public func deliver(_ batch: SpanBatch, within limit: Duration) async -> Int {
        await deliver(batch, within: limit, countsClosed: true).taken
    }

    /// Hands over spans like `deliver`, for who can hand them over again: from the client's shutdown on nothing more is
    /// handed over, and what is left of the batch is not counted as dropped.
    ///
    /// - Returns: how many spans were handed over, those that found no room included.
    package func deliverUntilClosed(_ batch: SpanBatch, within limit: Duration) async -> Int {
        await deliver(batch, within: limit, countsClosed: false).handedOver
    }

    private func deliver(
        _ batch: SpanBatch, within limit: Duration, countsClosed: Bool
    ) async -> (taken: Int, handedOver: Int) {
        let deadline = NIODeadline.now() + TimeAmount(limit)
        var (taken, handedOver) = (0, 0)
        for resourceSpans in batch.resourceSpans {
            for scopeSpans in resourceSpans.scopeSpans {
                let origin = EncodedOrigin(
                    resource: resourceSpans.resource, resourceSchemaURL: resourceSpans.schemaURL,
                    scope: scopeSpans.scope, scopeSchemaURL: scopeSpans.schemaURL)
                for span in scopeSpans.spans {
                    switch await deliver(span, origin, until: deadline, countsClosed: countsClosed) {
                    case .taken: taken += 1
                    case .closed: return (taken, handedOver)
                    case .dropped, .full: break
                    }
                    handedOver += 1
                }
            }
        }
        return (taken, handedOver)
    }

    /// - Returns: not `full`, for then the span is dropped.
    func deliver(
        _ span: SpanRecord, _ origin: EncodedOrigin, until deadline: NIODeadline, countsClosed: Bool = true
    ) async -> SpanOffer {
        // Mostly there is room, and no clock is asked.
        var isLastTry = false
        while true {
            let offer = offer(span, origin, countsFull: isLastTry, countsClosed: countsClosed)
            guard offer == .full, !isLastTry else { return offer == .full ? .dropped : offer }
            await waitForRoom(until: deadline)
            isLastTry = Task.isCancelled || NIODeadline.now() >= deadline
        }
    }

    private static func take(_ count: inout UInt64) -> UInt64 {
        defer { count = 0 }
        return count
    }

    /// Waits until it is worth offering a span again that found no room.
    func waitForRoom(until deadline: NIODeadline) async {
        await state.wait(until: deadline) { $0.isOver || $0.isClosed || $0.hasRoom }
    }

    /// Offers a span without waiting.
    ///
    /// - Parameters:
    ///   - countsFull: a span without room is dropped and counted.
    ///   - countsClosed: a span that comes after the shutdown is dropped and counted.
    func offer(
        _ span: SpanRecord, _ origin: EncodedOrigin, countsFull: Bool, countsClosed: Bool = true
    ) -> SpanOffer {
        let (offer, wakes, works) = encoders.withWriter { writer in
            span.encode(to: &writer)
            return state.withLock { state in
                state.offer(writer, origin, countsFull: countsFull, countsClosed: countsClosed, now: .now())
            }
        }
        if wakes { wakeDriver() }
        if offer == .dropped { countLateDrops() }
        if works { spoolWorker?.start() }
        return offer
    }

    /// Counts what is dropped after the session's end, when no driver comes to do it.
    private func countLateDrops() {
        let (drops, metrics) = state.withLock { state in (state.takeLateDrops(), state.metrics) }
        if !drops.isEmpty { spoolWorker?.start() }
        for drop in drops {
            let reason = DropReason(rawValue: drop.reason)
            metrics?.dropped(reason).increment(by: Int64(clamping: drop.spans))
        }
        let spans = drops.reduce(0) { $0 + $1.spans }
        let unlogged = lateDrops.withLock { count in
            count += spans
            return lateDropGate.pass() == nil ? 0 : Self.take(&count)
        }
        guard unlogged > 0 else { return }
        logger.warning("spans dropped; this client has ended", metadata: ["spans": "\(unlogged)"])
    }
}
