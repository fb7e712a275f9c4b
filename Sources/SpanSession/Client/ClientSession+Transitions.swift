import SpanModel

// Steps from one state to the next.
extension ClientSession {
    /// Asks for the next connection.
    mutating func connect(now: SessionInstant, _ actions: inout [ClientAction]) -> State {
        lastConnection = ClientConnectionID(rawValue: lastConnection.rawValue + 1)
        actions.append(.connect(lastConnection))
        return .connecting(deadline: now.advanced(by: settings.timing.patience))
    }

    /// Sends what may be sent; ends when all of it is delivered and goodbye said.
    mutating func advance(
        _ open: consuming Open, now: SessionInstant, _ actions: inout [ClientAction]
    ) -> State {
        open.sendBatches(from: &outbox, now: now, &actions)
        return isDelivered(by: open) ? sayFarewell(&actions) : .open(open)
    }

    /// Whether everything is acknowledged that went before the goodbye.
    func isDelivered(by open: borrowing Open) -> Bool { open.saidGoodbye && outbox.held.isEmpty }

    /// Closes a connection on which everything is delivered.
    mutating func sayFarewell(_ actions: inout [ClientAction]) -> State {
        actions.append(.close(lastConnection))
        return finish(.saidGoodbye, &actions)
    }

    /// Asks a silent collector for a sign of life, or gives the connection up.
    mutating func checkLiveness(
        of open: consuming Open, now: SessionInstant, _ actions: inout [ClientAction]
    ) -> State {
        switch open.liveness.check(insideFrame: open.decoder.isInsideFrame, now: now) {
        case .alive: break
        case .ask:
            open.decoder.trim(keeping: 0)
            actions.append(.send(OutgoingFrame(.ping, Ping(token: generator.next()))))
        case .dead(let error): return lose(error, now: now, &actions)
        }
        return .open(open)
    }

    /// Closes the connection for a fault and comes back later.
    mutating func lose(_ error: SessionError, now: SessionInstant, _ actions: inout [ClientAction]) -> State {
        actions.append(.close(lastConnection))
        return retry(error, now: now, &actions)
    }

    /// Waits for the next attempt, the connection being gone, or finishes when nothing is left to be delivered.
    mutating func retry(
        _ error: SessionError, after wait: Duration = .zero, now: SessionInstant, _ actions: inout [ClientAction]
    ) -> State {
        actions.append(.disconnected(error))
        if outbox.isLeaving, isIdle { return finish(.saidGoodbye, &actions) }
        let jitter = settings.backoff.delay(attempt: attempt, using: &generator)
        attempt += 1
        return .waiting(until: now.advanced(by: wait).advanced(by: jitter))
    }

    /// Ends the session.
    func finish(_ outcome: ClientOutcome, _ actions: inout [ClientAction]) -> State {
        actions.append(.finished(outcome))
        return .finished(outcome)
    }
}
