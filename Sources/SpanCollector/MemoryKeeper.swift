#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Returns freed memory to the system when the process comes near its limit: what was merged is freed in pieces, of which
/// an allocator keeps more than it needs.
struct MemoryKeeper: Sendable {
    private let threshold: Int
    private var last = ContinuousClock.now

    private static let interval = Duration.milliseconds(500)

    init(limitBytes: Int) { threshold = limitBytes / 2 }

    /// A group was committed, and what it took is free.
    mutating func committed() {
        let now = ContinuousClock.now
        guard now - last >= Self.interval else { return }
        last = now
        guard let resident = Self.residentBytes(), resident > threshold else { return }
        ProcessMemory.giveBack()
    }

    /// Of this process, from Linux's `/proc` (proc(5)); `nil` elsewhere.
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
