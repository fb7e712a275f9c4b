import Synchronization

/// Wakes the one task that waits for work. Raised several times before the task waits, it wakes it once; it wakes a task that
/// is cancelled like any other, for what was taken on is to be brought to its end.
final class Signal: Sendable {
    private enum State {
        case quiet
        case raised
        case waitedFor(CheckedContinuation<Bool, Never>)
        case finished
    }

    private let state: Mutex<State>

    /// - Parameter isRaised: whether the first wait ends at once.
    init(isRaised: Bool = false) { state = Mutex(isRaised ? .raised : .quiet) }

    /// There is work.
    func raise() {
        let waiting: CheckedContinuation<Bool, Never>? = state.withLock { state in
            switch state {
            case .quiet: state = .raised
            case .waitedFor(let continuation):
                state = .quiet
                return continuation
            case .raised, .finished: break
            }
            return nil
        }
        waiting?.resume(returning: true)
    }

    /// There will be no more: every wait ends at once.
    func finish() {
        let waiting: CheckedContinuation<Bool, Never>? = state.withLock { state in
            defer { state = .finished }
            if case .waitedFor(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume(returning: false)
    }

    /// Waits until it is raised.
    ///
    /// - Returns: `false` when it is finished.
    func wait() async -> Bool {
        await withCheckedContinuation { continuation in
            let answer: Bool? = state.withLock { state in
                switch state {
                case .quiet:
                    state = .waitedFor(continuation)
                    return nil
                case .raised:
                    state = .quiet
                    return true
                case .waitedFor: preconditionFailure("two tasks wait for one signal")
                case .finished: return false
                }
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }
}
