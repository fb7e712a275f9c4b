import SpanTransport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Limit on the files and connections that this process may have open.
enum DescriptorLimit {
    /// Raises the limit to the most that the system grants without asking; a service with a connection for each sender
    /// needs more than the usual 1,024.
    ///
    /// - Returns: the limit that is in force.
    static func raise() -> Int {
        var limit = rlimit()
        // Proof: both calls read or fill a variable of this function.
        guard unsafe getrlimit(resource, &limit) == 0 else { return 1024 }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        if unsafe setrlimit(resource, &raised) == 0 { limit = raised }
        return Int(clamping: limit.rlim_cur)
    }

    /// Ends a command that would run out of descriptors in the middle of its work, where the runtime would end the
    /// process without a message.
    ///
    /// - Parameter count: number of descriptors that the command needs beside the open ones.
    static func require(_ count: Int) throws(CommandFailure) {
        _ = raise()
        let free = DescriptorRoom.free(upTo: count)
        guard free < count else { return }
        throw CommandFailure(
            "this command needs \(count) free file descriptors, and there are \(free); raise the limit (ulimit -n, "
                + "LimitNOFILE=)")
    }

    /// Number of descriptors of a command that reads or writes a store or a spool: files, and timers of the runtime.
    static let ofACommand = 12
    /// Number of descriptors of a collector: those that connections share, the store's files, signals, and some
    /// connections.
    static var ofACollector: Int { EventLoops.descriptors + 16 }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif

    /// Returns the number of connections that fit beside the store, the log and other open files.
    static func connections(descriptors: Int) -> Int { max(descriptors - 128, descriptors / 2, 1) }
}
