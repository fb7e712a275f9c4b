extension Duration {
    /// For `retry_after_ms`, where 0 would mean "never": at least 1.
    var goAwayMilliseconds: UInt32 {
        let (seconds, attoseconds) = components
        guard seconds < Int64(UInt32.max / 1000) else { return .max }
        return UInt32(clamping: max(seconds * 1000 + attoseconds / 1_000_000_000_000_000, 1))
    }
}
