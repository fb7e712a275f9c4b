import Foundation
import Glibc
import SpanModel
import SpanStorage
import SpanStorageSQLite
import Testing

/// The log and the shared memory of a store that is open lose their names.
@Suite struct SQLiteLostFilesTests {
    let folder = try! TemporaryFolder()

    private var path: String { folder.file("spans.db") }

    private func remove(_ suffix: String) throws { try FileManager.default.removeItem(atPath: path + suffix) }

    private func move(_ from: String, _ to: String) throws {
        try FileManager.default.moveItem(atPath: folder.file(from), toPath: folder.file(to))
    }

    private func bytes(_ suffix: String = "") throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path + suffix))
    }

    /// A store with one span of the first trace, in its log, that nothing is merged in.
    private func open(busyTimeoutMilliseconds: Int32 = 10_000) async throws -> SQLiteSpanStore {
        let store = try await SQLiteSpanStore.open(
            path: path, mode: .readWrite,
            options: SQLiteSpanStore.Options(
                busyTimeoutMilliseconds: busyTimeoutMilliseconds, compactsInBackground: false))
        try await store.append([batch(trace: 1, sender: SenderID(high: 1, low: 1), sequence: 1)])
        return store
    }

    /// What a store does not take, and says of it.
    private func refusal(
        _ store: SQLiteSpanStore, sourceLocation: SourceLocation = #_sourceLocation
    ) async -> String {
        let error = await #expect(throws: SpanStoreError.self, sourceLocation: sourceLocation) {
            try await store.append([batch(trace: 2)])
        }
        #expect(error?.code == .ioFailed, sourceLocation: sourceLocation)
        return error?.message ?? ""
    }

    /// How many spans whoever comes now finds, without the log and with it.
    private func spansInFileAlone() async throws -> Int {
        let copy = folder.file("copy-\(UUID().uuidString).db")
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        return try await spans(copy)
    }

    private func spans(_ path: String) async throws -> Int {
        let reader = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        let count = try await reader.search(SpanQuery(limit: 1_000)).count
        #expect(try await reader.check().faults == [])
        await reader.close()
        return count
    }

    @Test
    func `where the log is deleted nothing more is taken, and what was acknowledged is brought to the file at once`()
        async throws
    {
        let store = try await open()
        #expect(try await spansInFileAlone() == 0)
        try remove("-wal")
        let words = await refusal(store)
        #expect(words.contains("\(path)-wal") && words.contains("what was acknowledged is in \(path);"), "\(words)")
        // As after a kill: nobody closed the store.
        #expect(try await spansInFileAlone() == 1)
        _ = await refusal(store)
        await store.close()
        #expect(try await spans(path) == 1)
        let next = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        try await next.append([batch(trace: 2)])
        await next.close()
        #expect(try await spans(path) == 2)
    }

    @Test func `all changes are held against the files, and so is what a sender is told that the store has`()
        async throws
    {
        let store = try await open()
        try remove("-wal")
        let lease = CollectorLease(collector: .random(), renewedAtUnixNano: 1)
        let changes: [@Sendable () async throws -> Void] = [
            { _ = try await store.storedSequence(of: SenderID(high: 1, low: 1)) },
            { _ = try await store.note([], by: lease) },
            { try await store.endLease(of: lease.collector) },
            { _ = try await store.deleteTrace(TraceID(high: 1, low: 1), nowUnixNano: 1) },
            { _ = try await store.enforce(RetentionPolicy(maxAgeNano: 1), nowUnixNano: 1 << 60) },
            { try await store.compact() },
        ]
        for (number, change) in changes.enumerated() {
            let error = await #expect(throws: SpanStoreError.self, "\(number)") { try await change() }
            #expect(error?.code == .ioFailed, "\(number)")
        }
        await store.close()
        #expect(try await spans(path) == 1)
    }

    @Test func `a store that is closed brings a deleted log to its file`() async throws {
        for both in [false, true] {
            let store = try await open()
            try remove("-wal")
            if both { try remove("-shm") }
            await store.close()
            #expect(try await spans(path) == 1)
            try remove("")
        }
    }

    @Test func `an empty log in the place of one is as good as none`() async throws {
        let store = try await open()
        try remove("-wal")
        #expect(FileManager.default.createFile(atPath: path + "-wal", contents: nil))
        let words = await refusal(store)
        #expect(words.contains("what was acknowledged is in \(path);"), "\(words)")
        await store.close()
        #expect(try await spans(path) == 1)
    }

    @Test func `where another log was written to nothing is brought to the file, now or when the store is closed`()
        async throws
    {
        let store = try await open()
        try move("spans.db-wal", "aside")
        try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: path + "-wal"))
        let before = try bytes()
        let words = await refusal(store)
        #expect(words.contains("\(path)-wal.lost"), "\(words)")
        #expect(try bytes("-wal.lost") == Data(contentsOf: URL(fileURLWithPath: folder.file("aside"))))
        await store.close()
        #expect(try bytes() == before)
        // It was moved and is put back.
        try remove("-wal")
        try move("aside", "spans.db-wal")
        #expect(try await spans(path) == 1)
    }

    @Test func `a copy of a log that was lost another time stays, and the next is put beside it`() async throws {
        try Data("of before".utf8).write(to: URL(fileURLWithPath: path + "-wal.lost"))
        for number in 2...3 {
            let store = try await open()
            let log = try bytes("-wal")
            try remove("-wal")
            try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: path + "-wal"))
            let words = await refusal(store)
            #expect(words.contains("\(path)-wal.lost.\(number), and others"), "\(words)")
            #expect(try bytes("-wal.lost.\(number)") == log)
            await store.close()
            for suffix in ["", "-wal", "-shm"] { try remove(suffix) }
        }
        #expect(try bytes("-wal.lost") == Data("of before".utf8))
    }

    @Test
    func `where the memory that processes share is deleted or replaced nothing more is taken, and the log is kept`()
        async throws
    {
        for isReplaced in [false, true] {
            let store = try await open()
            let before = try bytes()
            let log = try bytes("-wal")
            try remove("-shm")
            if isReplaced { try Data(count: 32_768).write(to: URL(fileURLWithPath: path + "-shm")) }
            let words = await refusal(store)
            #expect(words.contains("\(path)-shm") && words.contains("keep both"), "\(words)")
            await store.close()
            #expect(try bytes() == before)
            #expect(try bytes("-wal") == log)
            #expect(try await spans(path) == 1)
            for suffix in ["", "-wal", "-shm"] { try remove(suffix) }
        }
    }

    @Test func `where both are deleted what was acknowledged is brought to the file`() async throws {
        let store = try await open()
        try remove("-wal")
        try remove("-shm")
        let words = await refusal(store)
        #expect(words.contains("-wal and \(path)-shm"), "\(words)")
        #expect(words.contains("what was acknowledged is in \(path);"), "\(words)")
        await store.close()
        #expect(try await spans(path) == 1)
    }

    @Test
    func `who comes after the log was deleted does not write to another one, though all that it reads is in the file`()
        async throws
    {
        let store = try await open()
        // The log is brought to the file, and begun anew with a change that who comes does not look at.
        try await store.compact()
        #expect(try await spansInFileAlone() == 1)
        _ = try await store.note([], by: CollectorLease(collector: .random(), renewedAtUnixNano: 1))
        try remove("-wal")
        let before = try bytes()
        for mode in [SQLiteSpanStore.Mode.readWrite, .readOnly, .readWrite] {
            let error = await #expect(throws: SpanStoreError.self) {
                try await SQLiteSpanStore.open(path: path, mode: mode)
            }
            #expect(error?.code == .ioFailed)
            #expect(error?.message.contains("end every process that has \(path) open") == true, "\(error as Any)")
        }
        #expect(try bytes() == before)
        let words = await refusal(store)
        #expect(words.contains("what was acknowledged is in \(path);"), "\(words)")
        await store.close()
        #expect(try await spans(path) == 1)
        let next = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        try await next.append([batch(trace: 2)])
        await next.close()
        #expect(try await spans(path) == 2)
    }

    @Test(arguments: [0, 2])
    func `a log that is emptied or cut in its place is told, and nothing of it is brought to the file`(part: Int)
        async throws
    {
        let store = try await open()
        try await store.compact()
        for trace in UInt64(2)...4 { try await store.append([batch(trace: trace)]) }
        let size = try bytes("-wal").count
        try #require(unsafe truncate(path + "-wal", part == 0 ? 0 : off_t(size / part)) == 0)
        let before = try bytes()
        for _ in 0..<2 {
            let words = await refusal(store)
            #expect(words.contains("\(path)-wal") && words.contains("was emptied or cut while open"), "\(words)")
        }
        await store.close()
        #expect(store.takeLoss()?.message.contains("was emptied or cut") == true)
        #expect(try bytes() == before)
        // What was in the file is.
        let left = try await spans(path)
        #expect(part == 0 ? left == 1 : (1...3).contains(left), "\(left)")
        let next = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        try await next.append([batch(trace: 9)])
        await next.close()
        #expect(try await spans(path) == left + 1)
    }

    @Test func `files that are put back are taken again`() async throws {
        let store = try await open()
        for suffix in ["-wal", "-shm"] {
            try move("spans.db" + suffix, "aside")
            _ = await refusal(store)
            // What was saved behind the lock of a new memory has left that there.
            try? remove(suffix)
            try move("aside", "spans.db" + suffix)
        }
        try await store.append([batch(trace: 3)])
        await store.close()
        #expect(try await spans(path) == 2)
    }

    @Test func `beside the log of a file that is gone none is made, for SQLite would play that log into it`()
        async throws
    {
        let store = try await open()
        let log = try bytes("-wal")
        await store.close()
        try remove("")
        try remove("-shm")
        try log.write(to: URL(fileURLWithPath: path + "-wal"))
        let error = await #expect(throws: SpanStoreError.self) {
            try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        }
        #expect(error?.code == .cannotOpen)
        #expect(error?.message.contains("remove \(path)-wal to begin anew") == true, "\(String(describing: error))")
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try bytes("-wal") == log)
        try remove("-wal")
        try await SQLiteSpanStore.open(path: path, mode: .readWrite).close()
        #expect(try await spans(path) == 0)
    }

    @Test func `the log of a file that is gone is also found where symbolic links lead to it`() async throws {
        let store = try await open()
        let log = try bytes("-wal")
        await store.close()
        for suffix in ["", "-shm"] { try remove(suffix) }
        try log.write(to: URL(fileURLWithPath: path + "-wal"))
        let manager = FileManager.default
        try manager.createDirectory(atPath: folder.file("folder"), withIntermediateDirectories: false)
        try manager.createSymbolicLink(atPath: folder.file("folder/second"), withDestinationPath: "../spans.db")
        try manager.createSymbolicLink(
            atPath: folder.file("first"), withDestinationPath: folder.file("folder/second"))
        let error = await #expect(throws: SpanStoreError.self) {
            try await SQLiteSpanStore.open(path: folder.file("first"), mode: .readWrite)
        }
        #expect(error?.message.contains("spans.db-wal is there") == true, "\(String(describing: error))")
        #expect(try bytes("-wal") == log)
        try remove("-wal")
        try await SQLiteSpanStore.open(path: folder.file("first"), mode: .readWrite).close()
        #expect(try await spans(path) == 0)
    }

    @Test func `a file that was emptied beside its log is refused, for SQLite would delete that log`() async throws {
        let store = try await open()
        let whole = try bytes()
        let log = try bytes("-wal")
        await store.close()
        try log.write(to: URL(fileURLWithPath: path + "-wal"))
        try Data().write(to: URL(fileURLWithPath: path))
        for mode in [SQLiteSpanStore.Mode.readOnly, .readWrite] {
            let error = await #expect(throws: SpanStoreError.self) {
                try await SQLiteSpanStore.open(path: path, mode: mode)
            }
            #expect(error?.code == .cannotOpen)
            #expect(error?.message.contains("\(path) is empty") == true, "\(String(describing: error))")
            #expect(try bytes("-wal") == log)
        }
        try whole.write(to: URL(fileURLWithPath: path))
        #expect(try await spans(path) == 1)
    }

    /// What a process leaves that came after both were deleted, read and went.
    private func leaveTraceOfReader() throws {
        #expect(FileManager.default.createFile(atPath: path + "-wal", contents: nil))
        #expect(FileManager.default.createFile(atPath: path + "-shm", contents: Data(count: 32_768)))
    }

    @Test func `where a reader came after both were deleted, and went, what was acknowledged is brought to the file`()
        async throws
    {
        for isSeenAtClose in [false, true] {
            let store = try await open()
            try remove("-wal")
            try remove("-shm")
            try leaveTraceOfReader()
            if !isSeenAtClose { _ = await refusal(store) }
            await store.close()
            let loss = store.takeLoss()
            let words = loss?.message ?? ""
            #expect(words.contains("what was acknowledged is in \(path);"), "\(words)")
            #expect(try await spans(path) == 1)
            for suffix in ["", "-wal", "-shm"] { try remove(suffix) }
        }
    }

    @Test func `what was said of the log stands, whoever comes later`() async throws {
        let store = try await open()
        try remove("-wal")
        try remove("-shm")
        let words = await refusal(store)
        #expect(words.contains("what was acknowledged is in \(path);"), "\(words)")
        try remove("-shm")
        try leaveTraceOfReader()
        try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: path + "-wal"))
        let later = await refusal(store)
        #expect(later.contains("what was acknowledged is in \(path);"), "\(later)")
        await store.close()
        let loss = store.takeLoss()
        #expect(loss?.message.contains("what was acknowledged is in \(path);") == true, "\(String(describing: loss))")
    }

    @Test func `while others have the file open the log is copied, and brought to the file when they are gone`()
        async throws
    {
        for goBeforeClose in [false, true] {
            let store = try await open(busyTimeoutMilliseconds: 20)
            let log = try bytes("-wal")
            let before = try bytes()
            try remove("-wal")
            try remove("-shm")
            try leaveTraceOfReader()
            let other = try OtherProcess(sharing: path + "-shm")
            let words = await refusal(store)
            #expect(words.contains("move \(path)-wal.saved to \(path)-wal"), "\(words)")
            #expect(try bytes("-wal.saved") == log)
            #expect(try bytes() == before)
            if goBeforeClose { other.leave() }
            await store.close()
            other.leave()
            if goBeforeClose {
                #expect(!FileManager.default.fileExists(atPath: path + "-wal.saved"))
            } else {
                #expect(try bytes() == before)
                // Whoever wrote to the file now would make the copy useless.
                let error = await #expect(throws: SpanStoreError.self) {
                    try await SQLiteSpanStore.open(path: path, mode: .readWrite)
                }
                #expect(error?.message.contains("move \(path)-wal.saved to \(path)-wal") == true)
                try remove("-wal")
                try move("spans.db-wal.saved", "spans.db-wal")
                try await SQLiteSpanStore.open(path: path, mode: .readWrite).close()
            }
            #expect(try await spans(path) == 1)
            for suffix in ["", "-wal", "-shm"] { try remove(suffix) }
        }
    }

    @Test func `where the file was written to since, the log is copied for whoever has the file as it was`()
        async throws
    {
        let store = try await open()
        let log = try bytes("-wal")
        let old = try bytes()
        try remove("-wal")
        try remove("-shm")
        try leaveTraceOfReader()
        let other = old + Data(count: 4096)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(count: 4096))
        try file.close()
        let words = await refusal(store)
        #expect(words.contains("\(path)-wal.lost"), "\(words)")
        await store.close()
        #expect(try bytes() == other)
        #expect(try bytes("-wal.lost") == log)
    }

    @Test func `a store that lost nothing, or was given back what it lost, tells of no loss`() async throws {
        let store = try await open()
        try move("spans.db-wal", "aside")
        _ = await refusal(store)
        try move("aside", "spans.db-wal")
        try await store.append([batch(trace: 2)])
        await store.close()
        #expect(store.takeLoss() == nil)
        #expect(try await spans(path) == 2)
    }
}

/// Holds the memory that processes share as another process does that has the file open: by a lock that is not this process's.
private final class OtherProcess {
    private var descriptor: Int32

    init(sharing memory: String) throws {
        descriptor = unsafe Glibc.open(memory, O_RDWR | O_CLOEXEC)
        var lock = flock(l_type: Int16(F_RDLCK), l_whence: Int16(SEEK_SET), l_start: 128, l_len: 1, l_pid: 0)
        // Proof: the pointer is to a local that lives through the call. 37 is F_OFD_SETLK.
        let code = unsafe fcntl(descriptor, 37, &lock)
        try #require(code == 0)
    }

    func leave() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    deinit { leave() }
}
