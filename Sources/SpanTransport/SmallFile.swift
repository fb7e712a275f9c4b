#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads files that hold certificates, keys and tokens.
package enum SmallFile {
    /// What such a file may have: 1 MiB.
    package static let maxBytes = 1 << 20

    /// The whole file. Blocks.
    ///
    /// - Parameter name: what the file is, such as `the token file`; for the error.
    /// - Throws: `invalid_setting` when it cannot be read or has more than 1 MiB.
    package static func read(_ path: String, _ name: String) throws(TransportError) -> [UInt8] {
        func failure(_ words: String) -> TransportError {
            TransportError(.invalidSetting, "\(name) \(path) cannot be read (\(words))")
        }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(SystemError.words(for: errno)) }
        defer { close(descriptor) }
        var status = stat()
        if unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw failure("it is a folder")
        }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            // Proof: at most as many bytes are written as the array has.
            let count = unsafe part.withUnsafeMutableBytes { unsafe systemRead(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(SystemError.words(for: errno)) }
            guard count > 0 else { return bytes }
            bytes += part[..<count]
            guard bytes.count <= maxBytes else { throw failure("it has more than \(maxBytes) bytes") }
        }
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

/// By what one sees that a file was replaced or written to.
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

    /// For tests: files of so many bytes.
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
