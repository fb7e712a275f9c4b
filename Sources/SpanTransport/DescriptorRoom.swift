#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The number of files and connections that this process may still open.
package enum DescriptorRoom {
    /// Opens so many for a moment, the only way to know: limits of the process and of the machine both count.
    ///
    /// - Parameter count: how many to look for, at most a few thousand: another thread that opens a file at the same
    ///   moment may find them taken.
    /// - Returns: how many there were, at most `count`.
    package static func free(upTo count: Int) -> Int {
        guard count > 0 else { return 0 }
        let first = unsafe open("/", O_RDONLY | O_CLOEXEC)
        // For another reason than a lack of descriptors nothing is known, and nothing is held against the caller.
        guard first >= 0 else { return errno == EMFILE || errno == ENFILE ? 0 : count }
        var taken = [first]
        while taken.count < count {
            let next = fcntl(first, F_DUPFD_CLOEXEC, 0)
            guard next >= 0 else { break }
            taken.append(next)
        }
        for descriptor in taken { close(descriptor) }
        return taken.count
    }
}
