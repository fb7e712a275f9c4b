#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What is left of files that were being made: `NAME.HEX.new`, and what SQLite puts beside them.
enum StoreFileLeftovers {
    /// A file that was not changed for so long belongs to nobody any more: making one takes milliseconds. Where that is wrong,
    /// whoever makes it makes it in place instead.
    private static let abandonedAfterSeconds = 60
    /// How many hexadecimal digits the name of a new file has.
    static let digits = 16
    /// What the names of a database and of the files beside it end with.
    static let suffixes = ["", "-wal", "-shm", "-journal"]

    /// Names of new files that a file has besides its own: of a process that is just making it, or was ended between giving it
    /// its name and taking the other one away.
    static func names(beside file: String, of identity: FileIdentity) -> [String] {
        all(of: file).filter { $0.suffix.isEmpty && $0.status.identity == identity }.map(\.path)
    }

    /// Removes what processes left that were ended while they made a file: second names of `file`, and files that nobody
    /// has changed for a while.
    static func remove(of file: String) {
        let own = FileStatus(file)?.identity
        let now = time(nil)
        for left in all(of: file) {
            let isAbandoned =
                now - left.status.changedUnixSeconds > abandonedAfterSeconds && (left.isOurs || left.status.bytes == 0)
            if left.status.identity == own || isAbandoned { _ = unsafe unlink(left.path) }
        }
    }

    private struct Leftover {
        var path: String
        /// Such as `-journal`.
        var suffix: String
        /// Its name is one that nobody else chooses. Earlier versions took the number of the process, and a name such as
        /// `spans.db.1.new` may be somebody's.
        var isOurs: Bool
        var status: FileStatus
    }

    private static func all(of file: String) -> [Leftover] {
        let cut = file.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = cut.map { file[...$0] } ?? "./"
        let start = (cut.map { String(file[file.index(after: $0)...]) } ?? file) + "."
        guard let list = unsafe opendir(String(folder)) else { return [] }
        defer { unsafe closedir(list) }
        var found: [Leftover] = []
        while let entry = unsafe readdir(list) {
            // Proof: the system ends the name with a zero, and keeps it until the next call.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard name.hasPrefix(start), let suffix = suffixes.last(where: { name.hasSuffix(".new" + $0) }) else {
                continue
            }
            let middle = name.dropFirst(start.count).dropLast(4 + suffix.utf8.count)
            let isOurs = middle.utf8.count == digits && middle.allSatisfy(\.isHexDigit)
            guard isOurs || !middle.isEmpty && middle.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { continue }
            guard let status = FileStatus(folder + name, followsLinks: false), status.kind == .file else { continue }
            found.append(Leftover(path: folder + name, suffix: suffix, isOurs: isOurs, status: status))
        }
        return found
    }
}
