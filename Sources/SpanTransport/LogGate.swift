import NIOCore
import Synchronization

/// Lets one line through per interval and counts the others, so that a flood of the same does not flood the log.
final class LogGate: Sendable {
    private struct State {
        var nextLine = NIODeadline.uptimeNanoseconds(0)
        var held = 0
    }

    private let interval: TimeAmount
    private let state = Mutex(State())

    init(interval: TimeAmount = .seconds(10)) { self.interval = interval }

    /// - Returns: how often it has happened since the last line, this time included; `nil` when it is not to be logged.
    func pass(now: NIODeadline = .now()) -> Int? {
        state.withLock { state in
            state.held += 1
            guard now >= state.nextLine else { return nil }
            defer { state.held = 0 }
            state.nextLine = now + interval
            return state.held
        }
    }
}
