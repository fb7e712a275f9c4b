import NIOCore

/// Whether the log is to say that a spool fails, and that it works again.
///
/// A disk that is nearly full may fail with every other segment, so that both are said now and then. What was said last is
/// what holds, or what held a moment ago: a failure that lasts is said as soon as there may be a line of it.
struct SpoolFailureLog {
    private let gate = LogGate()
    private var isTold = false

    /// An attempt failed.
    ///
    /// - Returns: whether to say so.
    mutating func failed(now: NIODeadline = .now()) -> Bool {
        guard !isTold, gate.pass(now: now) != nil else { return false }
        isTold = true
        return true
    }

    /// An attempt succeeded, the first since one that failed.
    ///
    /// - Returns: whether to say so.
    mutating func recovered() -> Bool {
        defer { isTold = false }
        return isTold
    }
}
