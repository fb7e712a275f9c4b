#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Returns freed memory to the system when the process comes near its limit: what was merged is freed in pieces, of
/// which an allocator keeps more than it needs.
///
/// It looks at the whole process, and its allocator stops all of the process's threads while it gives back: for a
/// process that is a collector's own, and for no other.
struct MemoryKeeper: Sendable {
    private let threshold: Int
    private var last: ContinuousClock.Instant
    private let residentBytes: @Sendable () -> Int?
    private let giveBack: @Sendable () -> Void

    private static let interval = Duration.milliseconds(500)

    /// - Parameters:
    ///   - limitBytes: twice what may be resident before anything is given back.
    ///   - residentBytes: how much is; `nil` where that is not known.
    init(
        limitBytes: Int, now: ContinuousClock.Instant = .now,
        residentBytes: @escaping @Sendable () -> Int? = Self.residentBytes,
        giveBack: @escaping @Sendable () -> Void = ProcessMemory.giveBack
    ) {
        threshold = limitBytes / 2
        last = now
        self.residentBytes = residentBytes
        self.giveBack = giveBack
    }

    /// A group was committed, and what it took is free.
    mutating func committed(now: ContinuousClock.Instant = .now) {
        guard now - last >= Self.interval else { return }
        last = now
        guard let resident = residentBytes(), resident > threshold else { return }
        giveBack()
    }

    /// The resident bytes of this process, from Linux's `/proc` (proc(5)); `nil` elsewhere.
    static func residentBytes() -> Int? {
        let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Proof: read fills at most what the buffer has, and says how much.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 128) { buffer, count in
            count = max(0, unsafe read(descriptor, buffer.baseAddress, buffer.count))
        }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
