import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Processor time of another process, read from Linux's `/proc`.
final class ProcessClock: Sendable {
    private struct State {
        var begin: Double?
        var end: Double?
    }

    private let pid: Int32?
    private let state = Mutex(State())

    /// Creates a clock of a process; `nil` for none.
    init(pid: Int32?) { self.pid = pid }

    /// `true` when the process exists and the system tells its processor time.
    var isReadable: Bool { pid.map { Self.seconds(of: $0) != nil } ?? false }

    func note(begins: Bool) {
        guard let pid, let now = Self.seconds(of: pid) else { return }
        state.withLock { begins ? ($0.begin = now) : ($0.end = now) }
    }

    /// Processor time between the two noted moments, in seconds; `nil` when the process or the system does not tell it.
    var seconds: Double? {
        state.withLock { state in
            guard let begin = state.begin, let end = state.end else { return nil }
            return end - begin
        }
    }

    /// Returns the processor time from fields 14 and 15 of `/proc/PID/stat`, in clock ticks (proc(5)). The name in
    /// field 2 may hold any characters.
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
