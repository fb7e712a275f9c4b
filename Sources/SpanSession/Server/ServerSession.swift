import ProtoWire
import SpanModel

/// The collector's side of one connection.
///
/// No socket, clock or store inside: events come in with the moment they happened at, actions go out, to be done in their
/// order. Between events the driver waits until `nextDeadline` and then calls `timeout(now:)`. It stops reading from a
/// socket that takes no writes, so that nothing piles up. `docs/protocol.md` has the transition table.
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
    public internal(set) var settings: ServerSettings

    /// What the connection is at.
    enum State: Sendable {
        /// Nothing came yet. To `lookingUp`, `closed`.
        case awaitingHello(deadline: SessionInstant)
        /// The store is asked what it has of this sender. To `open`, `closed`.
        case lookingUp(Hello)
        /// `Welcome` is sent. To `leaving`, `closed`.
        case open
        /// Nothing more is taken; `GoAway` follows when the stores under way have ended or the deadline comes. To
        /// `closed`.
        case leaving(GoAway, deadline: SessionInstant)
        /// Over.
        case closed
    }

    /// A batch that is on its way to the store.
    struct InFlight: Sendable {
        var sequence: UInt64
        /// As on the wire: what it took of the credit.
        var payloadBytes: Int
        var decompressedBytes: Int
        var validation: BatchValidation
    }

    var state: State
    var decoder: FrameDecoder
    var liveness: Liveness
    var inFlight = Fifo<InFlight>()
    var outstandingBytes = 0
    var outstandingDecompressedBytes = 0
    /// `nil`: no compressed frame is accepted.
    var decompressor: (any FrameDecompressor)?
    /// What a sender may still send, in bytes; negative after a frame larger than all of it.
    package internal(set) var credit = 0
    /// The highest number received on this connection.
    var lastSequence: UInt64 = 0
    /// What `Welcome` said.
    var storedSequence: UInt64 = 0
    /// The largest payload that the sender accepts.
    var maxAnswerBytes = FrameDecoder.controlLimit
    var saidGoodbye = false
    /// Since when the driver does not hand on what comes, or since the last sign of life that was given meanwhile; `nil`
    /// while it does.
    var mutedSince: SessionInstant?
    /// Since when the sender takes no answers; `nil` while it does.
    var answersStuckSince: SessionInstant?
    var pingToken: UInt64 = 0

    /// The sender, once its `Hello` was accepted.
    public internal(set) var senderID: SenderID?

    /// - Parameter now: when the connection was accepted.
    public init(settings: ServerSettings, now: SessionInstant) {
        self.settings = settings
        state = .awaitingHello(deadline: now.advanced(by: settings.timing.handshake))
        decoder = FrameDecoder(maxBatchBytes: min(Int(settings.maxFrameBytes), FrameDecoder.controlLimit))
        liveness = Liveness(timing: settings.timing, now: now)
    }

    /// When `timeout(now:)` is to be called, `nil` for never. Ask again after every event.
    public var nextDeadline: SessionInstant? {
        switch state {
        case .awaitingHello(let deadline), .leaving(_, let deadline): deadline
        case .lookingUp, .closed: nil
        // A peer that is not listened to cannot answer, and its frames make no progress.
        case .open:
            if let answersStuckSince {
                answersStuckSince.advanced(by: settings.timing.frameProgress)
            } else if let mutedSince {
                mutedSince.advanced(by: settings.timing.silence)
            } else {
                wantsBytes ? liveness.deadline(insideFrame: decoder.isInsideFrame) : nil
            }
        }
    }

    /// Whether the connection is welcomed and not on its way out.
    public var isOpen: Bool { if case .open = state { true } else { false } }

    /// Decompressed payload bytes of batches that are not acknowledged, and bytes of frames that were not read: what
    /// the connection holds in memory, give or take the decoded form.
    public var heldBytes: Int { outstandingDecompressedBytes + unreadBytes }

    /// Bytes of frames that were not read.
    public var unreadBytes: Int { decoder.bufferedBytes }

    /// Whether a driver is to read on. `false` while more is on its way to the store than the credit would let through
    /// uncompressed: credit counts bytes on the wire, and a few of those may be very many. Frames that are handed in all
    /// the same wait. Ask again after every event.
    public var wantsBytes: Bool {
        guard case .open = state else { return true }
        return outstandingDecompressedBytes <= max(settings.creditBytes, UInt64(settings.maxFrameBytes))
    }

    /// The driver reads no more for now, or reads again: its own memory is short, or the peer takes no acks. Meanwhile no
    /// sign of life is asked for, and a frame need make no progress; but one is given, a `Ping` as often as one would ask,
    /// so that a sender that waits for its turn does not give up.
    public mutating func setListening(_ listens: Bool, now: SessionInstant) {
        guard listens != (mutedSince == nil) else { return }
        mutedSince = listens ? nil : now
        if listens { liveness.received(now: now) }
    }

    /// What they take in memory.
    public var unreadCapacity: Int { decoder.heldCapacity }

    /// Whether the sender takes what is written. One that does not is not listened to, so nothing else would ever end it;
    /// after as long as a frame may make no progress it is given up.
    public mutating func setAnswersTaken(_ areTaken: Bool, now: SessionInstant) {
        answersStuckSince = areTaken ? nil : answersStuckSince ?? now
    }

    /// Whether a frame has begun to arrive and is not complete.
    public var isInsideFrame: Bool { decoder.isInsideFrame }

    /// How many frames came whole so far.
    package var frameCount: Int { decoder.frameCount }

    /// How many bytes the payload of the frame that has begun is to have; 0 while its head is not there, and for one of less
    /// than 1 KiB.
    package var announcedBytes: Int { decoder.announcedBytes }

    /// How many of `announcedBytes` have not come.
    package var missingBytes: Int { decoder.missingBytes }

    /// Whether the store is asked what it has of the sender. What comes meanwhile waits, and need not be read.
    package var isLookingUp: Bool { if case .lookingUp = state { true } else { false } }

    /// Gives the memory of empty buffers back that are larger than `bytes`.
    public mutating func trim(keeping bytes: Int) { decoder.trim(keeping: bytes) }

    /// Any of these tokens opens the door from now on (none: no token is asked for), for a `Hello` that has not come yet.
    /// Who was let in stays.
    public mutating func admit(bearerTokens: [String]) { settings.bearerTokens = bearerTokens }

    /// The answer to `lookUpSender`: the highest sequence that is stored, 0 for none.
    public mutating func senderFound(storedSequence: UInt64, now: SessionInstant) -> [ServerAction] {
        guard case .lookingUp(let hello) = state else { return [] }
        self.storedSequence = storedSequence
        credit = Int(clamping: settings.creditBytes)
        decoder.maxBatchBytes = Int(settings.maxFrameBytes)
        state = .open
        // The store may have taken its time: the silence begins now.
        liveness.received(now: now)
        let compression = agreedCompression(offered: hello.compressions)
        let welcome = Welcome(
            compression: compression, storedSequence: storedSequence, maxFrameBytes: settings.maxFrameBytes,
            creditBytes: settings.creditBytes, agent: settings.agent.bounded(toUTF8Bytes: 256),
            windowLog: compression == .zstdStream ? settings.windowLog : 0,
            maxBatchWeight: UInt64(settings.maxBatchWeight))
        var actions: [ServerAction] = [.send(OutgoingFrame(.welcome, welcome))]
        // A sender that did not wait for the welcome is read from here on.
        readFrames(now: now, &actions)
        return actions
    }

    /// The first of those offered that is supported and can be set up.
    private mutating func agreedCompression(offered: [Compression]) -> Compression {
        let agreed = Compression.agreed(offered: offered, supported: settings.supportedCompressions)
        decompressor = settings.codec?.makeDecompressor(agreed, windowLog: settings.windowLog)
        guard decompressor != nil else { return .identity }
        decoder.allowsCompressed = true
        return agreed
    }

    /// Another answer to `lookUpSender`, or at any later time: the sender is sent away at once.
    public mutating func refuse(_ goAway: GoAway, now: SessionInstant) -> [ServerAction] {
        var actions: [ServerAction] = []
        if case .closed = state { return actions }
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

    /// Another answer to `lookUpSender`: a newer connection of the same sender is there already, whose `Hello` overtook this
    /// one's. Mostly nobody is there any more; who is, such as a program that was started again with its clock set back,
    /// may come again when the other is gone.
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
            .shuttingDown, "the collector shuts down", retryAfterMilliseconds: retryAfter.goAwayMilliseconds)
        leave(goAway, now: now, &actions)
        return actions
    }

    /// The connection was closed by the peer or the network; nothing follows.
    public mutating func connectionClosed(now: SessionInstant) { close() }

    /// The deadline has come (harmless when it has not).
    public mutating func timeout(now: SessionInstant) -> [ServerAction] {
        var actions: [ServerAction] = []
        switch state {
        case .lookingUp, .closed: break
        case .awaitingHello(let deadline):
            guard now >= deadline else { break }
            giveUp(SessionError(.timedOut, "no Hello in \(settings.timing.handshake)"), &actions)
        case .leaving(let goAway, let deadline):
            if now >= deadline { sendAway(goAway, &actions) }
        case .open:
            if let answersStuckSince {
                let limit = settings.timing.frameProgress
                guard now >= answersStuckSince.advanced(by: limit) else { break }
                giveUp(SessionError(.timedOut, "the sender took no answers for \(limit)"), &actions)
                break
            }
            if let mutedSince {
                guard now >= mutedSince.advanced(by: settings.timing.silence) else { break }
                self.mutedSince = now
                ping(&actions)
                break
            }
            guard wantsBytes else { break }
            switch liveness.check(insideFrame: decoder.isInsideFrame, now: now) {
            case .alive: break
            case .ask:
                decoder.trim(keeping: 0)
                ping(&actions)
            case .dead(let error): giveUp(error, &actions)
            }
        }
        return actions
    }

    private mutating func ping(_ actions: inout [ServerAction]) {
        pingToken += 1
        actions.append(.send(OutgoingFrame(.ping, Ping(token: pingToken))))
    }
}
