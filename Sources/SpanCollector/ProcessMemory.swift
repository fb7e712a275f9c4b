import CMalloc

/// The allocator of a process that is a collector's own. Does nothing where it is not glibc's.
public enum ProcessMemory {
    /// Has the allocator keep freed memory for the next batches rather than return it to the system and fault it in again:
    /// a fifth of what a batch costs. To be called once, before the load begins; a service that links a client leaves its
    /// allocator as it is.
    ///
    /// - Parameter bytes: what each arena may keep.
    public static func keepFreed(upTo bytes: Int) { spanwire_malloc_keep(Int32(clamping: bytes), 2) }

    /// Returns what is free to the system.
    public static func giveBack() { spanwire_malloc_give_back() }
}
