#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads files that hold certificates, keys and tokens.
package enum SmallFile {
    /// The most bytes of such a file: 1 MiB.
    package static let maxBytes = 1 << 20

    /// Reads the whole file. Blocks, as `readSecret` does.
    ///
    /// - Parameters:
    ///   - name: what the file is, such as `the token file`; for the error.
    ///   - awaitsWriter: somebody may still have to begin to write to a FIFO.
    /// - Throws: `invalid_setting` when it cannot be read or has more than 1 MiB.
    package static func read(
        _ path: String, _ name: String, awaitsWriter: Bool
    ) throws(TransportError) -> [UInt8] {
        try readSecret(path, name, awaitsWriter: awaitsWriter).bytes
    }

    /// A file that its owner should be alone with.
    package struct Secret: Sendable {
        /// The bytes of the file.
        package var bytes: [UInt8]
        /// Words for a log, where others than the owner may read or change the file; `nil` where they may not.
        package var exposure: String?
    }

    /// The longest wait for a pipe's next bytes, in milliseconds.
    private static let patienceMilliseconds: Int32 = 5000

    /// Reads the whole file, and finds whether others may read it. Blocks; at a pipe (`<(command)`, a FIFO) for 5 s without a byte at the
    /// most.
    ///
    /// - Parameters:
    ///   - name: what the file is, such as `the key file`; for the error and the exposure.
    ///   - awaitsWriter: whether the 5 s also go by at a FIFO that nobody writes to, as when a service begins and its token comes
    ///     later; else that is an error at once.
    /// - Throws: `invalid_setting` when it cannot be read or has more than 1 MiB.
    package static func readSecret(
        _ path: String, _ name: String, awaitsWriter: Bool
    ) throws(TransportError) -> Secret {
        func failure(_ words: String) -> TransportError {
            TransportError(.invalidSetting, "\(name) \(path) cannot be read (\(words))")
        }
        // Opening a FIFO that nobody writes to would otherwise wait for ever, and no signal would end it.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(SystemError.words(for: errno)) }
        defer { close(descriptor) }
        var status = stat()
        var exposure: String?
        var awaitsFirstWriter = false
        if unsafe fstat(descriptor, &status) == 0 {
            guard status.st_mode & S_IFMT != S_IFDIR else { throw failure("it is a folder") }
            awaitsFirstWriter = status.st_mode & S_IFMT == S_IFIFO
            if isExposed(status) {
                let mode = String(status.st_mode & 0o777, radix: 8)
                exposure = "others may read or change \(name) \(path) (mode 0\(mode)); chmod 600 keeps it to its owner"
            }
        }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            // Proof: at most as many bytes are written as the array has.
            let count = unsafe part.withUnsafeMutableBytes { unsafe systemRead(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                guard hasMore(descriptor, within: patienceMilliseconds) else {
                    throw failure("nothing came within 5 s")
                }
                continue
            }
            guard count >= 0 else { throw failure(SystemError.words(for: errno)) }
            if count == 0, bytes.isEmpty, awaitsFirstWriter {
                // The end of a FIFO that nobody has opened yet is none.
                awaitsFirstWriter = false
                if hasMore(descriptor, within: awaitsWriter ? patienceMilliseconds : 0) { continue }
                throw failure("it is a FIFO, and nobody \(awaitsWriter ? "wrote to it within 5 s" : "writes to it")")
            }
            guard count > 0 else { return Secret(bytes: bytes, exposure: exposure) }
            bytes += part[..<count]
            guard bytes.count <= maxBytes else { throw failure("it has more than \(maxBytes) bytes") }
        }
    }

    /// Waits until there is something to read, or the end because a writer has gone.
    ///
    /// - Returns: `false` when neither came in time.
    private static func hasMore(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            // Proof: the pointer is to a local that lives through the call, and one entry is announced.
            let count = unsafe poll(&entry, 1, milliseconds)
            if count < 0, errno == EINTR { continue }
            return count > 0
        }
    }

    /// Whether others than the owner may read or write a file. The group counts where the file is our own: of somebody
    /// else's file, such as root's, we read by the group ourselves.
    private static func isExposed(_ status: stat) -> Bool {
        guard status.st_mode & S_IFMT == S_IFREG else { return false }
        return status.st_mode & 0o006 != 0 || status.st_mode & 0o060 != 0 && status.st_uid == geteuid()
    }

    /// `read(2)` fills at most `buffer`.
    private static func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        // Proof: pointer and count are those of one buffer.
        #if canImport(Glibc)
            unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            unsafe Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            unsafe Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}

/// The stamp by which one sees that a file was replaced or written to.
struct FileStamp: Sendable, Equatable {
    private var device: UInt64 = 0
    private var inode: UInt64 = 0
    private var bytes: Int64 = -1
    private var seconds: Int64 = 0
    private var nanoseconds: Int64 = 0

    /// - Parameter path: links are followed, so that a link that is turned elsewhere counts as a change. A file that is
    ///   not there has a stamp too.
    init(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
        bytes = Int64(status.st_size)
        #if canImport(Darwin)
            seconds = Int64(status.st_mtimespec.tv_sec)
            nanoseconds = Int64(status.st_mtimespec.tv_nsec)
        #else
            seconds = Int64(status.st_mtim.tv_sec)
            nanoseconds = Int64(status.st_mtim.tv_nsec)
        #endif
    }

    /// Sets the most bytes of a file, for tests.
    init(bytes: Int64) { self.bytes = bytes }
}

/// The operating system's errors.
enum SystemError {
    /// Its words for an error number.
    static func words(for errorNumber: Int32) -> String {
        // Proof: strerror returns a string that lives at least until this thread's next call of it.
        guard let words = unsafe strerror(errorNumber) else { return "error \(errorNumber)" }
        return unsafe String(cString: words)
    }
}
