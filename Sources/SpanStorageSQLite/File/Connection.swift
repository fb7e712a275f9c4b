import CSQLite
import SpanBlockStore
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
    private let mode: SQLiteStoreMode
    /// `nil` until they are noted: then they are watched.
    private var openFiles: OpenFiles?
    /// What was done about a log that has lost its name; it stands until that has its name again.
    private var savedLog: OpenFiles.Log?
    private var busyMilliseconds: Int32 = 0

    /// Opens the file; looks at nothing in it.
    ///
    /// - Throws: `not_found` when reading and there is no file, `cannot_open`.
    init(path: String, mode: SQLiteStoreMode) throws(SpanStoreError) {
        self.path = path
        self.mode = mode
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw SpanStoreError(.cannotOpen, "the store needs the path of a file")
        }
        // So that SQLite takes names such as ":memory:" for what they are here, files.
        let file = path.utf8.first == UInt8(ascii: "/") ? path : "./" + path
        if mode == .readOnly { try StoreFile.find(path) }
        try StoreFile.check(path)
        // With a first look at the file SQLite deletes the log.
        try StoreFile.checkNoLogIsLeft(of: path)
        let access = mode == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = unsafe sqlite3_open_v2(file, &handle, access | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK else {
            let error = error(code, "open")
            close()
            throw error
        }
        unsafe sqlite3_extended_result_codes(handle, 1)
        do throws(SpanStoreError) {
            // The log lies beside the file itself, wherever symbolic links to it lie.
            if resolvedPath != file { try StoreFile.check(resolvedPath) }
            try StoreFile.checkHasOneName(path, file: resolvedPath)
        } catch {
            close()
            throw error
        }
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
    ///
    /// - Returns: what a writer has lost of its files.
    @discardableResult
    func close() -> SpanStoreError? {
        guard let open = unsafe handle else { return nil }
        var error: SpanStoreError?
        if mode == .readWrite, let loss = lostFiles {
            error = loss.error(path, saveLog(loss, waits: true))
            // The last connection brings the log to the file, which must be the right log.
            if !loss.mayEndAsUsual { unsafe spanwire_keep_log_at_close(open) }
        }
        unsafe sqlite3_close_v2(open)
        unsafe handle = nil
        return error
    }

    func prepare(_ sql: String) throws(SpanStoreError) -> Statement {
        var statement: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        // The statements are constants: where one names what is not there, the file is not as it was made.
        if code == SQLITE_ERROR {
            throw .damaged("\(path) has not the tables that it should have (\(words))")
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

    /// The path without symbolic links, from which SQLite makes the names of the log's files.
    private var resolvedPath: String {
        guard let name = unsafe sqlite3_db_filename(handle, "main") else { return path }
        return unsafe String(cString: name)
    }

    /// Notes which files are open, from now on to be held against those that have their names. The file has been read by then.
    ///
    /// - Throws: `io_failed` when writing, where the log's files are gone already, and where another process has another log.
    func watchFiles() throws(SpanStoreError) {
        // With a first look at the file SQLite opens its log.
        _ = try integer("PRAGMA schema_version")
        guard logIsWhole else {
            // Should whoever has the other log go meanwhile, this one must not be brought to the file.
            if let open = unsafe handle { unsafe spanwire_keep_log_at_close(open) }
            throw SQLiteFault(code: SQLiteFault.shortRead, words: "").error(path, mode, "read", places: .init())
        }
        let files = OpenFiles(resolvedPath)
        guard mode == .readOnly || files.areThere else {
            throw SpanStoreError(
                .ioFailed, "\(path)-wal or \(path)-shm was deleted while \(path) was being opened; try again")
        }
        openFiles = files
    }

    private var lostFiles: OpenFiles.Loss? {
        guard let openFiles else { return nil }
        return openFiles.loss(fileIsGone: fileIsGone, logIsWhole: logIsWhole)
    }

    private var logIsWhole: Bool { unsafe handle.map { unsafe LogIndexHead.isOfLog(of: $0) } ?? true }

    /// What is committed to a file without a name is lost, and must not be acknowledged; what is read there is no answer.
    ///
    /// - Throws: `io_failed` where others are in the places of the files that are open. Outside of a transaction what is in the
    ///   log is saved then, where that is safe.
    func checkFiles(inTransaction: Bool = false) throws(SpanStoreError) {
        guard let loss = lostFiles else {
            forgetSavedLog()
            if !inTransaction { openFiles?.noteFile() }
            return
        }
        guard mode == .readWrite else { throw loss.error(path, nil) }
        throw loss.error(path, inTransaction ? savedLog ?? .unsaved : saveLog(loss, waits: savedLog == nil))
    }

    /// Takes the file for what those made of it who share its log, while all files have their names.
    func noteFile() {
        if lostFiles == nil { openFiles?.noteFile() }
    }

    /// How long others are waited for who are in, in milliseconds, and how long until the next look.
    private static let savingMilliseconds: Int32 = 2_000
    private static let pauseMilliseconds: Int32 = 10

    /// Brings a log that has lost its name to the file, where that is safe, and copies it else.
    ///
    /// - Parameter waits: for others who have the file open, a while.
    private func saveLog(_ loss: OpenFiles.Loss, waits: Bool) -> OpenFiles.Log {
        if savedLog == .saved { return .saved }
        guard let openFiles, !loss.file, loss.log != .own, loss.log != .cut else { return .unsaved }
        var left = waits ? min(busyMilliseconds, Self.savingMilliseconds) : 0
        while mayCheckpoint {
            let isSaved =
                loss.sharesMemory
                ? checkpoint() : openFiles.keepingOthersOut { mayCheckpoint ? checkpoint() : nil } ?? false
            if isSaved {
                forgetSavedLog()
                savedLog = .saved
                return .saved
            }
            guard left > 0 else { break }
            usleep(UInt32(Self.pauseMilliseconds) * 1_000)
            left -= Self.pauseMilliseconds
        }
        if case .copied(let copy, fits: true)? = savedLog, !mayCheckpoint {
            // Others were in and have written now.
            let name = LogCopy.lostName(openFiles.file)
            if FileStatus(name, followsLinks: false) == nil, unsafe rename(copy, name) == 0 {
                savedLog = .copied(name, fits: false)
            }
        }
        // A copy that failed may not fail again, as when room was made.
        if let savedLog, savedLog != .unsaved { return savedLog }
        let log = copyLog(openFiles)
        savedLog = log
        return log
    }

    /// A copy of the log is not needed any more, and would keep out who writes next.
    private func forgetSavedLog() {
        if case .copied(let copy, _)? = savedLog { _ = unsafe unlink(copy) }
        savedLog = nil
    }

    /// Whether nobody has written but to the log that is open.
    private var mayCheckpoint: Bool {
        guard let loss = lostFiles, let openFiles, loss.leavesLogOfUse else { return false }
        return loss.sharesMemory || openFiles.fileIsAsItWas
    }

    private func copyLog(_ openFiles: OpenFiles) -> OpenFiles.Log {
        guard let open = unsafe handle else { return .unsaved }
        let fits = mayCheckpoint
        let copy = fits ? LogCopy.savedName(openFiles.file) : LogCopy.lostName(openFiles.file)
        return unsafe LogCopy.write(of: open, to: copy, like: openFiles.file) ? .copied(copy, fits: fits) : .unsaved
    }

    /// Waits for nobody: what readers hold back is left for the next time.
    ///
    /// - Returns: whether nothing is left.
    private func checkpoint() -> Bool {
        guard let checkpoint = try? prepare("PRAGMA wal_checkpoint(PASSIVE)"), (try? checkpoint.step()) == true else {
            return false
        }
        return checkpoint.integer(0) == 0 && checkpoint.integer(1) == checkpoint.integer(2)
    }

    /// Runs `body`, in which the file is as it was at the first look, whatever others write.
    func inOneView<Result>(_ body: () throws(SpanStoreError) -> Result) throws(SpanStoreError) -> Result {
        try execute("BEGIN")
        do {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            try? execute("ROLLBACK")
            throw error
        }
    }

    /// Runs `body` between `BEGIN IMMEDIATE` and `COMMIT`; takes everything back when it throws.
    ///
    /// - Throws: what `body` throws, `busy`, what `checkFiles` throws.
    func transaction<Result>(_ body: () throws(SpanStoreError) -> Result) throws(SpanStoreError) -> Result {
        do {
            try execute("BEGIN IMMEDIATE")
            // Large changes are written to the log ahead of the commit.
            try checkFiles(inTransaction: true)
            let result = try body()
            // As late as can be.
            try checkFiles(inTransaction: true)
            try execute("COMMIT")
            // Large logs are brought to the file after it.
            noteFile()
            return result
        } catch {
            // Where SQLite has rolled back by itself this fails, and nothing is left to take back.
            try? execute("ROLLBACK")
            // In another one's log everything looks damaged.
            try checkFiles()
            throw error
        }
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

    /// SQLite's words for a last fault that is the statement's: it names what is not there, or makes what is there already.
    var statementFault: String? { unsafe sqlite3_errcode(handle) & 0xFF == SQLITE_ERROR ? words : nil }

    /// How long a statement waits for another process, in milliseconds.
    func setBusyTimeout(milliseconds: Int32) {
        busyMilliseconds = milliseconds
        unsafe sqlite3_busy_timeout(handle, milliseconds)
    }

    /// What a result code means.
    func error(_ code: Int32, _ action: StaticString) -> SpanStoreError {
        // The file that may not be written is the one to name.
        let mayNotWrite = [SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM].contains(code & 0xFF)
        let isNamed = code == SQLiteFault.readOnlyRollback || code == SQLiteFault.readOnlyMoved
        if mode == .readWrite, mayNotWrite, !isNamed, let fault = StoreFile.fault(writing: path) { return fault }
        // Only where the operating system refused something: SQLite forgets no number that it had before.
        let systemError =
            [SQLITE_IOERR, SQLITE_CANTOPEN].contains(code & 0xFF) ? unsafe sqlite3_system_errno(handle) : 0
        return SQLiteFault(code: code, systemError: systemError, words: words)
            .error(path, mode, action, places: SQLiteFault.Places(path, mode))
    }
}
