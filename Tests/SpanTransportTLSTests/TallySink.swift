import SpanModel
import SpanSession
import SpanTransport
import Synchronization

/// Takes every batch at once, and counts by sender.
final class TallySink: SpanSink {
    private struct State {
        var spans: [SenderID: Int] = [:]
        var stored: [SenderID: UInt64] = [:]
        var connections = 0
    }

    private let state = Mutex(State())

    /// Spans of all senders.
    var spanCount: Int { state.withLock { $0.spans.values.reduce(0, +) } }

    /// Senders that were let in, one for each time.
    var greetings: Int { state.withLock(\.connections) }

    func findSender(
        _ sender: SenderID, connection: ServerConnectionID, agent: String,
        completion: @escaping @Sendable (SinkAnswer<UInt64>) -> Void
    ) {
        let stored = state.withLock { state in
            state.connections += 1
            return state.stored[sender] ?? 0
        }
        completion(.done(stored))
    }

    func store(_ delivery: Delivery, completion: @escaping @Sendable (SinkAnswer<StoredBatch>) -> Void) {
        let batch = delivery.batch
        state.withLock { state in
            state.spans[delivery.sender, default: 0] += batch.spanCount
            state.stored[delivery.sender] = batch.sequence
        }
        completion(.done(StoredBatch(sequence: batch.sequence)))
    }

    func connectionEnded(_ connection: ServerConnectionID, sender: SenderID?, saidGoodbye: Bool) {}
}
