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
        /// Its own, without what it held.
        case cut
    }

    /// What lost its name.
    struct Loss: Equatable {
        var file = false
        var log = Place.own
        var sharedMemory = Place.own

        /// Whether what is in the log may still be brought to the file: nobody wrote since to another log.
        ///
        /// Whoever came since and shares the memory has written nothing, for the log in its place is empty. Where the memory has
        /// lost its name too, somebody may have written, brought that to the file and gone: the file itself must be as it was,
        /// and whoever saves the log keeps others out meanwhile.
        var leavesLogOfUse: Bool { !file && (log == .nothing || log == .empty) }

        /// Whether the log alone has lost its name, or is where it was.
        var sharesMemory: Bool { sharedMemory == .own }

        /// Whether SQLite, which looks at nothing of this, may bring the log to the file when it is closed.
        var mayEndAsUsual: Bool { file || sharedMemory == .own && log != .other && log != .cut }
    }

    /// What became of what was acknowledged and is in a log without a name.
    enum Log: Equatable {
        /// It is in the file.
        case saved
        /// A copy of the log is there, whose name this is.
        case copied(String, fits: Bool)
        case unsaved
    }

    /// Without symbolic links, as SQLite calls it.
    let file: String
    private let log: FileIdentity?
    private let sharedMemory: FileIdentity?
    /// The file when it was known to be changed by those alone who share its log.
    private var status: FileStatus?

    /// Notes which files there are; SQLite has opened them by then.
    init(_ file: String) {
        self.file = file
        log = FileStatus(file + "-wal")?.identity
        sharedMemory = FileStatus(file + "-shm")?.identity
        noteFile()
    }

    /// To be called while the files have their names.
    mutating func noteFile() { status = FileStatus(file) }

    /// Whether somebody wrote to the file since.
    var fileIsAsItWas: Bool {
        guard let status, let found = FileStatus(file) else { return false }
        return found.identity == status.identity && found.bytes == status.bytes
            && found.changedUnixSeconds == status.changedUnixSeconds && found.changedNanos == status.changedNanos
    }

    /// Whether SQLite found both files: who writes has them.
    var areThere: Bool { log != nil && sharedMemory != nil }

    /// - Parameters:
    ///   - fileIsGone: what SQLite says of the file itself.
    ///   - logIsWhole: what `LogIndexHead` says of the log.
    func loss(fileIsGone: Bool, logIsWhole: @autoclosure () -> Bool) -> Loss? {
        var loss = Loss(
            file: fileIsGone, log: Self.place(file + "-wal", log), sharedMemory: Self.place(file + "-shm", sharedMemory)
        )
        if loss == Loss(), !logIsWhole() { loss.log = .cut }
        return loss == Loss() ? nil : loss
    }

    /// - Parameter own: `nil`: nothing is known of it.
    private static func place(_ path: String, _ own: FileIdentity?) -> Place {
        guard let own else { return .own }
        guard let found = FileStatus(path) else { return .nothing }
        if found.identity == own { return .own }
        return found.bytes > 0 ? .other : .empty
    }

    /// Does something while no other process uses the file or can begin to, where its shared memory has lost its name: what is
    /// in its place, or is put there, is locked as if a process were just setting it up. It stays: who waits for it has it open.
    ///
    /// - Returns: `nil` where somebody else is in.
    func keepingOthersOut<Result>(_ body: () -> Result?) -> Result? {
        guard let (memory, identity) = otherMemory() else { return nil }
        // Closing it would take the locks of the memory that is open.
        guard identity != sharedMemory else { return nil }
        defer { close(memory) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        // The "dead man switch" of SQLite's file format of shared memory: each process that has the memory open shares it, and
        // whoever has it alone sets the memory up.
        lock.l_start = 128
        lock.l_len = 1
        // Proof: the pointer is to a local that lives through the call.
        guard unsafe fcntl(memory, F_SETLK, &lock) == 0 else { return nil }
        // The last one of those who were in may have removed it.
        guard FileStatus(file + "-shm")?.identity == identity else { return nil }
        return body()
    }

    /// Opens what is in the place of the shared memory, or puts it there.
    private func otherMemory() -> (descriptor: Int32, identity: FileIdentity)? {
        var status = stat()
        // Proof: the pointers are to locals that live through the calls.
        guard unsafe stat(file, &status) == 0 else { return nil }
        var memory = unsafe open(file + "-shm", O_RDWR | O_CLOEXEC)
        if memory < 0, errno == ENOENT {
            memory = unsafe open(file + "-shm", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0o777)
            if memory >= 0 {
                _ = fchown(memory, status.st_uid, status.st_gid)
                _ = fchmod(memory, status.st_mode & 0o777)
            }
        }
        guard memory >= 0 else { return nil }
        guard unsafe fstat(memory, &status) == 0 else {
            close(memory)
            return nil
        }
        return (memory, FileStatus(status).identity)
    }
}

extension OpenFiles.Loss {
    /// - Parameters:
    ///   - path: how the user calls the file.
    ///   - saved: what became of what was in the log; `nil`: not known, for a writer sees to it.
    func error(_ path: String, _ saved: OpenFiles.Log?) -> SpanStoreError {
        if file {
            return SpanStoreError(.ioFailed, "\(path) was deleted or moved while open; put it back or start anew")
        }
        if log == .cut {
            return SpanStoreError(
                .ioFailed,
                "\(path)-wal, without which \(path) is not whole, was emptied or cut while open, so nothing more is stored; "
                    + "what was acknowledged last is lost where no copy of it is left; end every process that has \(path) open, "
                    + "then start the collector anew")
        }
        let lost = (log == .own ? [] : ["\(path)-wal"]) + (sharedMemory == .own ? [] : ["\(path)-shm"])
        var then = "start the collector anew"
        var rest = ""
        switch (log, saved) {
        case (.own, _): rest = "; what was acknowledged is in \(path) and \(path)-wal, so keep both"
        case (_, .saved?): rest = "; what was acknowledged is in \(path)"
        case (_, .copied(let copy, fits: true)?):
            rest = "; what was acknowledged last is in a copy of the log, \(copy)"
            then = "move \(copy) to \(copy.dropLast(".saved".utf8.count)), and start the collector anew"
        case (_, .copied(let copy, fits: false)?):
            rest =
                "; what was acknowledged last is in a copy of the log, \(copy), and others have written since, so that the copy "
                + "fits a \(path) of before alone (a backup): beside that it is named as its -wal"
        case (_, .unsaved?):
            rest = "; what was acknowledged last may be in that \(path)-wal alone, so put it back if it was moved"
        case (_, nil): break
        }
        return SpanStoreError(
            .ioFailed,
            "\(lost.joined(separator: " and ")), without which \(path) is not whole, was deleted or replaced while open, so "
                + "nothing more is stored\(rest); end every process that has \(path) open, then \(then)"
        )
    }
}
