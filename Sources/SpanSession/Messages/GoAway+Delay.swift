extension Duration {
    /// The duration as `GoAway.retryAfterMilliseconds` has it: whole milliseconds, 1 ... 2^32 - 1.
    ///
    /// Rounded up, so that nobody comes back too early. At least 1, for 0 would mean "do not come back"; what is longer than
    /// the field can say is as long as it can say.
    package var retryAfterMilliseconds: UInt32 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 1 }
        guard seconds <= Int64(UInt32.max) / 1000 else { return .max }
        let milliseconds = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return UInt32(clamping: max(milliseconds, 1))
    }
}
