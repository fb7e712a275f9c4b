import SpanModel
import SpanSession
import SpanTransport
import Synchronization

/// Takes every batch and keeps the answers back until it is told to give them.
final class HoldingSink: SpanSink {
    private struct State {
        var held: [@Sendable () -> Void] = []
        var mostHeld = 0
        var answers = false
    }

    private let state = Mutex(State())
    private let stores: AsyncStream<Void>
    private let store: AsyncStream<Void>.Continuation

    init() { (stores, store) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1)) }

    /// The most batches that were without an answer at one time.
    var mostHeld: Int { state.withLock { $0.mostHeld } }

    /// Returns once a batch came.
    func firstStore() async { for await _ in stores { return } }

    func answerFromNowOn() {
        let held = state.withLock { state in
            state.answers = true
            defer { state.held = [] }
            return state.held
        }
        for answer in held { answer() }
    }

    func findSender(
        _ sender: SenderID, connection: ServerConnectionID, agent: String,
        completion: @escaping @Sendable (SinkAnswer<UInt64>) -> Void
    ) {
        completion(.done(0))
    }

    func store(_ delivery: Delivery, completion: @escaping @Sendable (SinkAnswer<StoredBatch>) -> Void) {
        let sequence = delivery.batch.sequence
        let answer: @Sendable () -> Void = { completion(.done(StoredBatch(sequence: sequence))) }
        let isHeld = state.withLock { state in
            if !state.answers { state.held.append(answer) }
            state.mostHeld = max(state.mostHeld, state.held.count)
            return !state.answers
        }
        store.yield()
        if !isHeld { answer() }
    }

    func connectionEnded(_ connection: ServerConnectionID, sender: SenderID?, saidGoodbye: Bool) {}
}
