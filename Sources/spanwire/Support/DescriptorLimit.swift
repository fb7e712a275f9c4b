#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many files and connections this process may have open.
enum DescriptorLimit {
    /// Raises the limit to the most that the system grants without asking; a service with a connection per sender needs
    /// more than the usual 1,024.
    ///
    /// - Returns: the limit that is in force.
    static func raise() -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0 else { return 1024 }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        if unsafe setrlimit(resource, &raised) == 0 { limit = raised }
        return Int(clamping: limit.rlim_cur)
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif

    /// How many connections fit beside the store, the log and what else is open.
    static func connections(descriptors: Int) -> Int { max(descriptors - 128, descriptors / 2, 1) }
}
