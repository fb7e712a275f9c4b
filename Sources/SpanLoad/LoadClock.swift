import SpanSession
import SpanTransport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

enum LoadClock {
    /// The clock that the client's moments are of.
    static func nanoseconds() -> UInt64 { SessionInstant.now().nanoseconds }

    /// Seconds that this process has computed, on behalf of itself and in the system.
    static func processorSeconds() -> (user: Double, system: Double) {
        var usage = rusage()
        // Proof: the pointer is to a local that lives through the call.
        #if canImport(Glibc)
            unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            unsafe getrusage(RUSAGE_SELF, &usage)
        #endif
        return (seconds(usage.ru_utime), seconds(usage.ru_stime))
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}

extension Duration {
    /// The duration in seconds.
    package var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
