import SpanStorage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The files that a connection has open, by which it sees that they lost their names.
///
/// SQLite finds the log (`-wal`) and the memory that processes share (`-shm`) by name once and holds them from then on. Where
/// somebody removes or replaces one, whoever comes later finds others: what is written to a log without a name is lost with its
/// writer, and beside two memories two writers write to one log at a time.
struct OpenFiles {
    /// What is where a file of the connection was.
    enum Place: Equatable {
        case own
        case nothing
        /// Another file with nothing in it.
        case empty
        case other
    }

    /// What lost its name.
    struct Loss: Equatable {
        var file = false
        var log = Place.own
        var sharedMemory = Place.own

        /// Whether what is in the log may still be brought to the file: nobody wrote since to another log.
        ///
        /// Whoever came since and shares the memory has written nothing, for the log in its place is empty. Where the memory has
        /// lost its name too nobody has come yet, and whoever saves the log keeps them out meanwhile.
        var leavesLogOfUse: Bool {
            !file && (log == .nothing || log == .empty) && (sharedMemory == .own || sharedMemory == .nothing)
        }

        /// Whether SQLite, which looks at nothing of this, may bring the log to the file when it is closed.
        var mayEndAsUsual: Bool { file || sharedMemory == .own && log != .other }
    }

    /// Without symbolic links, as SQLite calls it.
    private let file: String
    private let log: FileIdentity?
    private let sharedMemory: FileIdentity?

    /// Notes which files there are; SQLite has opened them by then.
    init(_ file: String) {
        self.file = file
        log = FileStatus(file + "-wal")?.identity
        sharedMemory = FileStatus(file + "-shm")?.identity
    }

    /// Whether SQLite found both files: who writes has them.
    var areThere: Bool { log != nil && sharedMemory != nil }

    /// - Parameter fileIsGone: what SQLite says of the file itself.
    func loss(fileIsGone: Bool) -> Loss? {
        let loss = Loss(
            file: fileIsGone, log: Self.place(file + "-wal", log), sharedMemory: Self.place(file + "-shm", sharedMemory)
        )
        return loss == Loss() ? nil : loss
    }

    /// - Parameter own: `nil`: nothing is known of it.
    private static func place(_ path: String, _ own: FileIdentity?) -> Place {
        guard let own else { return .own }
        guard let found = FileStatus(path) else { return .nothing }
        if found.identity == own { return .own }
        return found.bytes > 0 ? .other : .empty
    }

    /// Does something while no other process can begin to use the file, where its shared memory has lost its name: in its place
    /// comes a new one that is locked as if a process were just setting it up. It stays: who waits for it has it open.
    ///
    /// - Returns: `nil` where somebody was faster.
    func keepingOthersOut<Result>(_ body: () -> Result) -> Result? {
        var status = stat()
        // Proof: the pointers are to locals that live through the calls.
        guard unsafe stat(file, &status) == 0 else { return nil }
        let memory = unsafe open(file + "-shm", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0o777)
        guard memory >= 0 else { return nil }
        defer { close(memory) }
        _ = fchmod(memory, status.st_mode & 0o777)
        _ = fchown(memory, status.st_uid, status.st_gid)
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        // The "dead man switch" of SQLite's file format of shared memory: whoever has it alone sets the memory up.
        lock.l_start = 128
        lock.l_len = 1
        guard unsafe fcntl(memory, F_SETLK, &lock) == 0 else { return nil }
        return body()
    }
}

extension OpenFiles.Loss {
    /// - Parameters:
    ///   - path: how the user calls the file.
    ///   - logIsSaved: what was in the log is in the file now; `nil`: not known, for a writer sees to it.
    func error(_ path: String, logIsSaved: Bool?) -> SpanStoreError {
        if file {
            return SpanStoreError(.ioFailed, "\(path) was deleted or moved while open; put it back or start anew")
        }
        let lost = (log == .own ? [] : ["\(path)-wal"]) + (sharedMemory == .own ? [] : ["\(path)-shm"])
        let rest =
            switch (log, logIsSaved) {
            case (.own, _): "; what was acknowledged is in \(path) and \(path)-wal, so keep both"
            case (_, true?): "; what was acknowledged is in \(path)"
            case (_, false?):
                "; what was acknowledged last may be in that \(path)-wal alone, so put it back if it was moved"
            case (_, nil): ""
            }
        return SpanStoreError(
            .ioFailed,
            "\(lost.joined(separator: " and ")), without which \(path) is not whole, was deleted or replaced while open, so "
                + "nothing more is stored\(rest); end every process that has \(path) open, then start the collector anew"
        )
    }
}
