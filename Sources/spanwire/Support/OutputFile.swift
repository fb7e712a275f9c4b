#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Small file that a command writes once, and that others wait for.
///
/// In the place of a file it is written whole: whoever sees it sees all of it. A FIFO, a device or what the shell has opened
/// (`>(command)`, `/dev/stdout`) stays what it is and is written into; a symbolic link stays too, and what it leads to is
/// written.
struct OutputFile {
    // Proof for all below: each path lives through the call that it is given to.

    private let path: String
    /// Name of the file for errors, such as `the port file`.
    private let name: String
    /// Path of the file that the new one replaces; `nil` for what is written into.
    private let replaced: String?

    /// Checks whether the file can be written, and changes nothing.
    ///
    /// - Throws: `CommandFailure` that names the path and what stands in the way.
    init(_ path: String, _ name: String) throws(CommandFailure) {
        (self.path, self.name) = (path, name)
        guard !path.isEmpty else { throw CommandFailure("\(name) needs a path") }
        var status = stat()
        // Proof: the pointer is to a local that lives through the call.
        let isThere = unsafe stat(path, &status) == 0
        if !isThere, errno != ENOENT { throw Self.failure(name, path, errno) }
        let kind = isThere ? status.st_mode & S_IFMT : S_IFREG
        if kind == S_IFDIR { throw CommandFailure("cannot write \(name) \(path): it is a folder; name a file in it") }
        if kind == S_IFSOCK { throw CommandFailure("cannot write \(name) \(path): it is a socket; name a file") }
        if isThere, unsafe access(path, W_OK) != 0 { throw Self.failure(name, path, errno) }
        replaced = kind == S_IFREG ? Self.withoutLinks(path) : nil
        guard let replaced else { return }
        let folder = replaced.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(replaced[...$0]) } ?? "."
        if unsafe access(folder, W_OK | X_OK) != 0 { throw Self.failure(name, path, errno) }
    }

    /// Follows symbolic links.
    ///
    /// - Returns: `nil` for a file that a process has open, which others may go on to write to.
    private static func withoutLinks(_ path: String) -> String? {
        var file = path
        var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        // As many as the system follows.
        for _ in 0..<40 {
            if file.hasPrefix("/proc/") || file.hasPrefix("/dev/fd/") { return nil }
            // Proof: no more is written than the array has.
            let count = unsafe readlink(file, &target, target.count - 1)
            guard count > 0 else { break }
            let name = String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let folder = name.utf8.first == UInt8(ascii: "/") ? nil : file.utf8.lastIndex(of: UInt8(ascii: "/"))
            file = (folder.map { String(file[...$0]) } ?? "") + name
        }
        return file
    }

    /// Writes the file. A FIFO that nobody has opened yet is waited for, a minute at the most.
    ///
    /// - Throws: `CommandFailure`; where a file was, it is as it was. `CancellationError`.
    func write(_ bytes: [UInt8]) async throws {
        if let replaced { try replace(replaced, by: bytes) } else { try await append(bytes) }
    }

    private func replace(_ file: String, by bytes: [UInt8]) throws(CommandFailure) {
        let temporary = "\(file).\(String(UInt64.random(in: 0 ... .max), radix: 16)).new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(name, path, errno) }
        var fault = Process.write(bytes, to: descriptor)
        if close(descriptor) != 0, fault == 0 { fault = errno }
        if fault == 0, unsafe rename(temporary, file) != 0 { fault = errno }
        guard fault == 0 else {
            _ = unsafe unlink(temporary)
            throw Self.failure(name, path, fault)
        }
    }

    private static let patience = Duration.seconds(60)

    private func append(_ bytes: [UInt8]) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: Self.patience)
        while true {
            // Opening a FIFO that nobody reads would otherwise wait for ever, and no signal would end it.
            let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK)
            if descriptor >= 0 {
                var fault = Process.write(bytes, to: descriptor)
                if close(descriptor) != 0, fault == 0 { fault = errno }
                guard fault == 0 else { throw Self.failure(name, path, fault) }
                return
            }
            guard errno == ENXIO || errno == EINTR else { throw Self.failure(name, path, errno) }
            guard clock.now < deadline else {
                throw CommandFailure("cannot write \(name) \(path): it is a FIFO, and nobody reads it")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func failure(_ name: String, _ path: String, _ fault: Int32) -> CommandFailure {
        CommandFailure("cannot write \(name) \(path): \(Process.words(for: fault))")
    }
}
