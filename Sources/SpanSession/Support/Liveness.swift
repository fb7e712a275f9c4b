/// The rule for a connection on which nothing comes: when the peer is asked, and when it is given up (transport rule
/// 7).
struct Liveness: Sendable {
    enum Verdict: Sendable {
        case alive
        /// Send a `Ping`.
        case ask
        /// Close the connection.
        case dead(SessionError)
    }

    private let timing: SessionTiming
    private var lastReceived: SessionInstant
    private var asked: SessionInstant?

    init(timing: SessionTiming, now: SessionInstant) {
        self.timing = timing
        lastReceived = now
    }

    /// Any byte from the peer is a sign of life.
    mutating func received(now: SessionInstant) {
        lastReceived = max(lastReceived, now)
        asked = nil
    }

    func deadline(insideFrame: Bool) -> SessionInstant {
        let silence =
            asked.map { $0.advanced(by: timing.pingAnswer) } ?? lastReceived.advanced(by: timing.silence)
        return insideFrame ? min(silence, lastReceived.advanced(by: timing.frameProgress)) : silence
    }

    mutating func check(insideFrame: Bool, now: SessionInstant) -> Verdict {
        if insideFrame, now >= lastReceived.advanced(by: timing.frameProgress) {
            return .dead(SessionError(.timedOut, "a frame made no progress for \(timing.frameProgress)"))
        }
        if let asked {
            guard now >= asked.advanced(by: timing.pingAnswer) else { return .alive }
            return .dead(SessionError(.timedOut, "no answer to a ping for \(timing.pingAnswer)"))
        }
        guard now >= lastReceived.advanced(by: timing.silence) else { return .alive }
        asked = now
        return .ask
    }
}
