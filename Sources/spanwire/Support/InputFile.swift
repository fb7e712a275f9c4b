import ProtoWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reading of a file, or of standard input.
enum InputFile {
    // Proof for all below: a path lives through the call that it is given to, and what a call fills is a variable or a buffer
    // of the function that calls, of no more bytes than it says.

    /// Thrown when the input is not wanted any more.
    struct Interrupted: Error {}

    /// Returns all bytes of a file.
    ///
    /// - Parameters:
    ///   - path: `-` for standard input.
    ///   - maxBytes: greatest size; a larger input is refused, so that an endless one ends.
    ///   - advice: advice for an input that is too large; empty for none.
    ///   - isInterrupted: asked ten times a second while nothing comes; `nil` where a signal ends the process anyway.
    /// - Throws: `CommandFailure`, `Interrupted`.
    static func read(
        _ path: String, maxBytes: Int, advice: String = "", isInterrupted: (() -> Bool)? = nil
    ) throws -> [UInt8] {
        let name = path == "-" ? "standard input" : path
        // Opening a FIFO waits for its writer, and no question is asked meanwhile.
        let waiting = isInterrupted == nil ? 0 : O_NONBLOCK
        let descriptor = path == "-" ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC | waiting)
        guard descriptor >= 0 else { throw CommandFailure("cannot read \(name): \(Process.words(for: errno))") }
        defer { if descriptor != 0 { close(descriptor) } }
        var status = stat()
        if unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw CommandFailure("cannot read \(name): it is a folder; name a file in it")
        }
        let isFile = status.st_mode & S_IFMT == S_IFREG
        let isInterrupted = isFile ? nil : isInterrupted
        // A file is read in one go into an array of its size, and one byte more shows that it ends there.
        var bytes = try part(
            of: descriptor, name, upTo: isFile ? min(Int(status.st_size), maxBytes) + 1 : partBytes, isInterrupted)
        while true {
            guard bytes.count <= maxBytes else {
                throw CommandFailure("cannot read \(name): it has more than \(maxBytes.counted("byte"))\(advice)")
            }
            // A file may grow while it is read.
            let next = try part(of: descriptor, name, upTo: partBytes, isInterrupted)
            if next.isEmpty { return bytes }
            bytes += next
        }
    }

    /// Returns `true` when a file exists at the path.
    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    private static let partBytes = 256 << 10

    /// Waits until there is something to read, or the end.
    ///
    /// - Returns: `false` when it was interrupted.
    private static func waits(for descriptor: Int32, _ isInterrupted: () -> Bool) -> Bool {
        while !isInterrupted() {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // Proof: the pointer is to a local that lives through the call, and one entry is announced.
            let count = unsafe poll(&entry, 1, 100)
            // What cannot be waited for is for the read to tell.
            if count > 0 || count < 0 && errno != EINTR { return true }
        }
        return false
    }

    /// Returns the next `size` bytes, or fewer when the input ends.
    private static func part(
        of descriptor: Int32, _ name: String, upTo size: Int, _ isInterrupted: (() -> Bool)?
    ) throws -> [UInt8] {
        var errorNumber: Int32 = 0
        var wasInterrupted = false
        // Proof: each read fills at most what is left of the buffer, and `filled` counts what was filled.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            while filled < size {
                guard let start = buffer.baseAddress else { return }
                if let isInterrupted, !waits(for: descriptor, isInterrupted) {
                    wasInterrupted = true
                    return
                }
                #if canImport(Glibc)
                    let count = unsafe Glibc.read(descriptor, start + filled, size - filled)
                #elseif canImport(Musl)
                    let count = unsafe Musl.read(descriptor, start + filled, size - filled)
                #else
                    let count = unsafe Darwin.read(descriptor, start + filled, size - filled)
                #endif
                if count == 0 { return }
                if count > 0 {
                    filled += count
                } else if errno != EINTR, errno != EAGAIN || isInterrupted == nil {
                    errorNumber = errno
                    return
                }
            }
        }
        if wasInterrupted { throw Interrupted() }
        guard errorNumber == 0 else { throw CommandFailure("cannot read \(name): \(Process.words(for: errorNumber))") }
        return bytes
    }
}
