/// A moment on a clock that never goes back, counted in nanoseconds from wherever the driver likes.
///
/// The machines have no clock: every input brings the moment at which it happened, not earlier than that of the input
/// before it (an earlier one is taken as it is and at worst delays a deadline).
public struct SessionInstant: Sendable, Hashable, Comparable {
    /// Nanoseconds since the driver's epoch.
    public var nanoseconds: UInt64

    /// Makes the moment `nanoseconds` after the driver's epoch.
    @inlinable
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The moment `duration` later; negative durations lead back. Ends at the first and the last moment there is.
    public func advanced(by duration: Duration) -> SessionInstant {
        let (seconds, attoseconds) = duration.components
        let whole = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if whole.overflow { return SessionInstant(nanoseconds: seconds < 0 ? 0 : .max) }
        let total = whole.partialValue.addingReportingOverflow(attoseconds / 1_000_000_000)
        if total.overflow { return SessionInstant(nanoseconds: seconds < 0 ? 0 : .max) }
        let magnitude = total.partialValue.magnitude
        if total.partialValue < 0 {
            return SessionInstant(nanoseconds: nanoseconds - min(magnitude, nanoseconds))
        }
        let sum = nanoseconds.addingReportingOverflow(magnitude)
        return SessionInstant(nanoseconds: sum.overflow ? .max : sum.partialValue)
    }

    /// The time from `earlier` to this moment; zero when `earlier` is later.
    public func elapsed(since earlier: SessionInstant) -> Duration {
        let difference = nanoseconds - min(earlier.nanoseconds, nanoseconds)
        return .nanoseconds(Int64(min(difference, UInt64(Int64.max))))
    }

    @inlinable
    public static func < (left: SessionInstant, right: SessionInstant) -> Bool { left.nanoseconds < right.nanoseconds }
}
