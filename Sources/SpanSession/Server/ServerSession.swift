import ProtoWire
import SpanModel

/// The collector's side of one connection.
///
/// No socket, clock or store inside: events come in with the moment they happened at, actions go out, to be done in
/// their order. Between events the driver waits until `nextDeadline` and then calls `timeout(now:)`. It stops reading
/// from a socket that takes no writes, so that nothing piles up. `docs/protocol.md` has the transition table.
///
/// ```swift
/// var session = ServerSession(settings: settings, now: now)
/// for action in session.received(bytes.rawSpan, now: now) {
///     switch action {
///     case .lookUpSender(let sender, _): look(sender) { perform(session.senderFound(storedSequence: $0, now: now)) }
///     case .store(let batch): commit(batch) { perform(session.batchesStored([StoredBatch(…)], now: now)) }
///     …
/// ```
public struct ServerSession: Sendable {
    /// The limits, tokens and times of the connection.
    public internal(set) var settings: ServerSettings
    private(set) var state: State
    private(set) var flow = Flow()

    /// - Parameters:
    ///   - settings: limits, tokens and compressions of the connection.
    ///   - now: when the connection was accepted.
    public init(settings: ServerSettings, now: SessionInstant) {
        self.settings = settings
        state = .awaitingHello(AwaitingHello(settings: settings, now: now))
    }

    /// Takes the state out without copying it; whoever does so puts the next one in.
    ///
    /// A payload is consumed by what gives the next state, and no pattern binds the state as a whole: else buffers have two
    /// owners, and what is added to them copies them first. `make gates` counts that.
    private mutating func takeState() -> State {
        var taken = State.closed(nil)
        swap(&taken, &state)
        return taken
    }

    /// Gives the memory of empty buffers back that are larger than `bytes`.
    public mutating func trim(keeping bytes: Int) {
        state =
            switch takeState() {
            case .awaitingHello(let awaiting): .awaitingHello((consume awaiting).trimmed(keeping: bytes))
            case .lookingUp(let lookingUp): .lookingUp((consume lookingUp).trimmed(keeping: bytes))
            case .open(let open): .open((consume open).trimmed(keeping: bytes))
            case .leaving(let leaving): .leaving(leaving)
            case .closed(let sender): .closed(sender)
            }
    }

    // MARK: The sender

    /// Bytes came, in any cut.
    public mutating func received(_ bytes: borrowing RawSpan, now: SessionInstant) -> [ServerAction] {
        var actions: [ServerAction] = []
        guard bytes.byteCount > 0 else { return actions }
        state =
            switch takeState() {
            case .awaitingHello(let awaiting): (consume awaiting).received(bytes, settings, &actions)
            case .lookingUp(let lookingUp): (consume lookingUp).received(bytes, &actions)
            case .open(let open): (consume open).received(bytes, settings, now: now, &actions)
            case .leaving(let leaving): .leaving(leaving)
            case .closed(let sender): .closed(sender)
            }
        return actions
    }

    /// The connection was closed by the peer or the network; nothing follows.
    public mutating func connectionClosed(now: SessionInstant) { state = .closed(state.sender) }

    /// The deadline has come (harmless when it has not).
    public mutating func timeout(now: SessionInstant) -> [ServerAction] {
        var actions: [ServerAction] = []
        state =
            switch takeState() {
            case .awaitingHello(let awaiting): (consume awaiting).timeout(settings, now: now, &actions)
            case .open(let open): (consume open).timeout(settings, &flow, now: now, &actions)
            case .leaving(let leaving): (consume leaving).timeout(now: now, &actions)
            case .lookingUp(let lookingUp): .lookingUp(lookingUp)
            case .closed(let sender): .closed(sender)
            }
        return actions
    }

    // MARK: The store

    /// The answer to `lookUpSender`: the highest sequence that is stored, 0 for none.
    public mutating func senderFound(storedSequence: UInt64, now: SessionInstant) -> [ServerAction] {
        var actions: [ServerAction] = []
        state =
            switch takeState() {
            case .lookingUp(let lookingUp):
                (consume lookingUp).found(storedSequence: storedSequence, settings, now: now, &actions)
            case .awaitingHello(let awaiting): .awaitingHello(awaiting)
            case .open(let open): .open(open)
            case .leaving(let leaving): .leaving(leaving)
            case .closed(let sender): .closed(sender)
            }
        return actions
    }

    /// These batches, in the order of their `store`, are durable, and so are those before them: acknowledged by one
    /// frame, which gives their credit back. Numbers that are not on their way are ignored.
    public mutating func batchesStored(_ stored: [StoredBatch], now: SessionInstant) -> [ServerAction] {
        var actions: [ServerAction] = []
        state =
            switch takeState() {
            case .open(let open): (consume open).stored(stored, settings, now: now, &actions)
            case .leaving(let leaving): (consume leaving).stored(stored, &actions)
            case .awaitingHello(let awaiting): .awaitingHello(awaiting)
            case .lookingUp(let lookingUp): .lookingUp(lookingUp)
            case .closed(let sender): .closed(sender)
            }
        return actions
    }

    /// The store cannot take a batch, nor any later one of this connection: the sender is sent away at once and comes
    /// back after the delay with everything that was not acknowledged.
    public mutating func batchFailed(retryAfter: Duration, now: SessionInstant) -> [ServerAction] {
        switch state {
        case .awaitingHello, .lookingUp, .closed: return []
        case .open, .leaving: break
        }
        let message = "the store could not take a batch"
        var actions: [ServerAction] = [.fault(SessionError(.storeFailed, message))]
        sendAway(GoAway(.overloaded, message, retryAfterMilliseconds: retryAfter.retryAfterMilliseconds), &actions)
        return actions
    }

    // MARK: The collector

    /// Another answer to `lookUpSender`, or at any later time: the sender is sent away at once.
    public mutating func refuse(_ goAway: GoAway, now: SessionInstant) -> [ServerAction] {
        var actions: [ServerAction] = []
        sendAway(goAway, &actions)
        return actions
    }

    /// A newer connection of the same sender is there: this one ends at once. What it has on its way to the store may
    /// still be stored, not acknowledged here; the newer connection's `Welcome` tells of it.
    ///
    /// `GoAway(PROTOCOL_ERROR)` without a delay: of two programs that share a `sender_id`, the older one is not to come
    /// back and supersede the newer in turn.
    public mutating func superseded(now: SessionInstant) -> [ServerAction] {
        if case .closed = state { return [] }
        let message = "a newer connection of this sender_id took over"
        var actions: [ServerAction] = [.fault(SessionError(.superseded, message))]
        sendAway(GoAway(.protocolError, message), &actions)
        return actions
    }

    /// Another answer to `lookUpSender`: a newer connection of the same sender is there already, whose `Hello` overtook
    /// this one's. Mostly nobody is there any more; who is, such as a program that was started again with its clock set
    /// back, may come again when the other is gone.
    public mutating func outdated(now: SessionInstant) -> [ServerAction] {
        guard case .lookingUp = state else { return [] }
        var actions: [ServerAction] = []
        sendAway(
            GoAway(
                .overloaded, "a newer connection of this sender_id is open", retryAfterMilliseconds: 1000), &actions)
        return actions
    }

    /// The collector shuts down: acknowledges what it took, takes no more, and asks to come back after the delay.
    public mutating func drain(retryAfter: Duration, now: SessionInstant) -> [ServerAction] {
        var actions: [ServerAction] = []
        let goAway = GoAway(
            .shuttingDown, "the collector shuts down", retryAfterMilliseconds: retryAfter.retryAfterMilliseconds)
        state =
            switch takeState() {
            case .awaitingHello: .sentAway(goAway, nil, &actions)
            case .lookingUp(let lookingUp): .sentAway(goAway, lookingUp.peer, &actions)
            case .open(let open): (consume open).leave(goAway, settings, now: now, &actions)
            case .leaving(let leaving): .leaving(leaving)
            case .closed(let sender): .closed(sender)
            }
        return actions
    }

    /// Says `goAway` now and closes; nothing once the connection is over.
    private mutating func sendAway(_ goAway: GoAway, _ actions: inout [ServerAction]) {
        if case .closed = state { return }
        state = .sentAway(goAway, state.peer, &actions)
    }

    /// The driver reads no more for now, or reads again: its own memory is short, or the peer takes no acks. Meanwhile
    /// no sign of life is asked for, and a frame need make no progress; but one is given, a `Ping` as often as one
    /// would ask, so that a sender that waits for its turn does not give up.
    public mutating func setListening(_ listens: Bool, now: SessionInstant) {
        guard listens != (flow.mutedSince == nil) else { return }
        flow.mutedSince = listens ? nil : now
        guard listens else { return }
        state =
            switch takeState() {
            case .open(let open): (consume open).listening(now: now)
            case .awaitingHello(let awaiting): .awaitingHello(awaiting)
            case .lookingUp(let lookingUp): .lookingUp(lookingUp)
            case .leaving(let leaving): .leaving(leaving)
            case .closed(let sender): .closed(sender)
            }
    }

    /// Tells whether the sender takes what is written. One that does not is not listened to, so nothing else would ever
    /// end it; after as long as a frame may make no progress it is given up.
    public mutating func setAnswersTaken(_ areTaken: Bool, now: SessionInstant) {
        flow.answersStuckSince = areTaken ? nil : flow.answersStuckSince ?? now
    }

    /// Any of these tokens opens the door from now on (none: no token is asked for), for a `Hello` that has not come
    /// yet. Who was let in stays.
    public mutating func admit(bearerTokens: [String]) { settings.bearerTokens = bearerTokens }
}
