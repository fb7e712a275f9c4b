/// The rule for the wait before the next attempt to connect: exponential with full jitter.
///
/// Attempt `n` (from 0) waits a random time between zero and `min(longest, shortest * 2^n)`, so that senders which lost
/// their collector together do not come back together.
public struct BackoffPolicy: Sendable, Hashable {
    /// The greatest wait before the first repetition.
    public var shortest: Duration
    /// The greatest wait of any attempt.
    public var longest: Duration

    /// Makes a policy with these greatest waits: before the first repetition, and ever.
    public init(shortest: Duration = .milliseconds(100), longest: Duration = .seconds(30)) {
        self.shortest = shortest
        self.longest = longest
    }

    /// The greatest wait of an attempt.
    ///
    /// - Parameter attempt: 0 for the first repetition; negative counts as 0.
    public func ceiling(attempt: Int) -> Duration {
        var wait = shortest
        for _ in 0..<max(attempt, 0) {
            if wait >= longest { break }
            wait = wait * 2
        }
        return min(wait, longest)
    }

    /// A random wait of an attempt, from zero to `ceiling(attempt:)`, in whole milliseconds.
    public func delay(attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let (seconds, attoseconds) = ceiling(attempt: attempt).components
        let milliseconds = max(seconds * 1000 + attoseconds / 1_000_000_000_000_000, 0)
        return .milliseconds(Int64.random(in: 0...milliseconds, using: &generator))
    }
}
