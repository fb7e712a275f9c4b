import SpanModel
import SpanTransport

/// The senders that are to be looked up, each after the batches of it that were handed over before: what is stored of a
/// sender is not known before those have come to their end.
struct SenderLookUps {
    /// A sender to look up, and who waits for the answer.
    struct LookUp: Sendable {
        var sender: SenderID
        var connection: ServerConnectionID
        var completion: @Sendable (SinkAnswer<UInt64>) -> Void
    }

    /// Batches without an answer.
    private var unanswered: [SenderID: Int] = [:]
    private var held: [SenderID: [LookUp]] = [:]
    private var ready: [LookUp] = []

    /// A batch of a sender was handed over.
    mutating func batchCame(of sender: SenderID) { unanswered[sender, default: 0] += 1 }

    /// A batch of a sender was stored or refused.
    mutating func batchAnswered(of sender: SenderID) {
        guard let count = unanswered[sender], count <= 1 else {
            unanswered[sender]? -= 1
            return
        }
        unanswered[sender] = nil
        if let free = held.removeValue(forKey: sender) { ready += free }
    }

    mutating func add(_ lookUp: LookUp) {
        if unanswered[lookUp.sender] == nil {
            ready.append(lookUp)
        } else {
            held[lookUp.sender, default: []].append(lookUp)
        }
    }

    /// Whether some can be answered now.
    var isReady: Bool { !ready.isEmpty }

    /// Takes those out that can be answered now.
    mutating func takeReady() -> [LookUp] {
        defer { ready = [] }
        return ready
    }
}
