#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A Unix socket that was bound to a path, and its file.
struct UnixSocket: Sendable {
    let path: String
    /// Bound, and not listening: whoever owns the listener closes it.
    let descriptor: Int32
    /// Which file of that path is ours.
    private let device: UInt64
    private let inode: UInt64

    /// The most bytes of a path: what macOS has room for beside a zero byte, and what NIO takes on any system; Linux
    /// has room for 107.
    static let maxPathBytes = 103

    /// Binds, hands the socket to `listen`, and returns when that listens.
    ///
    /// A socket's file that nobody listens at any more, as a crash leaves it, is taken away before; nothing else ever
    /// is. Two programs that do this at once in one folder take turns, so that none takes away what the other has bound
    /// and does not listen at yet.
    ///
    /// - Parameter mode: the permissions of the file; they hold before anybody can connect.
    /// - Throws: `cannot_listen`; what `listen` throws.
    static func bind<Listener>(
        _ path: String, mode: UInt16, listen: (UnixSocket) async throws -> Listener
    ) async throws -> (UnixSocket, Listener) {
        let lock = lockFolder(of: path)
        defer { if let lock { close(lock) } }
        try removeStale(path)
        let socket = try UnixSocket(binding: path, mode: mode)
        do {
            return (socket, try await listen(socket))
        } catch {
            socket.remove()
            throw error
        }
    }

    private init(binding path: String, mode: UInt16) throws(TransportError) {
        let descriptor = unixStreamSocket()
        guard descriptor >= 0 else { throw Self.failure(path, SystemError.words(for: errno)) }
        guard unsafe Self.withAddress(path, { unsafe systemBind(descriptor, $0, $1) }) == 0 else {
            let words = SystemError.words(for: errno)
            close(descriptor)
            throw Self.failure(path, words)
        }
        var status = stat()
        guard unsafe chmod(path, mode_t(mode)) == 0, unsafe lstat(path, &status) == 0 else {
            let words = SystemError.words(for: errno)
            close(descriptor)
            _ = unsafe unlink(path)
            throw Self.failure(path, words)
        }
        self.path = path
        self.descriptor = descriptor
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
    }

    /// Takes the file away, if it is still ours.
    func remove() {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, UInt64(truncatingIfNeeded: status.st_ino) == inode,
            UInt64(truncatingIfNeeded: status.st_dev) == device
        else { return }
        _ = unsafe unlink(path)
    }

    /// Takes a socket's file away that nobody listens at.
    private static func removeStale(_ path: String) throws(TransportError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw failure(path, SystemError.words(for: errno))
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw failure(path, "something else than a socket is there, and it is left alone")
        }
        let probe = unixStreamSocket()
        guard probe >= 0 else { throw failure(path, SystemError.words(for: errno)) }
        defer { close(probe) }
        // One that listens and has its queue full would keep us waiting.
        _ = fcntl(probe, F_SETFL, O_NONBLOCK)
        // Only a refusal shows that nobody listens; a full queue or a lack of permission does not.
        let isTaken = unsafe withAddress(path) { unsafe systemConnect(probe, $0, $1) } == 0
        guard !isTaken else { throw failure(path, "another program listens there") }
        guard errno == ECONNREFUSED else {
            throw failure(path, "a socket is there that may be in use: \(SystemError.words(for: errno))")
        }
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw failure(path, "nobody listens there, but its file stays: \(SystemError.words(for: errno))")
        }
    }

    private static func failure(_ path: String, _ words: String) -> TransportError {
        var status = stat()
        if unsafe stat(folder(of: path), &status) != 0, errno == ENOENT || errno == ENOTDIR {
            return TransportError(
                .cannotListen, "unix:\(path) cannot be listened on: its folder does not exist; make it first")
        }
        return TransportError(
            .cannotListen, "unix:\(path) cannot be listened on (\(words)); choose another path or end what uses it")
    }

    /// Held until the descriptor is closed; `nil` where the folder cannot be opened, for which `bind` finds the words.
    private static func lockFolder(of path: String) -> Int32? {
        let descriptor = unsafe open(folder(of: path), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
        return descriptor
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func withAddress<Result>(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // Proof: at most maxPathBytes bytes are written to sun_path, which has one more, and all of it is zero before. A
        // sockaddr_un is what the system's calls mean by a sockaddr of that family.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            for (index, byte) in path.utf8.prefix(maxPathBytes).enumerated() { unsafe bytes[index] = byte }
        }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe body(address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

// Apart, because the methods of this file have names of their own for what the system calls so.

private func unixStreamSocket() -> Int32 {
    #if canImport(Glibc)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #else
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #endif
    if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    return descriptor
}

private func systemBind(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
    unsafe bind(descriptor, address, size)
}

private func systemConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
    unsafe connect(descriptor, address, size)
}
