import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The number of times that this process descends, by `fork`, from the one in which the count was first asked for.
///
/// A forked child has its parent's files open at the same places; were it to write, it would overwrite what its parent
/// writes.
enum ForkCount {
    private static let forks = Atomic<Int>(0)

    private static let registration: Int32 = pthread_atfork(
        nil, nil, { _ = ForkCount.forks.add(1, ordering: .relaxed) })

    /// Begins to count; before the first `current` that is compared later.
    static func begin() -> Int {
        _ = current
        _ = registration
        return current
    }

    static var current: Int { forks.load(ordering: .relaxed) }
}
