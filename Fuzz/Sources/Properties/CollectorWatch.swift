import ProtoWire
import SpanModel
import SpanSession

/// Looks over a collector's shoulder: whether its actions are such as `docs/protocol.md` allows.
struct CollectorWatch {
    private(set) var isOver = false
    private var hasLookedUp = false
    private var isWelcomed = false
    private var lastStore: UInt64 = 1
    private var waiting: [ReceivedBatch] = []
    private var answered: UInt64 = 1

    func isToLookUp(_ actions: [ServerAction]) -> Bool {
        actions.contains { if case .lookUpSender = $0 { true } else { false } }
    }

    /// The next batches that were to be stored, as stored.
    mutating func takeStored(_ count: Int) -> [StoredBatch] {
        let taken = waiting.prefix(count)
        waiting.removeFirst(taken.count)
        answered = taken.last?.sequence ?? answered
        return taken.map { StoredBatch(sequence: $0.sequence) }
    }

    /// `nil`, or what is wrong with the actions.
    mutating func observe(_ actions: [ServerAction]) -> String? {
        for action in actions { if let fault = observe(action) { return fault } }
        return nil
    }

    private mutating func observe(_ action: ServerAction) -> String? {
        if isOver { return "an action follows the end" }
        switch action {
        case .lookUpSender(let sender, _):
            if hasLookedUp || !sender.isValid { return "an impossible sender is looked up" }
            hasLookedUp = true
        case .store(let batch):
            if !isWelcomed { return "a batch is stored before the welcome" }
            if batch.sequence <= lastStore { return "batch \(batch.sequence) is stored behind \(lastStore)" }
            lastStore = batch.sequence
            waiting.append(batch)
            guard let spans = try? batch.decoded() else { return "broken spans are stored" }
            if spans.spanCount != batch.spanCount { return "\(batch.spanCount) spans are \(spans.spanCount)" }
            if !spans.spans.allSatisfy({ $0.traceID.isValid && $0.spanID.isValid }) {
                return "a span without ids is stored"
            }
        case .send(let frame): return observe(frame)
        case .fault(let error):
            if error.message.isEmpty { return "a fault says nothing" }
        case .close: isOver = true
        }
        return nil
    }

    private mutating func observe(_ frame: OutgoingFrame) -> String? {
        let payload = frame.payload + frame.trailer
        if Int(frame.head.length) != payload.count || payload.count > 1024 {
            return "\(frame.head.kind) of \(payload.count) bytes"
        }
        do throws(WireError) {
            switch frame.head.kind {
            case .welcome:
                if isWelcomed || !hasLookedUp { return "a welcome at the wrong time" }
                isWelcomed = true
                _ = try Welcome(decoding: payload)
            case .ack:
                let ack = try Ack(decoding: payload)
                // What an earlier connection stored is acknowledged again at once.
                if ack.sequence > answered { return "\(ack.sequence) is acknowledged, \(answered) is stored" }
            case .ping: _ = try Ping(decoding: payload)
            case .pong: _ = try Pong(decoding: payload)
            case .goAway: _ = try GoAway(decoding: payload)
            default: return "a collector says \(frame.head.kind)"
            }
        } catch {
            return "a broken \(frame.head.kind): \(error)"
        }
        return nil
    }
}
