import Foundation
import SpanStorage
import Testing

@testable import SpanStorageSQLite

/// What each of SQLite's result codes becomes.
@Suite struct SQLiteFaultTests {
    /// As `sqlite3.h` has them.
    private enum Primary: Int32 {
        case internalFault = 2, perm = 3, busy = 5, locked = 6, nomem = 7, readonly = 8, interrupt = 9, ioerr = 10,
            corrupt = 11
        case full = 13, cantopen = 14, lockProtocol = 15, schema = 17, toobig = 18, constraint = 19, mismatch = 20,
            nolfs = 22, auth = 23, notadb = 26
    }

    private struct Row {
        var code: Int32
        var systemError: Int32
        var expected: SpanStoreError.Code
        var words: String

        init(
            _ primary: Primary, _ detail: Int32, _ systemError: Int32, _ expected: SpanStoreError.Code, _ words: String
        ) {
            code = primary.rawValue | detail << 8
            self.systemError = systemError
            self.expected = expected
            self.words = words
        }
    }

    private static let table: [Row] = {
        let again = "held by another process; try again"
        let room = "no room is left for s.db; free some"
        let permission = "check that its folder exists and that folder and file may be written"
        var rows = [
            // SQLITE_BUSY, _RECOVERY, _SNAPSHOT, _TIMEOUT; LOCKED; PROTOCOL; SCHEMA
            Row(.busy, 0, 0, .busy, again), Row(.busy, 1, 0, .busy, again), Row(.busy, 2, 0, .busy, again),
            Row(.busy, 3, 0, .busy, again), Row(.locked, 1, 0, .busy, again), Row(.lockProtocol, 0, 0, .busy, again),
            Row(.schema, 0, 0, .busy, again),
            Row(.full, 0, 0, .diskFull, room),
            // _SHMSIZE, whatever the system said, unless it was something else
            Row(.ioerr, 19, 0, .diskFull, room), Row(.ioerr, 19, EIO, .ioFailed, "check the disk"),
            Row(.notadb, 0, 0, .notADatabase, "choose another file"),
            Row(.corrupt, 0, 0, .corrupt, "keep a copy"), Row(.corrupt, 1, 0, .corrupt, "keep a copy"),
            Row(.corrupt, 2, 0, .corrupt, "keep a copy"), Row(.corrupt, 3, 0, .corrupt, "keep a copy"),
            // _DATA, _CORRUPTFS, _SHORT_READ
            Row(.ioerr, 32, 0, .corrupt, "keep a copy"),
            Row(.ioerr, 33, 0, .ioFailed, "the file system of s.db is damaged"),
            Row(.ioerr, 2, 0, .ioFailed, "s.db-wal or s.db-shm was deleted or replaced"),
            Row(.constraint, 6, 0, .corrupt, "spanwire store check s.db"),
            Row(.mismatch, 0, 0, .corrupt, "spanwire store check s.db"),
            Row(.nomem, 0, 0, .engineFailed, "no memory"), Row(.ioerr, 12, 0, .engineFailed, "no memory"),
            Row(.ioerr, 21, ENOMEM, .engineFailed, "no memory"),
            Row(.toobig, 0, 0, .engineFailed, "smaller batches"),
            Row(.nolfs, 0, 0, .cannotOpen, "put it on another one"),
            Row(.perm, 0, 0, .cannotOpen, permission), Row(.auth, 0, 0, .cannotOpen, permission),
            Row(.readonly, 0, 0, .cannotOpen, "s.db or its folder may not be written"),
            // _RECOVERY, _CANTLOCK, _CANTINIT, _DIRECTORY
            Row(.readonly, 1, 0, .cannotOpen, "may not be written"),
            Row(.readonly, 2, 0, .cannotOpen, "may not be written"),
            Row(.readonly, 5, 0, .cannotOpen, "may not be written"),
            Row(.readonly, 6, 0, .cannotOpen, "may not be written"),
            // _ROLLBACK, _DBMOVED
            Row(.readonly, 3, 0, .cannotOpen, "spanwire store compact s.db"),
            Row(.readonly, 4, 0, .ioFailed, "was deleted or moved while open"),
            Row(.cantopen, 0, 0, .cannotOpen, permission),
            Row(.cantopen, 0, EACCES, .cannotOpen, "(Permission denied): \(permission)"),
            Row(.cantopen, 0, ENOENT, .cannotOpen, permission),
            Row(.cantopen, 0, EROFS, .cannotOpen, "may only be read"),
            Row(.cantopen, 0, EMFILE, .outOfDescriptors, "ulimit -n"),
            Row(.cantopen, 0, ENFILE, .outOfDescriptors, "ulimit -n"),
            Row(.cantopen, 3, ENAMETOOLONG, .cannotOpen, "no usable path"),
            Row(.cantopen, 0, ELOOP, .cannotOpen, "no usable path"),
            Row(.cantopen, 0, ENOSPC, .diskFull, room),
            // _NOTEMPDIR, _ISDIR, _CONVPATH, _SYMLINK
            Row(.cantopen, 1, 0, .cannotOpen, "TMPDIR"), Row(.ioerr, 25, 0, .cannotOpen, "TMPDIR"),
            Row(.cantopen, 2, 0, .cannotOpen, permission), Row(.cantopen, 4, 0, .cannotOpen, permission),
            Row(.cantopen, 6, 0, .cannotOpen, permission),
            Row(.internalFault, 0, 0, .engineFailed, "s.db"), Row(.interrupt, 0, 0, .engineFailed, "s.db"),
        ]
        // Of locks: _UNLOCK, _RDLOCK, _BLOCKED, _CHECKRESERVEDLOCK, _LOCK, _SHMLOCK, _SHMMAP
        for detail in [8, 9, 11, 14, 15, 20, 21] as [Int32] {
            rows.append(Row(.ioerr, detail, ENOLCK, .ioFailed, "put it on a local disk"))
        }
        // _READ, _WRITE, _FSYNC, _TRUNCATE, _FSTAT, _ACCESS, _SHMOPEN, _SHMSIZE, _SEEK: what the system says counts.
        for detail in [1, 3, 4, 6, 7, 13, 18, 19, 22] as [Int32] {
            rows += [
                Row(.ioerr, detail, ENOSPC, .diskFull, room), Row(.ioerr, detail, EDQUOT, .diskFull, room),
                Row(.ioerr, detail, EFBIG, .diskFull, room),
                Row(.ioerr, detail, EMFILE, .outOfDescriptors, "ulimit -n"),
                Row(.ioerr, detail, EACCES, .cannotOpen, permission),
                Row(.ioerr, detail, EROFS, .cannotOpen, "may only be read"),
                Row(.ioerr, detail, EIO, .ioFailed, "Input/output error); check the disk"),
            ]
        }
        return rows
    }()

    private static func error(
        _ row: Row, _ mode: SQLiteSpanStore.Mode = .readWrite, _ places: SQLiteFault.Places = SQLiteFault.Places()
    ) -> SpanStoreError {
        SQLiteFault(code: row.code, systemError: row.systemError, words: "its words")
            .error("s.db", mode, "step", places: places)
    }

    @Test func `each result code has its kind, and words that name the file or what to do`() {
        for row in Self.table {
            let error = Self.error(row)
            #expect(error.code == row.expected, "\(row.code), \(row.systemError): \(error)")
            #expect(error.message.contains(row.words), "\(row.code), \(row.systemError): \(error)")
            #expect(error.mayPass == [.busy, .diskFull].contains(row.expected))
        }
    }

    @Test func `a log that may not be read or written is named, and a reader without one is told what to do`() {
        for row in [
            Row(.cantopen, 0, EACCES, .cannotOpen, ""), Row(.readonly, 5, 0, .cannotOpen, ""),
            Row(.ioerr, 18, EACCES, .cannotOpen, ""), Row(.perm, 0, 0, .cannotOpen, ""),
        ] {
            let barred = Self.error(row, .readWrite, SQLiteFault.Places(barred: "s.db-shm"))
            #expect(barred.code == .cannotOpen)
            #expect(
                barred.message.hasPrefix("s.db-shm, which belongs to s.db, may not be read and written"), "\(barred)")
            let reader = Self.error(row, .readOnly, SQLiteFault.Places(lacksLogFiles: true))
            #expect(reader.message.hasPrefix("reading s.db takes the files s.db-wal and s.db-shm"), "\(reader)")
        }
    }

    @Test func `a file that is mounted alone is known by the system's table of mounts`() {
        let table = """
            22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw
            31 28 8:1 /var/spans.db /data/spans.db rw - ext4 /dev/sda1 rw
            32 28 8:1 /x /data/a\\040b\\134c\\011\u{E9}.db rw - ext4 /dev/sda1 rw
            """
        #expect(StoreFile.isMountPoint("/data/spans.db", in: table))
        #expect(StoreFile.isMountPoint("/data/a b\\c\t\u{E9}.db", in: table))
        for other in ["/data", "/data/spans.db-wal", "/var/spans.db", "/", "", "/data/spans.d"] {
            #expect(!StoreFile.isMountPoint(other, in: table))
        }
    }
}
