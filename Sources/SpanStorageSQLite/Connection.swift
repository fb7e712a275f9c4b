import CSQLite
import SpanStorage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One connection to a SQLite file; used by one actor, never from two threads at a time.
@safe
final class Connection {
    /// `nil` once closed.
    private var handle: OpaquePointer?
    let path: String
    private let mode: SQLiteSpanStore.Mode

    /// Opens the file; looks at nothing in it.
    ///
    /// - Throws: `not_found` when reading and there is no file, `cannot_open`.
    init(path: String, mode: SQLiteSpanStore.Mode) throws(SpanStoreError) {
        self.path = path
        self.mode = mode
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw SpanStoreError(.cannotOpen, "the store needs the path of a file")
        }
        // So that SQLite takes names such as ":memory:" for what they are here, files.
        let file = path.utf8.first == UInt8(ascii: "/") ? path : "./" + path
        let exists = unsafe access(file, F_OK) == 0
        if mode == .readOnly && !exists {
            throw SpanStoreError(
                .notFound, "there is no file \(path); check the path or start a collector that writes it")
        }
        try StoreFile.check(path)
        let access = mode == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = unsafe sqlite3_open_v2(file, &handle, access | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK else {
            let error = error(code, "open")
            close()
            if mode == .readWrite, exists, let fault = StoreFile.fault(writing: path) { throw fault }
            throw error.code == .cannotOpen || error.code == .engineFailed
                ? SpanStoreError(
                    .cannotOpen,
                    "cannot open \(path): check that its folder exists and that folder and file may be "
                        + (mode == .readOnly ? "read" : "written"))
                : error
        }
        unsafe sqlite3_extended_result_codes(handle, 1)
    }

    private init(inMemoryNamed path: String) throws(SpanStoreError) {
        self.path = path
        mode = .readWrite
        guard unsafe sqlite3_open_v2(":memory:", &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil) == SQLITE_OK
        else {
            close()
            throw SpanStoreError(.engineFailed, "SQLite finds no memory")
        }
    }

    /// An empty database that no file has.
    static func inMemory() throws(SpanStoreError) -> Connection {
        try Connection(inMemoryNamed: "a database in memory")
    }

    deinit { close() }

    /// Frees the connection; all statements must be gone by then or are finished by SQLite when they go.
    func close() {
        guard let open = unsafe handle else { return }
        unsafe sqlite3_close_v2(open)
        unsafe handle = nil
    }

    func prepare(_ sql: String) throws(SpanStoreError) -> Statement {
        var statement: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        // The statements are constants: where one names what is not there, the file is not as it was made.
        if code == SQLITE_ERROR {
            throw StoredRow.damaged("\(path) has not the tables that it should have (\(words))")
        }
        guard code == SQLITE_OK, let prepared = unsafe statement else { throw error(code, "prepare") }
        return unsafe Statement(prepared, connection: self)
    }

    /// Runs statements that return nothing of interest.
    func execute(_ sql: String) throws(SpanStoreError) {
        let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, "execute") }
    }

    /// The first column of the first row.
    func integer(_ sql: String) throws(SpanStoreError) -> Int64 {
        let statement = try prepare(sql)
        return try statement.step() ? statement.integer(0) : 0
    }

    /// How many rows the last statement changed.
    var changes: Int { Int(unsafe sqlite3_changes(handle)) }

    /// Whether the file at `path` is no more the one that is open: it was deleted, moved or replaced. Writing to it would
    /// succeed, and nobody would find what was written.
    var fileIsGone: Bool {
        var hasMoved: Int32 = 0
        // Proof: the pointer is to a local that lives through the call, of the type that this opcode writes.
        let code = unsafe withUnsafeMutablePointer(to: &hasMoved) { pointer in
            unsafe sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, pointer)
        }
        return code == SQLITE_OK && hasMoved != 0
    }

    /// Leaves the files of the log in place when the last connection is closed, the log empty, so that whoever may read the
    /// file and not write its folder can read the store: SQLite then follows a writer that comes meanwhile, and without these
    /// files it would have to make them.
    func keepLogFiles() {
        var keeps: Int32 = 1
        // Proof: the pointer is to a local that lives through the call, of the type that this opcode reads. Where it is not
        // taken the files are removed, as without it.
        _ = unsafe withUnsafeMutablePointer(to: &keeps) { pointer in
            unsafe sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, pointer)
        }
    }

    var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    /// Whether nothing can be written, though the file may have been opened for writing.
    var isReadOnly: Bool { unsafe sqlite3_db_readonly(handle, "main") != 0 }

    /// SQLite's words for the last fault. They name tables and columns, never what is in them.
    private var words: String {
        unsafe handle.map { unsafe String(cString: sqlite3_errmsg($0)) } ?? "no connection"
    }

    /// Whether a reader has not the files of the log, and no other fault is known: what a first writer that was killed leaves
    /// is a journal.
    private var lacksLogFiles: Bool {
        guard mode == .readOnly, unsafe access(path, R_OK) == 0, unsafe access(path + "-journal", F_OK) != 0 else {
            return false
        }
        return ["-wal", "-shm"].contains { unsafe access(path + $0, R_OK) != 0 }
    }

    /// How long a statement waits for another process, in milliseconds.
    func setBusyTimeout(milliseconds: Int32) { unsafe sqlite3_busy_timeout(handle, milliseconds) }

    /// What a result code means.
    func error(_ code: Int32, _ action: StaticString) -> SpanStoreError {
        if code == spanwire_sqlite_readonly_rollback {
            return SpanStoreError(
                .cannotOpen,
                "\(path) was left in the middle of a change by a process that was ended, and whoever writes undoes it first; "
                    + "start its collector, or run: spanwire store compact \(path)")
        }
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED:
            return SpanStoreError(.busy, "\(path) is held by another process; try again")
        case SQLITE_FULL:
            return SpanStoreError(.diskFull, "no room is left for \(path); free some or raise its limit")
        case SQLITE_NOTADB:
            return SpanStoreError(.notADatabase, "\(path) is no SQLite database; choose another file")
        case SQLITE_CORRUPT:
            return SpanStoreError(
                .corrupt, "\(path) is damaged; keep a copy and try the recover command of sqlite3 on it")
        case SQLITE_READONLY where lacksLogFiles, SQLITE_CANTOPEN where lacksLogFiles:
            return SpanStoreError(
                .cannotOpen,
                "reading \(path) takes the files \(path)-wal and \(path)-shm, which are not there or may not be read, and this "
                    + "user may not make them in its folder; let a user who may write there ask once (spanwire query services "
                    + "--store \(path)), or copy \(path), with its -wal if there is one, to a folder that you may write"
            )
        case SQLITE_READONLY:
            return StoreFile.fault(writing: path)
                ?? SpanStoreError(
                    .cannotOpen, "\(path) or its folder may not be written; check whether the disk is read-only")
        case SQLITE_CANTOPEN:
            if mode == .readWrite, let fault = StoreFile.fault(writing: path) { return fault }
            return SpanStoreError(.cannotOpen, "cannot open \(path); check that it is a file and its permissions")
        case SQLITE_IOERR:
            return SpanStoreError(.ioFailed, "reading or writing \(path) failed (SQLite \(code)); check the disk")
        default:
            return SpanStoreError(.engineFailed, "SQLite could not \(action) (\(code)): \(words)")
        }
    }
}
