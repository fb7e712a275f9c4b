import NIOCore
import SpanModel
import SpanSession

/// Reports the spans of one instrumentation scope.
public struct SpanReporter: Sendable {
    private let client: SpanClient
    private let origin: EncodedOrigin

    init(client: SpanClient, origin: EncodedOrigin) {
        self.client = client
        self.origin = origin
    }

    /// Hands a span over, without waiting. O(size of the span): it is encoded on the calling thread.
    ///
    /// - Returns: `false` when it was dropped: the queue is full, the span too large, or the client shut down. Such a
    ///   span is counted, and the count told to the collector where there still is one.
    @discardableResult
    public func report(_ span: SpanRecord) -> Bool {
        client.offer(span, origin, countsFull: true) == .taken
    }

    /// Hands a span over, waiting for room where the queue is full: for work that rather slows down than loses spans. A task
    /// that is cancelled waits no longer, as if the limit were over.
    ///
    /// - Parameters:
    ///   - span: the span, as it is to be stored.
    ///   - limit: after which the span is dropped and counted as `queue_full`; `.zero` does not wait.
    /// - Returns: `false` when it was dropped.
    @discardableResult
    public func report(_ span: SpanRecord, waitingUpTo limit: Duration) async -> Bool {
        await client.deliver(span, origin, until: .now() + TimeAmount(limit)) == .taken
    }

    /// Hands a span over if there is room, and counts nothing if not.
    package func offer(_ span: SpanRecord) -> SpanOffer {
        client.offer(span, origin, countsFull: false)
    }

    /// Waits until it is worth offering a span again that found no room, or for `limit`.
    package func waitForRoom(upTo limit: Duration) async {
        await client.waitForRoom(until: .now() + TimeAmount(limit))
    }
}
