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
    /// Makes a file. Where that cannot be it makes nothing, and who opens the file makes it in place, or says why it cannot be.
    static func make(_ path: String) {
        let number = String(UInt64.random(in: 0 ... .max), radix: 16)
        let zeros = String(repeating: "0", count: StoreFileLeftovers.digits - number.utf8.count)
        let temporary = "\(path).\(zeros)\(number).new"
        defer { for suffix in StoreFileLeftovers.suffixes { _ = unsafe unlink(temporary + suffix) } }
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
}
