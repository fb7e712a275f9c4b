import NIOCore
import SpanSession

/// A timer of an event loop that is set for the earliest moment asked for.
///
/// A timer that is set for earlier is left alone: it fires, finds nothing to do, and is set anew.
struct DeadlineTimer {
    private var armed: (task: Scheduled<Void>, due: SessionInstant)?

    /// Whether the timer must be set so as to fire at `due`.
    func isLate(for due: SessionInstant) -> Bool { armed.map { due < $0.due } ?? true }

    /// Sets the timer, in place of what it was set for.
    mutating func set(
        for due: SessionInstant, on eventLoop: any EventLoop, _ fire: @escaping @Sendable () -> Void
    ) {
        armed?.task.cancel()
        armed = (eventLoop.scheduleTask(deadline: due.deadline, fire), due)
    }

    /// The timer fired, and is not set any more.
    mutating func fired() { armed = nil }

    /// Keeps the timer from firing.
    mutating func cancel() {
        armed?.task.cancel()
        armed = nil
    }
}
