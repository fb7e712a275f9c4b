import ProtoWire
import SpanModel

/// A sender's side of the protocol, over all its successive connections.
///
/// No socket, clock or randomness inside: events come in with the moment they happened at, actions go out, to be done
/// in their order. Between events the driver waits until `nextDeadline` and then calls `timeout(now:)`.
///
/// ```swift
/// var session = ClientSession(settings: ClientSettings(senderID: .random(), seed: 1))
/// perform(session.start(now: now))
/// perform(session.connectionOpened(number, now: now))
/// perform(session.received(bytes.rawSpan, on: number, now: now))
/// while session.wantsBatch, let batch = queue.nextBatch(now: now) { perform(session.send(batch, now: now)) }
/// ```
///
/// A batch is kept until the collector has acknowledged it, and is sent again after a reconnect. `docs/protocol.md` has
/// the transition table.
public struct ClientSession: Sendable {
    /// The sender's identity, and how it behaves.
    public let settings: ClientSettings
    var state = State.fresh
    /// The connection that was asked for last; 0 for none yet.
    var lastConnection = ClientConnectionID(rawValue: 0)
    /// Batches and drop counts that are to be delivered.
    var outbox: Outbox
    /// Attempts to connect since the collector last answered; the backoff grows with it.
    var attempt = 0
    /// Payloads of batches that are done with.
    var spares: [[UInt8]] = []
    var generator: SplitMix64

    /// Makes a session that does nothing before `start`.
    public init(settings: ClientSettings) {
        self.settings = settings
        outbox = Outbox(tellsNumbers: settings.tellsNumbers)
        generator = SplitMix64(seed: settings.seed)
    }

    /// Takes the state out without copying it; whoever does so puts the next one in, consumes the payload, and binds no
    /// state as a whole, so that buffers have one owner.
    private mutating func takeState() -> State {
        var taken = State.fresh
        swap(&taken, &state)
        return taken
    }

    // MARK: The caller

    /// Begins to connect. Once.
    public mutating func start(now: SessionInstant) -> [ClientAction] {
        guard case .fresh = state else { return [] }
        var actions: [ClientAction] = []
        state = connect(now: now, &actions)
        return actions
    }

    /// Takes over what an earlier incarnation of this sender left: before `start`, and once. Numbered batches are sent
    /// again under their numbers, unless `Welcome` says that they are stored; the others follow under new ones.
    ///
    /// - Parameters:
    ///   - batches: those with numbers first, rising.
    ///   - highestSequence: no number up to this one is given anew.
    ///   - dropped: known to the earlier incarnation, and not told under any number.
    public mutating func restore(_ batches: [RestoredBatch], highestSequence: UInt64, dropped: [DropCount] = []) {
        guard case .fresh = state else { return }
        outbox.held.restore(batches, highestSequence: highestSequence)
        outbox.drops.add(dropped)
    }

    /// Takes a batch over, to be delivered for certain. After `goodbye`, or when the session is over, it comes straight
    /// back as given up.
    public mutating func send(_ batch: EncodedBatch, now: SessionInstant) -> [ClientAction] {
        var actions: [ClientAction] = []
        let entry = HeldBatches.Held(batch: batch)
        if case .finished(let outcome) = state {
            if case .refused = outcome { return [.settled(entry.receipt(.refused))] }
            return [.settled(entry.receipt(.shutdown))]
        }
        if outbox.isLeaving { return [.settled(entry.receipt(.shutdown))] }
        outbox.held.append(entry)
        advance(now: now, &actions)
        return actions
    }

    /// Spans were given up before they reached the session; the collector is told with the next batch, or by an empty
    /// one when everything else is acknowledged.
    public mutating func reportDropped(_ dropped: [DropCount], now: SessionInstant) -> [ClientAction] {
        if case .finished = state { return [] }
        var actions: [ClientAction] = []
        outbox.drops.add(dropped)
        advance(now: now, &actions)
        return actions
    }

    /// No more batches: delivers what it holds, says goodbye and finishes.
    public mutating func goodbye(now: SessionInstant) -> [ClientAction] {
        if case .finished = state { return [] }
        var actions: [ClientAction] = []
        outbox.isLeaving = true
        switch state {
        case .open: advance(now: now, &actions)
        case .fresh, .waiting: if isIdle { state = finish(.saidGoodbye, &actions) }
        case .connecting, .greeting, .finished: break
        }
        return actions
    }

    /// Ends at once and gives up every batch that is not acknowledged, each with a receipt. After `finished`, which
    /// stays as it was, only the receipts.
    public mutating func abandon(_ reason: DropReason, now: SessionInstant) -> [ClientAction] {
        var actions: [ClientAction] = []
        for entry in outbox.held.takeAll() where !entry.isReport {
            actions.append(.settled(entry.receipt(reason)))
        }
        outbox.drops = DropLedger()
        if case .finished = state { return actions }
        if state.hasConnection { actions.append(.close(lastConnection)) }
        state = finish(.abandoned, &actions)
        return actions
    }

    // MARK: The connection

    /// The connection asked for by `connect` is open.
    ///
    /// - Parameters:
    ///   - connection: number of the connection that `connect` asked for; an event of another one is ignored.
    ///   - now: time of the event.
    ///   - bearerToken: shown on this connection in place of the settings' one; tokens are changed while senders live.
    public mutating func connectionOpened(
        _ connection: ClientConnectionID, now: SessionInstant, bearerToken: String? = nil
    ) -> [ClientAction] {
        guard case .connecting = state, connection == lastConnection else { return [] }
        state = .greeting(Greeting(settings: settings, now: now))
        let hello = Hello(
            senderID: settings.senderID, agent: settings.agent, compressions: settings.offeredCompressions,
            bearerToken: bearerToken ?? settings.bearerToken, maxFrameBytes: settings.maxFrameBytes,
            connection: settings.firstConnection &+ connection.rawValue)
        return [.send(OutgoingFrame(.hello, hello))]
    }

    /// The connection could not be opened, or was closed by the peer or the network.
    ///
    /// - Parameters:
    ///   - connection: number of the connection that `connect` asked for; an event of another one is ignored.
    ///   - now: time of the event.
    ///   - reason: what the driver knows of it, in words, without secrets.
    public mutating func connectionClosed(
        _ connection: ClientConnectionID, now: SessionInstant, reason: String? = nil
    ) -> [ClientAction] {
        guard state.hasConnection, connection == lastConnection else { return [] }
        var actions: [ClientAction] = []
        let message =
            if case .connecting = state { "could not connect" } else { "the connection was closed by the other side" }
        state = retry(SessionError(.connectionLost, reason ?? message), now: now, &actions)
        return actions
    }

    /// Bytes came, in any cut. Bytes of another connection than the present one are ignored.
    public mutating func received(
        _ bytes: borrowing RawSpan, on connection: ClientConnectionID, now: SessionInstant
    ) -> [ClientAction] {
        guard connection == lastConnection, bytes.byteCount > 0 else { return [] }
        var actions: [ClientAction] = []
        state =
            switch takeState() {
            case .greeting(let greeting): received(bytes, by: consume greeting, now: now, &actions)
            case .open(let open): received(bytes, by: consume open, now: now, &actions)
            case .fresh: .fresh
            case .connecting(let deadline): .connecting(deadline: deadline)
            case .waiting(let until): .waiting(until: until)
            case .finished(let outcome): .finished(outcome)
            }
        return actions
    }

    /// The deadline has come (harmless when it has not).
    public mutating func timeout(now: SessionInstant) -> [ClientAction] {
        var actions: [ClientAction] = []
        state =
            switch takeState() {
            case .connecting(let deadline) where now >= deadline:
                lose(SessionError(.timedOut, "no connection in \(settings.timing.patience)"), now: now, &actions)
            case .greeting(let greeting) where now >= greeting.deadline:
                lose(SessionError(.timedOut, "no Welcome in \(settings.timing.handshake)"), now: now, &actions)
            case .waiting(let until) where now >= until: connect(now: now, &actions)
            case .open(let open): checkLiveness(of: consume open, now: now, &actions)
            case .fresh: .fresh
            case .connecting(let deadline): .connecting(deadline: deadline)
            case .greeting(let greeting): .greeting(greeting)
            case .waiting(let until): .waiting(until: until)
            case .finished(let outcome): .finished(outcome)
            }
        return actions
    }

    /// Sends what may be sent, if a collector listens.
    private mutating func advance(now: SessionInstant, _ actions: inout [ClientAction]) {
        state =
            switch takeState() {
            case .open(let open): advance(consume open, now: now, &actions)
            case .fresh: .fresh
            case .connecting(let deadline): .connecting(deadline: deadline)
            case .greeting(let greeting): .greeting(greeting)
            case .waiting(let until): .waiting(until: until)
            case .finished(let outcome): .finished(outcome)
            }
    }
}
