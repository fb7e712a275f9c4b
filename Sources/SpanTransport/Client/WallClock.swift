#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The time of day.
enum WallClock {
    /// Where a client that starts now begins to number its connections: milliseconds since 1970-01-01T00:00:00Z times 2^16.
    static func firstConnection() -> UInt64 {
        var time = timespec()
        // Proof: the pointer is to a local that lives through the call.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds =
            UInt64(clamping: Int64(time.tv_sec)) * 1000 + UInt64(clamping: Int64(time.tv_nsec)) / 1_000_000
        return milliseconds << 16
    }
}
