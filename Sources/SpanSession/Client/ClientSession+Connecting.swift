import ProtoWire
import SpanModel

// Connections come and go.
extension ClientSession {
    /// The connection asked for by `connect` is open.
    ///
    /// - Parameter bearerToken: shown on this connection in place of the settings' one; tokens are changed while senders
    ///   live.
    public mutating func connectionOpened(
        _ connection: ConnectionNumber, now: SessionInstant, bearerToken: String? = nil
    ) -> [ClientAction] {
        guard case .connecting = state, connection == self.connection else { return [] }
        // Nothing larger than a control frame ever comes from a collector.
        let decoder = FrameDecoder(maxBatchBytes: min(Int(settings.maxFrameBytes), FrameDecoder.controlLimit))
        link = Link(decoder: decoder, liveness: Liveness(timing: settings.timing, now: now))
        state = .greeting(deadline: now.advanced(by: settings.timing.handshake))
        let hello = Hello(
            senderID: settings.senderID, agent: settings.agent, compressions: settings.offeredCompressions,
            bearerToken: bearerToken ?? settings.bearerToken, maxFrameBytes: settings.maxFrameBytes,
            connection: settings.firstConnection &+ connection.rawValue)
        return [.send(OutgoingFrame(.hello, hello))]
    }

    /// The connection could not be opened, or was closed by the peer or the network.
    ///
    /// - Parameter reason: what the driver knows of it, in words, without secrets.
    public mutating func connectionClosed(
        _ connection: ConnectionNumber, now: SessionInstant, reason: String? = nil
    ) -> [ClientAction] {
        guard hasConnection, connection == self.connection else { return [] }
        var actions: [ClientAction] = []
        let message =
            if case .connecting = state { "could not connect" } else { "the connection was closed by the other side" }
        retry(SessionError(.connectionLost, reason ?? message), now: now, &actions)
        return actions
    }

    mutating func connect(now: SessionInstant, _ actions: inout [ClientAction]) {
        connection = ConnectionNumber(rawValue: connection.rawValue + 1)
        state = .connecting(deadline: now.advanced(by: settings.timing.patience))
        actions.append(.connect(connection))
    }

    /// Closes the connection for a fault and comes back later.
    mutating func lose(_ error: SessionError, now: SessionInstant, _ actions: inout [ClientAction]) {
        actions.append(.close(connection))
        retry(error, now: now, &actions)
    }

    /// The connection is gone: waits for the next attempt, or finishes when nothing is left to be delivered.
    mutating func retry(
        _ error: SessionError, after wait: Duration = .zero, now: SessionInstant, _ actions: inout [ClientAction]
    ) {
        link = nil
        actions.append(.disconnected(error))
        if isLeaving, isIdle {
            finish(.saidGoodbye, &actions)
            return
        }
        let jitter = settings.backoff.delay(attempt: attempt, using: &generator)
        attempt += 1
        state = .waiting(until: now.advanced(by: wait).advanced(by: jitter))
    }

    mutating func finish(_ outcome: ClientOutcome, _ actions: inout [ClientAction]) {
        link = nil
        state = .finished(outcome)
        actions.append(.finished(outcome))
    }
}
