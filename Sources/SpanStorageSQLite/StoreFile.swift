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
            case .folder:
                throw SpanStoreError(
                    .cannotOpen,
                    suffix.isEmpty
                        ? "\(path) is a folder; name a file in it"
                        : "\(path + suffix) is a folder, where the store \(path) has a file; remove or move that folder"
                )
            case .other(let words):
                throw SpanStoreError(
                    .cannotOpen,
                    suffix.isEmpty
                        ? "\(path) is \(words), no file; name a file"
                        : "\(path + suffix) is \(words), where the store \(path) has a file; remove or move it")
            }
        }
    }

    /// Why a store cannot be written, by the file or the folder that may not be; `nil` when each of them may.
    static func fault(writing path: String) -> SpanStoreError? {
        func may(_ place: String) -> Bool { unsafe access(place, W_OK) == 0 || errno == ENOENT }
        // SQLite gives the files of the log the permissions of the store: where that is wrong it is the one to name.
        let log = ["-wal", "-shm", "-journal"].map { path + $0 }
        let files = may(path) ? log.filter { !may($0) } : [path]
        if !files.isEmpty {
            let names = files.joined(separator: " and ")
            return SpanStoreError(.cannotOpen, "\(names) may not be written; check the owner and the permissions")
        }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard !may(folder) else { return nil }
        return SpanStoreError(
            .cannotOpen,
            "\(path) needs files beside it, and its folder \(folder) may not be written; check the owner and the permissions"
        )
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
