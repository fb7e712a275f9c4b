import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The processor time of another process, from Linux's `/proc`.
final class ProcessClock: Sendable {
    private struct State {
        var begin: Double?
        var end: Double?
    }

    private let pid: Int32?
    private let state = Mutex(State())

    /// - Parameter pid: `nil` for none.
    init(pid: Int32?) { self.pid = pid }

    /// Whether the process is there and the system tells of it.
    var isReadable: Bool { pid.map { Self.seconds(of: $0) != nil } ?? false }

    func note(begins: Bool) {
        guard let pid, let now = Self.seconds(of: pid) else { return }
        state.withLock { begins ? ($0.begin = now) : ($0.end = now) }
    }

    /// Between the two moments; `nil` when the process or the system does not tell.
    var seconds: Double? {
        state.withLock { state in
            guard let begin = state.begin, let end = state.end else { return nil }
            return end - begin
        }
    }

    /// Fields 14 and 15 of `/proc/PID/stat`, in clock ticks (proc(5)); the name in field 2 may hold anything.
    private static func seconds(of pid: Int32) -> Double? {
        guard let bytes = try? InputFile.read("/proc/\(pid)/stat", maxBytes: 4096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        let ticks = sysconf(Int32(_SC_CLK_TCK))
        return ticks > 0 ? (user + system) / Double(ticks) : nil
    }
}
