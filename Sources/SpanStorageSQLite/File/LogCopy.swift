import CSQLite

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A copy of a log that has lost its name and cannot be brought to the file: it lies beside the file.
enum LogCopy {
    /// The name of a copy that fits the file as it is; there is one at the most.
    ///
    /// - Parameter file: without symbolic links.
    static func savedName(_ file: String) -> String { "\(file)-wal.saved" }

    /// A name that nothing has for a copy that does not fit: `-wal.lost`, `-wal.lost.2` where that is there from another time.
    ///
    /// - Parameter file: without symbolic links.
    static func lostName(_ file: String) -> String {
        let first = "\(file)-wal.lost"
        let names = [first] + (2...maxLost).map { "\(first).\($0)" }
        return names.first { FileStatus($0, followsLinks: false) == nil } ?? first
    }

    private static let maxLost = 100

    /// Copies the log that a connection has open, down to the disk, where nothing is at `path` yet.
    ///
    /// - Parameters:
    ///   - path: of the copy.
    ///   - file: whose owner and permissions the copy gets.
    /// - Returns: whether all of it is there; what is there in part is removed.
    static func write(of connection: OpaquePointer, to path: String, like file: String) -> Bool {
        var status = stat()
        // Proof: the pointers are to locals that live through the calls.
        guard unsafe stat(file, &status) == 0 else { return false }
        let copy = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard copy >= 0 else { return false }
        defer { close(copy) }
        _ = fchown(copy, status.st_uid, status.st_gid)
        _ = fchmod(copy, status.st_mode & 0o777)
        guard unsafe copyAll(of: connection, to: copy), fsync(copy) == 0 else {
            _ = unsafe unlink(path)
            return false
        }
        let cut = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = unsafe open(cut.map { String(path[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            _ = fsync(folder)
            close(folder)
        }
        return true
    }

    private static func copyAll(of connection: OpaquePointer, to copy: Int32) -> Bool {
        let total = unsafe spanwire_log_bytes(connection)
        var part = [UInt8](repeating: 0, count: 1 << 16)
        var done: Int64 = 0
        while done < total {
            let count = Int(min(Int64(part.count), total - done))
            // Proof: the array has as many bytes as are asked for, and lives through the calls.
            guard unsafe spanwire_read_log(connection, &part, Int32(count), done) == SQLITE_OK else { return false }
            var written = 0
            while written < count {
                let step = unsafe part.withUnsafeBytes { bytes in
                    unsafe Self.write(copy, bytes, from: written, to: count)
                }
                guard step > 0 || errno == EINTR else { return false }
                written += max(step, 0)
            }
            done += Int64(count)
        }
        return total >= 0
    }

    private static func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int {
        let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        #if canImport(Glibc)
            return unsafe Glibc.write(file, part.baseAddress, part.count)
        #elseif canImport(Musl)
            return unsafe Musl.write(file, part.baseAddress, part.count)
        #else
            return unsafe Darwin.write(file, part.baseAddress, part.count)
        #endif
    }
}
