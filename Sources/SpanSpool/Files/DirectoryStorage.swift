import ProtoWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A directory of one process, held by a lock until it is released or this object dies.
package final class DirectoryStorage: SpoolStorage {
    /// The path of the directory.
    package let place: String
    private let lock: Int32
    private let forks: Int

    static let lockName = "lock"

    /// Makes the directory if it is missing, and locks it.
    ///
    /// - Throws: `cannot_open`, `in_use`.
    package init(_ directory: String) throws(SpoolError) {
        place = directory
        forks = ForkCount.begin()
        guard !directory.isEmpty, !directory.utf8.contains(0) else {
            throw SpoolError(.cannotOpen, "a spool needs the path of a directory")
        }
        if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw SpoolError(
                .cannotOpen, "cannot make the directory \(directory): \(words(errno)); make its parent, or name another"
            )
        }
        if unsafe access("\(directory)/.", F_OK) != 0, errno == ENOTDIR {
            throw SpoolError(.cannotOpen, "\(directory) is a file and no directory; name a directory for the spool")
        }
        // A lock and ledgers that are there already could be opened, and no segment be made.
        guard unsafe access(directory, W_OK | X_OK) == 0 else {
            throw SpoolError(
                .cannotOpen, "cannot write in the spool \(directory): \(words(errno)); check who owns it")
        }
        let path = "\(directory)/\(DirectoryStorage.lockName)"
        let descriptor = openFile(path, O_RDWR | O_CREAT)
        guard descriptor >= 0 else {
            throw SpoolError(
                .cannotOpen, "cannot write in the spool \(directory): \(words(errno)); check who owns it")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw SpoolError(
                .inUse,
                "the spool \(directory) is used by another process\(Self.holder(path)); give each process a directory of "
                    + "its own")
        }
        lock = descriptor
        let text = [UInt8]("\(getpid())\n".utf8)
        _ = ftruncate(lock, 0)
        // Proof: the array lives through the call and has that many bytes.
        _ = unsafe text.withUnsafeBytes { bytes in unsafe pwrite(lock, bytes.baseAddress, bytes.count, 0) }
    }

    deinit {
        release()
        close(lock)
    }

    package func release() {
        // A process that was started meanwhile may have a copy of the descriptor until it runs its own program; unlocking
        // counts for all copies, and so is not for a forked child to do.
        if ForkCount.current == forks { flock(lock, LOCK_UN) }
    }

    /// ` (process 4711)`, as far as the lock file says so.
    private static func holder(_ path: String) -> String {
        let descriptor = openFile(path, O_RDONLY)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        let digits = (try? DirectoryFile.read(descriptor, at: 0, upTo: 12))?.prefix { (48...57).contains($0) } ?? []
        return digits.isEmpty ? "" : " (process \(String(decoding: digits, as: UTF8.self)))"
    }

    package func names() throws(SpoolError) -> [String] { try Self.names(in: place) }

    /// The names of all files in a directory.
    static func names(in directory: String) throws(SpoolError) -> [String] {
        guard let folder = unsafe opendir(directory) else {
            throw SpoolError(.cannotOpen, "cannot read the directory \(directory): \(words(errno))")
        }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            // Proof: d_name is an array of 256 bytes or more within the entry, which lives until the next readdir, and
            // ends with a zero byte.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { start in
                unsafe start.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    package func open(_ name: String, creates: Bool) throws(SpoolError) -> any SpoolFile {
        let path = "\(place)/\(name)"
        let descriptor = openFile(path, creates ? O_RDWR | O_CREAT : O_RDWR)
        guard descriptor >= 0 else { throw failure("open", path, errno) }
        return DirectoryFile(descriptor, path: path, forks: forks)
    }

    package func remove(_ name: String) throws(SpoolError) {
        guard ForkCount.current == forks else { throw forkedError(place) }
        let path = "\(place)/\(name)"
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path, errno) }
    }

    package func sync() throws(SpoolError) {
        let descriptor = openFile(place, O_RDONLY)
        guard descriptor >= 0 else { throw failure("open", place, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", place, errno) }
    }
}

/// A file that only its spool writes.
final class DirectoryFile: SpoolFile {
    private let descriptor: Int32
    private let path: String
    private let forks: Int

    init(_ descriptor: Int32, path: String, forks: Int) {
        self.descriptor = descriptor
        self.path = path
        self.forks = forks
    }

    /// Opens a file that another process may be writing.
    init(reading path: String) throws(SpoolError) {
        descriptor = openFile(path, O_RDONLY)
        self.path = path
        forks = ForkCount.current
        guard descriptor >= 0 else { throw failure("open", path, errno) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func size() throws(SpoolError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure("look at", path, errno) }
        return Int(status.st_size)
    }

    func write(_ bytes: borrowing RawSpan, at offset: Int) throws(SpoolError) {
        guard ForkCount.current == forks else { throw forkedError(path) }
        var number: Int32 = 0
        // Proof: what is written lies between `done` and the span's end.
        unsafe bytes.withUnsafeBytes { source in
            var done = 0
            while done < source.count, let start = source.baseAddress {
                let written = unsafe pwrite(descriptor, start + done, source.count - done, off_t(offset + done))
                if written > 0 {
                    done += written
                } else if written == 0 || errno != EINTR {
                    number = written == 0 ? ENOSPC : errno
                    return
                }
            }
        }
        if number != 0 { throw failure("write", path, number) }
    }

    func read(at offset: Int, upTo count: Int) throws(SpoolError) -> [UInt8] {
        do throws(ReadFailure) {
            return try DirectoryFile.read(descriptor, at: offset, upTo: count)
        } catch {
            throw failure("read", path, error.number)
        }
    }

    struct ReadFailure: Error { var number: Int32 }

    static func read(_ descriptor: Int32, at offset: Int, upTo count: Int) throws(ReadFailure) -> [UInt8] {
        var number: Int32 = 0
        // Proof: each read fills at most what is left of the buffer, and `filled` counts what was filled.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let start = buffer.baseAddress {
                let got = unsafe pread(descriptor, start + filled, count - filled, off_t(offset + filled))
                if got > 0 {
                    filled += got
                } else if got == 0 {
                    return
                } else if errno != EINTR {
                    number = errno
                    return
                }
            }
        }
        if number != 0 { throw ReadFailure(number: number) }
        return bytes
    }

    func truncate(to size: Int) throws(SpoolError) {
        guard ForkCount.current == forks else { throw forkedError(path) }
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw failure("cut", path, errno) }
    }

    func sync() throws(SpoolError) {
        guard fsync(descriptor) == 0 else { throw failure("sync", path, errno) }
    }
}

/// Opens without waiting: a FIFO in a file's place gives an error when it is read.
func openFile(_ path: String, _ flags: Int32) -> Int32 { unsafe open(path, flags | O_CLOEXEC | O_NONBLOCK, 0o600) }

private func words(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }

private func failure(_ deed: String, _ path: String, _ number: Int32) -> SpoolError {
    guard number != ENOSPC, number != EDQUOT else {
        return SpoolError(.diskFull, "no room for \(path); free some, or give the spool a smaller limit")
    }
    return SpoolError(.ioFailed, "cannot \(deed) \(path): \(words(number))")
}

private func forkedError(_ path: String) -> SpoolError {
    SpoolError(
        .forked, "the process was forked after it opened \(path); make a client, with a spool of its own, in the child")
}
