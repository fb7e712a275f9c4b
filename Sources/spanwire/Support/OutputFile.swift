#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writing of a small file in one step: a reader sees all of it or nothing.
enum OutputFile {
    // Proof for all below: each path lives through the call that it is given to.

    static func write(_ bytes: [UInt8], to path: String) throws {
        let temporary = path + ".new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw CommandFailure("cannot write \(path): \(Process.words(for: errno))") }
        var fault = Process.write(bytes, to: descriptor)
        if close(descriptor) != 0, fault == 0 { fault = errno }
        if fault == 0, unsafe rename(temporary, path) != 0 { fault = errno }
        guard fault == 0 else {
            _ = unsafe unlink(temporary)
            throw CommandFailure("cannot write \(path): \(Process.words(for: fault))")
        }
    }
}
