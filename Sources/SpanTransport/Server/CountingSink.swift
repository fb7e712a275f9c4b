import SpanModel
import SpanSession
import Synchronization

/// Counts what senders deliver, acknowledges it and keeps nothing: the transport alone, for measuring it.
public final class CountingSink: SpanSink {
    /// The counts of what came so far.
    public struct Counts: Sendable, Hashable {
        /// Batches.
        public var batches: UInt64 = 0
        /// Spans that are fit to be stored.
        public var spans: UInt64 = 0
        /// Payload bytes, decompressed.
        public var payloadBytes: UInt64 = 0
        /// Spans that senders told they had given up.
        public var droppedSpans: UInt64 = 0
    }

    private struct State {
        var counts = Counts()
        /// The highest sequence of each sender, while it is connected or may come back.
        var sequences: [SenderID: UInt64] = [:]
    }

    private let state = Mutex(State())

    /// Makes a sink that has counted nothing.
    public init() {}

    /// Up to now.
    public var counts: Counts { state.withLock { $0.counts } }

    public func findSender(
        _ sender: SenderID, connection: ServerConnectionID, agent: String,
        completion: @escaping @Sendable (SinkAnswer<UInt64>) -> Void
    ) {
        completion(.done(state.withLock { $0.sequences[sender] ?? 0 }))
    }

    public func store(_ delivery: Delivery, completion: @escaping @Sendable (SinkAnswer<StoredBatch>) -> Void) {
        let batch = delivery.batch
        state.withLock { state in
            state.sequences[delivery.sender] = batch.sequence
            state.counts.batches += 1
            state.counts.spans += UInt64(batch.spanCount)
            state.counts.payloadBytes += UInt64(batch.payloadBytes)
            for drop in batch.dropped { state.counts.droppedSpans &+= drop.spans }
        }
        completion(.done(StoredBatch(sequence: batch.sequence)))
    }

    public func connectionEnded(_ connection: ServerConnectionID, sender: SenderID?, saidGoodbye: Bool) {
        guard saidGoodbye, let sender else { return }
        state.withLock { $0.sequences[sender] = nil }
    }
}
