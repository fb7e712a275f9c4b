import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Names the seeds under way when the process is about to end: by a trap, or because one of them takes for ever.
enum Watchdog {
    /// The seed of each worker.
    private static let seeds = Mutex<[UInt64]>([])
    /// How long it may take until any worker is done with its seeds; what takes longer hangs.
    private static let patience: UInt32 = 120

    static func start(workers: Int) {
        seeds.withLock { $0 = [UInt64](repeating: 0, count: workers) }
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGALRM] {
            _ = signal(number) { Watchdog.report($0) }
        }
        progress()
    }

    /// Something was done: the time starts over.
    static func progress() { alarm(patience) }

    static func stop() { alarm(0) }

    static func begin(_ seed: UInt64, worker: Int) { seeds.withLock { $0[worker] = seed } }

    /// What it calls is more than a signal handler should call; all that it risks is a process that ends anyway.
    private static func report(_ number: CInt) {
        let underWay = seeds.withLockIfAvailable { $0.map(String.init).joined(separator: ", ") } ?? "unknown"
        say((number == SIGALRM ? "error: a seed takes for ever" : "error: a trap") + "; seeds under way: \(underWay)")
        _ = signal(number, SIG_DFL)
        raise(number)
    }
}

/// A line on stderr.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    // Proof: the pointer covers the array's bytes.
    _ = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}

/// The most memory that the process has had, in MiB.
func peakMemory() -> Int {
    var usage = rusage()
    // RUSAGE_SELF, which is imported as another type than the parameter's. Proof: the structure is the function's to fill.
    guard unsafe getrusage(0, &usage) == 0 else { return 0 }
    #if canImport(Darwin)
        return usage.ru_maxrss >> 20
    #else
        return usage.ru_maxrss >> 10
    #endif
}
