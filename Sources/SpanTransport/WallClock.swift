#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The system's clock of the time of day, for whoever has the transport. What measures takes a monotonic one.
package enum WallClock {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    package static func nowUnixNano() -> UInt64 {
        var time = timespec()
        // Proof: the pointer is to a local that lives through the call.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: Int64(time.tv_sec)) * 1_000_000_000 + UInt64(clamping: Int64(time.tv_nsec))
    }
}
