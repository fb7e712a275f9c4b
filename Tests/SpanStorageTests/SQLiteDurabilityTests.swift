import Foundation
import SpanModel
import SpanStorage
import SpanStorageSQLite
import SpanStorageTesting
import Testing

@Suite struct SQLiteDurabilityTests {
    let folder = try! TemporaryFolder()

    /// What a crash at this moment leaves: the files as they are, without the memory shared between processes.
    func crashCopy(_ name: String) throws -> String {
        for suffix in ["", "-wal"] {
            let source = folder.file("spans.db" + suffix)
            guard FileManager.default.fileExists(atPath: source) else { continue }
            try FileManager.default.copyItem(atPath: source, toPath: folder.file(name + suffix))
        }
        return folder.file(name)
    }

    @Test func `after a crash every group whose append returned is there, once, with its sequence`() async throws {
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite)
        let sender = SenderID(high: 1, low: 1)
        for number in UInt64(1)...30 {
            try await store.append([batch(trace: number, count: 20, sender: sender, sequence: number)])
            // The copy is made while the writer holds the file, as after a kill.
            guard number % 6 == 0 else { continue }
            let copy = try crashCopy("crash-\(number).db")
            for mode in [.readOnly, .readWrite] as [SQLiteSpanStore.Mode] {
                let survivor = try await SQLiteSpanStore.open(path: copy, mode: mode)
                #expect(try await survivor.storedSequence(of: sender) == number)
                #expect(try await survivor.search(SpanQuery(limit: 10_000)).count == Int(number) * 20)
                await survivor.close()
            }
        }
        await store.close()
    }

    @Test func `what is appended after the file was deleted is refused, not written where nobody finds it`()
        async throws
    {
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite)
        try await store.append([batch(trace: 1)])
        try FileManager.default.moveItem(atPath: folder.file("spans.db"), toPath: folder.file("elsewhere.db"))
        let error = await #expect(throws: SpanStoreError.self) { try await store.append([batch(trace: 2)]) }
        #expect(error?.code == .ioFailed)
        try FileManager.default.moveItem(atPath: folder.file("elsewhere.db"), toPath: folder.file("spans.db"))
        try await store.append([batch(trace: 3)])
        #expect(try await store.search(SpanQuery()).count == 2)
        await store.close()
    }

    @Test func `a log that is cut anywhere loses whole groups from its end and nothing else`() async throws {
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite)
        let sender = SenderID(high: 1, low: 1)
        for number in UInt64(1)...5 {
            try await store.append([batch(trace: number, count: 20, sender: sender, sequence: number)])
        }
        let log = try Data(contentsOf: URL(fileURLWithPath: folder.file("spans.db-wal")))
        var generator = SeededGenerator(seed: seed)
        var sequences: Set<UInt64> = []
        for _ in 0..<25 {
            // The file itself is no store before the log was folded in once, so the cut starts behind its creation.
            let length = Int.random(in: log.count / 2...log.count, using: &generator)
            let copy = try crashCopy("torn-\(length).db")
            try log.prefix(length).write(to: URL(fileURLWithPath: copy + "-wal"))
            let survivor = try await SQLiteSpanStore.open(path: copy, mode: .readWrite)
            let sequence = try await survivor.storedSequence(of: sender)
            #expect(try await survivor.search(SpanQuery(limit: 10_000)).count == Int(sequence) * 20)
            sequences.insert(sequence)
            await survivor.close()
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: copy + suffix) }
        }
        #expect(sequences.count > 1)
        await store.close()
    }

    @Test func `a full file refuses the group, keeps what it had and goes on answering`() async throws {
        let path = folder.file("spans.db")
        let options = SQLiteSpanStore.Options(maxFileBytes: 200_000)
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite, options: options)
        let sender = SenderID(high: 1, low: 1)
        var stored: UInt64 = 0
        var code: SpanStoreError.Code?
        while code == nil && stored < 10_000 {
            do throws(SpanStoreError) {
                try await store.append([batch(trace: stored + 1, count: 50, sender: sender, sequence: stored + 1)])
                stored += 1
            } catch {
                code = error.code
            }
        }
        #expect(code == .diskFull)
        #expect(stored > 0)
        #expect(try await store.storedSequence(of: sender) == stored)
        #expect(try await store.services().map(\.spans) == [stored * 50])
        await store.close()

        let roomier = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        try await roomier.append([batch(trace: stored + 1, count: 50, sender: sender, sequence: stored + 1)])
        #expect(try await roomier.storedSequence(of: sender) == stored + 1)
        await roomier.close()
    }

    @Test func `two writers of one file store what each of them was given`() async throws {
        let path = folder.file("spans.db")
        let first = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        let second = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        for number in UInt64(1)...10 {
            async let one = first.append([batch(trace: number, count: 3)])
            async let two = second.append([batch(trace: number, count: 5)])
            _ = try await (one, two)
        }
        #expect(try await first.search(SpanQuery()).count == 50)
        await first.close()
        await second.close()
    }
}
