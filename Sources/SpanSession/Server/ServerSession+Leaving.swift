import SpanModel

// How a connection ends.
extension ServerSession {
    /// What the sender did ends the connection: `GoAway` names it, after what was taken before is acknowledged.
    mutating func fail(_ error: SessionError, now: SessionInstant, _ actions: inout [ServerAction]) {
        actions.append(.fault(error))
        let code: GoAway.Code =
            switch error.code {
            case .frameTooLarge: .frameTooLarge
            case .unauthenticated: .unauthenticated
            case .unsupportedVersion: .unsupportedVersion
            default: .protocolError
            }
        leave(GoAway(code, error.description), now: now, &actions)
    }

    /// Takes nothing more; says `goAway` when nothing is on its way to the store any more.
    mutating func leave(_ goAway: GoAway, now: SessionInstant, _ actions: inout [ServerAction]) {
        switch state {
        case .closed, .leaving: break
        case .awaitingHello, .lookingUp: sendAway(goAway, &actions)
        case .open:
            guard !inFlight.isEmpty else {
                sendAway(goAway, &actions)
                return
            }
            decoder.reset()
            state = .leaving(goAway, deadline: now.advanced(by: settings.timing.patience))
        }
    }

    /// Says `goAway` now and closes.
    mutating func sendAway(_ goAway: GoAway, _ actions: inout [ServerAction]) {
        var bounded = goAway
        bounded.message = goAway.message.bounded(toUTF8Bytes: maxMessageBytes)
        actions.append(.send(OutgoingFrame(.goAway, bounded)))
        actions.append(.close(.sentAway(bounded)))
        close()
    }

    /// Nothing is said to a peer that does not listen.
    mutating func giveUp(_ error: SessionError, _ actions: inout [ServerAction]) {
        actions.append(.fault(error))
        actions.append(.close(.timedOut))
        close()
    }

    mutating func close() {
        state = .closed
        decoder.reset()
        inFlight.removeAll()
        outstandingBytes = 0
        outstandingDecompressedBytes = 0
        decompressor = nil
    }

    /// What a text in an answer may have, so that the frame stays under what the sender accepts.
    var maxMessageBytes: Int { min(512, maxAnswerBytes - 128) }
}

extension Duration {
    /// For `retry_after_ms`, where 0 would mean "never": at least 1.
    var goAwayMilliseconds: UInt32 {
        let (seconds, attoseconds) = components
        guard seconds < Int64(UInt32.max / 1000) else { return .max }
        return UInt32(clamping: max(seconds * 1000 + attoseconds / 1_000_000_000_000_000, 1))
    }
}
