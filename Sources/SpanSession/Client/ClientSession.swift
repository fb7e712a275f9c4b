import ProtoWire
import SpanModel

/// A sender's side of the protocol, over all its successive connections.
///
/// No socket, clock or randomness inside: events come in with the moment they happened at, actions go out, to be done in
/// their order. Between events the driver waits until `nextDeadline` and then calls `timeout(now:)`.
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
    public let settings: ClientSettings

    /// What the sender is at.
    enum State: Sendable {
        /// Not started. To `connecting`.
        case fresh
        /// `connect` was asked for. To `greeting`, `waiting`.
        case connecting(deadline: SessionInstant)
        /// `Hello` is sent. To `open`, `waiting`, `finished`.
        case greeting(deadline: SessionInstant)
        /// `Welcome` came. To `waiting`, `finished`.
        case open
        /// Between two attempts. To `connecting`, `finished`.
        case waiting(until: SessionInstant)
        /// Over.
        case finished(ClientOutcome)
    }

    /// What belongs to one connection.
    struct Link: Sendable {
        var decoder: FrameDecoder
        var liveness: Liveness
        /// May be negative after a frame larger than the window.
        var credit = 0
        /// The largest payload that the collector accepts.
        var maxFrameBytes = 0
        /// The heaviest batch that the collector accepts, in sixteenths of a smallest span.
        var maxBatchSixteenths = 0
        /// The highest number sent or known to be stored.
        var highestSequence: UInt64 = 0
        var saidGoodbye = false
        /// `nil`: batches go out as they are.
        var compressor: (any FrameCompressor)?
        /// `nil`: no compressed frame is accepted.
        var decompressor: (any FrameDecompressor)?
        /// The next batch in its compressed form, when it has to wait for credit: it has its place in the stream, and
        /// nothing compressed may go out before it.
        var compressedNext: OutgoingFrame?
    }

    var state = State.fresh
    var link: Link?
    var connection = ConnectionNumber(rawValue: 0)
    var held = HeldBatches()
    var drops = DropLedger()
    var attempt = 0
    var isLeaving = false
    var spares: [[UInt8]] = []
    var generator: SplitMix64

    public init(settings: ClientSettings) {
        self.settings = settings
        generator = SplitMix64(seed: settings.seed)
    }

    /// Whether `send` is welcome: a connection is open, credit is left, and nothing handed over before waits to be sent.
    /// A driver that hands over more all the same only moves memory from the queue to the session.
    public var wantsBatch: Bool {
        guard case .open = state, let link, !isLeaving, !held.hasUnsent else { return false }
        return link.credit > 0 || held.outstandingBytes == 0
    }

    /// Whether every batch handed over is settled and every drop told.
    public var isIdle: Bool { held.isEmpty && drops.isEmpty }

    /// Payload bytes of batches that are not settled, and bytes of frames that were not read: what the session holds in
    /// memory. O(batches).
    public var heldBytes: Int {
        held.payloadBytes + (link?.compressedNext?.payload.count ?? 0) + (link?.decoder.bufferedBytes ?? 0)
    }

    /// What of the collector's credit is left on the connection at hand, in bytes; negative after a frame larger than all
    /// of it. `nil` without a connection.
    package var credit: Int? { link?.credit }

    /// When `timeout(now:)` is to be called, `nil` for never. Ask again after every event.
    public var nextDeadline: SessionInstant? {
        switch state {
        case .fresh, .finished: nil
        case .connecting(let deadline), .greeting(let deadline): deadline
        case .waiting(let until): until
        case .open: link?.liveness.deadline(insideFrame: link?.decoder.isInsideFrame ?? false)
        }
    }

    /// Begins to connect. Once.
    public mutating func start(now: SessionInstant) -> [ClientAction] {
        guard case .fresh = state else { return [] }
        var actions: [ClientAction] = []
        connect(now: now, &actions)
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
        held.restore(batches, highestSequence: highestSequence)
        drops.add(dropped)
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
        if isLeaving { return [.settled(entry.receipt(.shutdown))] }
        held.append(entry)
        advance(now: now, &actions)
        return actions
    }

    /// Spans were given up before they reached the session; the collector is told with the next batch, or by an empty
    /// one when everything else is acknowledged.
    public mutating func reportDropped(_ dropped: [DropCount], now: SessionInstant) -> [ClientAction] {
        if case .finished = state { return [] }
        var actions: [ClientAction] = []
        drops.add(dropped)
        advance(now: now, &actions)
        return actions
    }

    /// No more batches: delivers what it holds, says goodbye and finishes.
    public mutating func goodbye(now: SessionInstant) -> [ClientAction] {
        if case .finished = state { return [] }
        var actions: [ClientAction] = []
        isLeaving = true
        switch state {
        case .open: advance(now: now, &actions)
        case .fresh, .waiting:
            if isIdle { finish(.saidGoodbye, &actions) }
        case .connecting, .greeting, .finished: break
        }
        return actions
    }

    /// Ends at once and gives up every batch that is not acknowledged, each with a receipt. After `finished`, which stays
    /// as it was, only the receipts.
    public mutating func abandon(_ reason: DropReason, now: SessionInstant) -> [ClientAction] {
        var actions: [ClientAction] = []
        for entry in held.takeAll() where !entry.isReport { actions.append(.settled(entry.receipt(reason))) }
        drops = DropLedger()
        if case .finished = state { return actions }
        if hasConnection { actions.append(.close(connection)) }
        finish(.abandoned, &actions)
        return actions
    }

    /// The deadline has come (harmless when it has not).
    public mutating func timeout(now: SessionInstant) -> [ClientAction] {
        var actions: [ClientAction] = []
        switch state {
        case .fresh, .finished: break
        case .connecting(let deadline):
            guard now >= deadline else { break }
            lose(SessionError(.timedOut, "no connection in \(settings.timing.patience)"), now: now, &actions)
        case .greeting(let deadline):
            guard now >= deadline else { break }
            lose(SessionError(.timedOut, "no Welcome in \(settings.timing.handshake)"), now: now, &actions)
        case .waiting(let until):
            if now >= until { connect(now: now, &actions) }
        case .open:
            checkLiveness(now: now, &actions)
        }
        return actions
    }

    private mutating func checkLiveness(now: SessionInstant, _ actions: inout [ClientAction]) {
        guard var link else { return }
        let verdict = link.liveness.check(insideFrame: link.decoder.isInsideFrame, now: now)
        self.link = link
        switch verdict {
        case .alive: break
        case .ask:
            self.link?.decoder.trim(keeping: 0)
            actions.append(.send(OutgoingFrame(.ping, Ping(token: generator.next()))))
        case .dead(let error): lose(error, now: now, &actions)
        }
    }

    /// Whether there is a connection that the driver would have to close.
    var hasConnection: Bool {
        switch state {
        case .connecting, .greeting, .open: true
        case .fresh, .waiting, .finished: false
        }
    }
}
