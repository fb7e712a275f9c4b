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

    /// Returns all bytes of a file.
    ///
    /// - Parameters:
    ///   - path: `-` for standard input.
    ///   - maxBytes: greatest size; a larger input is refused, so that an endless one ends.
    ///   - advice: advice for an input that is too large; empty for none.
    static func read(_ path: String, maxBytes: Int, advice: String = "") throws -> [UInt8] {
        let name = path == "-" ? "standard input" : path
        let descriptor = path == "-" ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure("cannot read \(name): \(Process.words(for: errno))") }
        defer { if descriptor != 0 { close(descriptor) } }
        var status = stat()
        if unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw CommandFailure("cannot read \(name): it is a folder; name a file in it")
        }
        let isFile = status.st_mode & S_IFMT == S_IFREG
        // A file is read in one go into an array of its size, and one byte more shows that it ends there.
        var bytes = try part(of: descriptor, name, upTo: isFile ? min(Int(status.st_size), maxBytes) + 1 : partBytes)
        while true {
            guard bytes.count <= maxBytes else {
                throw CommandFailure("cannot read \(name): it has more than \(maxBytes.counted("byte"))\(advice)")
            }
            // A file may grow while it is read.
            let next = try part(of: descriptor, name, upTo: partBytes)
            if next.isEmpty { return bytes }
            bytes += next
        }
    }

    /// Returns `true` when a file exists at the path.
    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    private static let partBytes = 256 << 10

    /// Returns the next `size` bytes, or fewer when the input ends.
    private static func part(of descriptor: Int32, _ name: String, upTo size: Int) throws -> [UInt8] {
        var errorNumber: Int32 = 0
        // Proof: each read fills at most what is left of the buffer, and `filled` counts what was filled.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            while filled < size {
                guard let start = buffer.baseAddress else { return }
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
                } else if errno != EINTR {
                    errorNumber = errno
                    return
                }
            }
        }
        guard errorNumber == 0 else { throw CommandFailure("cannot read \(name): \(Process.words(for: errorNumber))") }
        return bytes
    }
}
