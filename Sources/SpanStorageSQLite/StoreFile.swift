import SpanStorage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The file of a store, as the file system has it.
enum StoreFile {
    /// What is at a path.
    enum Kind: Equatable {
        case nothing
        case file
        case folder
        /// Such as a FIFO: reading it may wait for ever.
        case other(String)
    }

    static func kind(_ path: String) -> Kind {
        var status = stat()
        // Proof: the pointer is to a local that lives through the call.
        guard unsafe stat(path, &status) == 0 else { return .nothing }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        case S_IFIFO: .other("a FIFO")
        case S_IFSOCK: .other("a socket")
        default: .other("a device")
        }
    }

    /// Looks at a path before it is opened, and at what lies beside it.
    ///
    /// - Throws: `cannot_open` where something else than a file is there.
    static func check(_ path: String) throws(SpanStoreError) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            switch kind(path + suffix) {
            case .nothing, .file: continue
            case .folder: throw SpanStoreError(.cannotOpen, "\(path + suffix) is a folder; name a file in it")
            case .other(let words):
                throw SpanStoreError(.cannotOpen, "\(path + suffix) is \(words), no file; name a file")
            }
        }
    }

    /// Makes a store's file beside its place and puts it there whole, so that whoever is ended meanwhile leaves no half of
    /// one. Where that cannot be it makes nothing, and who opens the file makes it in place, or says why it cannot be.
    static func make(_ path: String) {
        let temporary = "\(path).\(getpid()).new"
        _ = unsafe unlink(temporary)
        defer { for suffix in ["", "-wal", "-shm", "-journal"] { _ = unsafe unlink(temporary + suffix) } }
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
