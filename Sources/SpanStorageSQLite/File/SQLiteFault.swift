import CSQLite
import SpanStorage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A result code of SQLite, and what it means for whoever has the file.
struct SQLiteFault {
    /// Extended, where SQLite knows more.
    var code: Int32
    /// `errno` of the operating system; 0 where it has no part in it.
    var systemError: Int32 = 0
    /// SQLite's own, which name tables and columns, never what is in them.
    var words: String

    /// What this user may do with the files beside the store's.
    struct Places {
        /// A reader has not the files of the log, and no other fault is known: what a first writer that was killed leaves is a
        /// journal.
        var lacksLogFiles = false
        /// A file of the log that a writer may not read and write.
        var barred: String?

        init(lacksLogFiles: Bool = false, barred: String? = nil) {
            self.lacksLogFiles = lacksLogFiles
            self.barred = barred
        }

        /// Looks at them.
        init(_ path: String, _ mode: SQLiteStoreMode) {
            let files = ["-wal", "-shm"].map { path + $0 }
            switch mode {
            case .readOnly:
                guard unsafe access(path, R_OK) == 0, unsafe access(path + "-journal", F_OK) != 0 else { return }
                lacksLogFiles = files.contains { unsafe access($0, R_OK) != 0 }
            case .readWrite:
                barred = files.first { unsafe access($0, F_OK) == 0 && access($0, R_OK | W_OK) != 0 }
            }
        }
    }

    // Macros with operators in them, which Swift does not import.
    static let shortRead = SQLITE_IOERR | 2 << 8
    static let noMemoryForFile = SQLITE_IOERR | 12 << 8
    static let sharedMemorySize = SQLITE_IOERR | 19 << 8
    static let noTemporaryPath = SQLITE_IOERR | 25 << 8
    static let changedBytes = SQLITE_IOERR | 32 << 8
    static let damagedFileSystem = SQLITE_IOERR | 33 << 8
    static let noTemporaryFolder = SQLITE_CANTOPEN | 1 << 8
    static let readOnlyRollback = SQLITE_READONLY | 3 << 8
    static let readOnlyMoved = SQLITE_READONLY | 4 << 8
    /// Locks: of the file, of the shared memory, and that it cannot be mapped.
    static let lockFaults = [8, 9, 11, 14, 15, 20, 21].map { SQLITE_IOERR | $0 << 8 }

    /// - Parameters:
    ///   - path: how the user calls the file.
    ///   - action: what SQLite was asked to do.
    ///   - places: looked at where that matters.
    func error(
        _ path: String, _ mode: SQLiteStoreMode, _ action: StaticString, places: @autoclosure () -> Places
    ) -> SpanStoreError {
        switch code & 0xFF {
        // Another process recovers the log, or changes the tables, over and over.
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL, SQLITE_SCHEMA:
            return SpanStoreError(.busy, "\(path) is held by another process; try again")
        case SQLITE_FULL: return Self.full(path)
        case SQLITE_NOTADB:
            return SpanStoreError(.notADatabase, "\(path) is no SQLite database; choose another file")
        case SQLITE_CORRUPT: return Self.damaged(path)
        case SQLITE_CONSTRAINT, SQLITE_MISMATCH:
            return SpanStoreError(
                .corrupt,
                "\(path) does not take a row (\(words)): a damaged row stands in its way, or what was added to the tables; run: "
                    + "spanwire store check \(path)")
        case SQLITE_NOMEM: return Self.memory(path)
        case SQLITE_TOOBIG:
            return SpanStoreError(
                .engineFailed, "a row is larger than SQLite takes (\(words)); let senders send smaller batches")
        case SQLITE_NOLFS:
            return SpanStoreError(
                .cannotOpen, "the file system of \(path) has no files of that size; put it on another one")
        case SQLITE_PERM, SQLITE_AUTH: return barred(path, mode, places())
        case SQLITE_READONLY: return readOnly(path, mode, places())
        case SQLITE_CANTOPEN where code == Self.noTemporaryFolder: return Self.temporaryFolder(path)
        case SQLITE_CANTOPEN: return fromSystem(path) ?? barred(path, mode, places())
        case SQLITE_IOERR: return inputOutput(path, mode, places())
        default:
            return SpanStoreError(.engineFailed, "SQLite could not \(action) \(path) (\(code)): \(words)")
        }
    }

    private func readOnly(_ path: String, _ mode: SQLiteStoreMode, _ places: Places) -> SpanStoreError {
        switch code {
        case Self.readOnlyRollback:
            SpanStoreError(
                .cannotOpen,
                "\(path) was left in the middle of a change by a process that was ended, and whoever writes undoes it first; "
                    + "start its collector, or run: spanwire store compact \(path)")
        case Self.readOnlyMoved: OpenFiles.Loss(file: true).error(path, .unsaved)
        default: barred(path, mode, places)
        }
    }

    private func inputOutput(_ path: String, _ mode: SQLiteStoreMode, _ places: Places) -> SpanStoreError {
        if let error = fromSystem(path) { return error }
        switch code {
        // A byte is written for each page of it, which nothing but a full disk prevents.
        case Self.sharedMemorySize where systemError == 0: return Self.full(path)
        case Self.noMemoryForFile: return Self.memory(path)
        case Self.noTemporaryPath: return Self.temporaryFolder(path)
        case Self.changedBytes: return Self.damaged(path)
        case Self.shortRead:
            return SpanStoreError(
                .ioFailed,
                "\(path) or \(path)-wal has less than it should have: if \(path)-wal or \(path)-shm was deleted or replaced while "
                    + "a collector wrote, end every process that has \(path) open, then try again")
        case Self.damagedFileSystem:
            return SpanStoreError(.ioFailed, "the file system of \(path) is damaged; check the disk")
        case _ where Self.lockFaults.contains(code):
            return SpanStoreError(
                .ioFailed,
                "\(path) cannot be shared between processes there (SQLite \(code)\(systemWords)); put it on a local disk"
            )
        case _ where [EACCES, EPERM, EROFS].contains(systemError): return barred(path, mode, places)
        default:
            return SpanStoreError(
                .ioFailed, "reading or writing \(path) failed (SQLite \(code)\(systemWords)); check the disk")
        }
    }

    /// What the operating system says that means the same wherever it is said.
    private func fromSystem(_ path: String) -> SpanStoreError? {
        switch systemError {
        case ENOSPC, EDQUOT, EFBIG: Self.full(path)
        case EMFILE, ENFILE:
            SpanStoreError(
                .outOfDescriptors,
                "\(path) cannot be opened, for no more files may be open; raise the limit (ulimit -n, LimitNOFILE=)")
        case ENOMEM: Self.memory(path)
        case ELOOP, ENAMETOOLONG:
            SpanStoreError(.cannotOpen, "\(path) is no usable path\(systemWords(in: "(", ")")); check it")
        default: nil
        }
    }

    /// Somebody may not do what he would have to.
    private func barred(_ path: String, _ mode: SQLiteStoreMode, _ places: Places) -> SpanStoreError {
        if places.lacksLogFiles {
            return SpanStoreError(
                .cannotOpen,
                "reading \(path) takes the files \(path)-wal and \(path)-shm, which are not there or may not be read, and this "
                    + "user may not make them in its folder; let a user who may write there ask once (spanwire query services "
                    + "--store \(path)), or copy \(path), with its -wal if there is one, to a folder that you may write"
            )
        }
        if let barred = places.barred {
            return SpanStoreError(
                .cannotOpen,
                "\(barred), which belongs to \(path), may not be read and written by this user; check its owner and permissions"
            )
        }
        if systemError == EROFS {
            return SpanStoreError(
                .cannotOpen, "\(path) is on a file system that may only be read; put it on another one")
        }
        if code & 0xFF == SQLITE_READONLY {
            return SpanStoreError(.cannotOpen, "\(path) or its folder may not be written; check their permissions")
        }
        return SpanStoreError(
            .cannotOpen,
            "cannot open \(path)\(systemWords(in: " (", ")")): check that its folder exists and that folder and file may be "
                + (mode == .readOnly ? "read" : "written"))
    }

    private static func full(_ path: String) -> SpanStoreError {
        SpanStoreError(.diskFull, "no room is left for \(path); free some or raise its limit")
    }

    private static func damaged(_ path: String) -> SpanStoreError {
        SpanStoreError(.corrupt, "\(path) is damaged; keep a copy and try the recover command of sqlite3 on it")
    }

    private static func memory(_ path: String) -> SpanStoreError {
        SpanStoreError(
            .engineFailed, "no memory is left to work on \(path); give the process more, or let it do less at once")
    }

    private static func temporaryFolder(_ path: String) -> SpanStoreError {
        SpanStoreError(
            .cannotOpen, "\(path) needs a folder for temporary files that may be written; name one in TMPDIR")
    }

    private var systemWords: String { systemWords(in: ": ", "") }

    private func systemWords(in before: String, _ after: String) -> String {
        systemError == 0 ? "" : before + StoreFile.words(systemError) + after
    }
}
