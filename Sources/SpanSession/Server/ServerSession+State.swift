import SpanModel

// The states of a connection. Each has what is valid in it and nothing else; an event takes a state out of the session, and
// a method of the state gives the next one.
extension ServerSession {
    /// The state of a connection.
    enum State: Sendable {
        /// Nothing came yet. To `lookingUp`, `closed`.
        case awaitingHello(AwaitingHello)
        /// The store is asked for the sender's stored sequence. To `open`, `closed`.
        case lookingUp(LookingUp)
        /// `Welcome` is sent. To `leaving`, `closed`.
        case open(Open)
        /// Nothing more is taken; `GoAway` follows when the stores under way have ended or the deadline comes. To
        /// `closed`.
        case leaving(Leaving)
        /// The connection is over; the sender is known where its `Hello` was accepted.
        case closed(SenderID?)
    }

    /// The sender of a connection, once its `Hello` was accepted.
    struct Peer: Sendable {
        let sender: SenderID
        /// The largest payload that the sender accepts.
        let maxAnswerBytes: Int

        /// Bytes of the text in an answer, so that the frame stays under what the sender accepts.
        var maxMessageBytes: Int { min(maxMessageBytesOfAnyPeer, maxAnswerBytes - 128) }
    }

    /// The state of the socket as the driver tells it, in whatever state the connection is.
    struct Flow: Sendable {
        /// The moment from which on the driver hands nothing on, or of the last sign of life that was given meanwhile;
        /// `nil` while it does.
        var mutedSince: SessionInstant?
        /// The moment from which on the sender takes no answers; `nil` while it does.
        var answersStuckSince: SessionInstant?
    }
}

/// A state in which frames are read.
protocol ReadsFrames {
    /// The frames that come in.
    var decoder: FrameDecoder { get set }
}

extension ReadsFrames {
    /// Gives the memory of empty buffers back that are larger than `bytes`.
    consuming func trimmed(keeping bytes: Int) -> Self {
        decoder.trim(keeping: bytes)
        return self
    }
}

/// Bytes of the text in an answer to a peer that has not said what it accepts.
private let maxMessageBytesOfAnyPeer = 512

extension ServerSession.State {
    /// The sender, once its `Hello` was accepted.
    var sender: SenderID? {
        switch self {
        case .awaitingHello: nil
        case .closed(let sender): sender
        case .lookingUp, .open, .leaving: peer?.sender
        }
    }

    /// The sender that may still be answered; `nil` before its `Hello` and after the end.
    var peer: ServerSession.Peer? {
        switch self {
        case .awaitingHello, .closed: nil
        case .lookingUp(let lookingUp): lookingUp.peer
        case .open(let open): open.peer
        case .leaving(let leaving): leaving.peer
        }
    }

    /// Says `goAway` now and closes.
    ///
    /// - Parameter peer: `nil` before its `Hello`.
    static func sentAway(
        _ goAway: GoAway, _ peer: ServerSession.Peer?, _ actions: inout [ServerAction]
    ) -> ServerSession.State {
        var bounded = goAway
        bounded.message = goAway.message.bounded(toUTF8Bytes: peer?.maxMessageBytes ?? maxMessageBytesOfAnyPeer)
        actions.append(.send(OutgoingFrame(.goAway, bounded)))
        actions.append(.close(.sentAway(bounded)))
        return .closed(peer?.sender)
    }

    /// Closes for a fault of the peer that nothing is under way of: `GoAway` names it.
    static func failed(
        _ error: SessionError, _ peer: ServerSession.Peer?, _ actions: inout [ServerAction]
    ) -> ServerSession.State {
        actions.append(.fault(error))
        return sentAway(GoAway(error), peer, &actions)
    }

    /// Closes without a word: the peer does not listen.
    static func givenUp(
        _ error: SessionError, _ peer: ServerSession.Peer?, _ actions: inout [ServerAction]
    ) -> ServerSession.State {
        actions.append(.fault(error))
        actions.append(.close(.timedOut))
        return .closed(peer?.sender)
    }
}

extension GoAway {
    /// Tells a peer what it did wrong; it may not come back by itself.
    init(_ error: SessionError) {
        let code: GoAway.Code =
            switch error.code {
            case .frameTooLarge: .frameTooLarge
            case .unauthenticated: .unauthenticated
            case .unsupportedVersion: .unsupportedVersion
            default: .protocolError
            }
        self.init(code, error.description)
    }
}
