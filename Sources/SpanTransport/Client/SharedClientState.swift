import NIOCore
import Synchronization

/// A client's state behind its lock, and the tasks that wait for it to change.
///
/// Callers, the driver and the spool's thread share it; none of them needs another.
final class SharedClientState: Sendable {
    private let guarded: Mutex<ClientState>

    init(_ state: consuming sending ClientState) { guarded = Mutex(state) }

    /// Does something under the lock.
    @inline(__always)
    func withLock<Result: ~Copyable>(_ body: (inout sending ClientState) -> sending Result) -> sending Result {
        guarded.withLock(body)
    }

    /// Resumes whoever waits; each looks whether what it waits for has come.
    func resumeWaiters() {
        let waiters = withLock { state in
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Waits until the state is as wanted, or the deadline has come, or the task is cancelled.
    ///
    /// - Parameter evenIfCancelled: the task may be cancelled, and waits all the same.
    func wait(
        until deadline: NIODeadline, evenIfCancelled: Bool = false,
        _ isReached: @escaping @Sendable (borrowing ClientState) -> Bool
    ) async {
        while NIODeadline.now() < deadline, evenIfCancelled || !Task.isCancelled {
            await waitForWord(until: deadline, evenIfCancelled: evenIfCancelled, isReached)
            if withLock({ isReached($0) }) { return }
        }
    }

    /// Waits until something happened that may be what is waited for, the deadline came or the task was cancelled.
    private func waitForWord(
        until deadline: NIODeadline, evenIfCancelled: Bool, _ isReached: @Sendable (borrowing ClientState) -> Bool
    ) async {
        let ticket = withLock { $0.nextTicket() }
        var timer: Task<Void, Never>?
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = withLock { state in
                    // A task that was cancelled just now has had its word already.
                    if isReached(state) || Task.isCancelled && !evenIfCancelled { return false }
                    state.waiters[ticket] = continuation
                    return true
                }
                guard waits else { return continuation.resume() }
                if deadline < .distantFuture {
                    // Not on the event loop: limits hold when that is stuck, or gone.
                    timer = Task { [self] in
                        try? await Task.sleep(for: .nanoseconds((deadline - .now()).nanoseconds))
                        resumeWaiter(ticket)
                    }
                }
            }
        } onCancel: {
            if !evenIfCancelled { resumeWaiter(ticket) }
        }
        timer?.cancel()
    }

    private func resumeWaiter(_ ticket: UInt64) { withLock { $0.waiters.removeValue(forKey: ticket) }?.resume() }
}
