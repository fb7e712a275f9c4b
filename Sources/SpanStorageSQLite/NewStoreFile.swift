import SpanStorage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A store's file that is being made: beside its place, and put there whole, so that whoever is ended meanwhile leaves no half
/// of one in its place.
///
/// It is called `NAME.HEX.new`, with 16 digits by chance: the number of a process does not do, for processes of two containers
/// on one folder have the same.
enum NewStoreFile {
    /// A file that was not changed for so long belongs to nobody any more: making one takes milliseconds. Where that is wrong,
    /// whoever makes it makes it in place instead.
    private static let abandonedAfterSeconds = 60
    private static let digits = 16

    /// Makes a file. Where that cannot be it makes nothing, and who opens the file makes it in place, or says why it cannot be.
    static func make(_ path: String) {
        let number = String(UInt64.random(in: 0 ... .max), radix: 16)
        let temporary = "\(path).\(String(repeating: "0", count: digits - number.utf8.count))\(number).new"
        defer { for suffix in suffixes { _ = unsafe unlink(temporary + suffix) } }
        do throws(SpanStoreError) {
            let connection = try Connection(path: temporary, mode: .readWrite)
            defer { connection.close() }
            try connection.execute(
                """
                \(Schema.settings)
                PRAGMA synchronous = FULL;
                PRAGMA fullfsync = 1;
                PRAGMA journal_mode = MEMORY;
                BEGIN;
                \(Schema.creation)
                COMMIT;
                PRAGMA journal_mode = WAL;
                """)
        } catch {
            return
        }
        // Takes the place of nothing: another process may have made the file meanwhile.
        _ = unsafe link(temporary, path)
    }

    private static let suffixes = ["", "-wal", "-shm", "-journal"]

    /// Names of new files that a file has besides its own: of a process that is just making it, or was ended between giving it
    /// its name and taking the other one away.
    static func names(beside file: String, of identity: FileIdentity) -> [String] {
        leftovers(of: file).filter { $0.suffix.isEmpty && $0.status.identity == identity }.map(\.path)
    }

    /// Removes what processes left that were ended while they made a file: second names of `file`, and files that nobody
    /// has changed for a while.
    static func removeLeftovers(of file: String) {
        let own = FileStatus(file)?.identity
        let now = time(nil)
        for left in leftovers(of: file) {
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

    private static func leftovers(of file: String) -> [Leftover] {
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
