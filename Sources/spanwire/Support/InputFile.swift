#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads a file, or standard input.
enum InputFile {
    /// - Parameters:
    ///   - path: `-` for standard input.
    ///   - maxBytes: more than that is refused, so that an endless input ends.
    ///   - advice: what to do about it, where something can be done.
    static func read(_ path: String, maxBytes: Int, advice: String = "") throws -> [UInt8] {
        let name = path == "-" ? "standard input" : path
        let descriptor = path == "-" ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure("cannot read \(name): \(Process.words(for: errno))") }
        defer { if descriptor != 0 { close(descriptor) } }
        var status = stat()
        if unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw CommandFailure("cannot read \(name): it is a folder; name a file in it")
        }
        var bytes: [UInt8] = []
        if status.st_mode & S_IFMT == S_IFREG { bytes.reserveCapacity(min(Int(status.st_size), maxBytes) + 1) }
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            // Proof: read fills at most the buffer's count, and the buffer lives through the closure.
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                #if canImport(Glibc)
                    unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                #elseif canImport(Musl)
                    unsafe Musl.read(descriptor, buffer.baseAddress, buffer.count)
                #else
                    unsafe Darwin.read(descriptor, buffer.baseAddress, buffer.count)
                #endif
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw CommandFailure("cannot read \(name): \(Process.words(for: errno))")
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= maxBytes else {
                throw CommandFailure("cannot read \(name): it has more than \(maxBytes) bytes\(advice)")
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}
