import Foundation
import SpanModel
import SpanStorage
import SpanStorageSQLite
import Testing

/// One file under several names, and files that are left of creations.
@Suite struct SQLiteNamesTests {
    let folder = try! TemporaryFolder()
    private let modes: [SQLiteSpanStore.Mode] = [.readWrite, .readOnly]

    private var path: String { folder.file("spans.db") }

    private func make() async throws {
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        try await store.append([batch(trace: 1)])
        await store.close()
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test func `a file with a second name is refused by way of both, in words that say what to do, and left as it was`()
        async throws
    {
        try await make()
        try FileManager.default.linkItem(atPath: path, toPath: folder.file("other.db"))
        let before = try names()
        for name in ["spans.db", "other.db"] {
            for mode in modes {
                let error = await #expect(throws: SpanStoreError.self) {
                    try await SQLiteSpanStore.open(path: folder.file(name), mode: mode)
                }
                #expect(error?.code == .cannotOpen)
                #expect(error?.message.contains("2 names (hard links)") == true, "\(String(describing: error))")
                #expect(error?.message.contains("copy it") == true)
            }
        }
        #expect(try names() == before)
        try FileManager.default.removeItem(atPath: folder.file("other.db"))
        for mode in modes { try await SQLiteSpanStore.open(path: path, mode: mode).close() }
    }

    @Test func `a second name that is there for a moment, as while a backup is made, keeps nobody out`() async throws {
        try await make()
        for mode in modes {
            let other = folder.file("other.db")
            try FileManager.default.linkItem(atPath: path, toPath: other)
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(100)) {
                try? FileManager.default.removeItem(atPath: other)
            }
            try await SQLiteSpanStore.open(path: path, mode: mode).close()
        }
    }

    @Test func `a symbolic link is no second name`() async throws {
        try await make()
        try FileManager.default.createSymbolicLink(atPath: folder.file("link.db"), withDestinationPath: path)
        let first = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        let second = try await SQLiteSpanStore.open(path: folder.file("link.db"), mode: .readWrite)
        try await first.append([batch(trace: 2)])
        try await second.append([batch(trace: 3)])
        await first.close()
        await second.close()
        let reader = try await SQLiteSpanStore.open(path: folder.file("link.db"), mode: .readOnly)
        #expect(try await reader.search(SpanQuery()).count == 3)
        await reader.close()
        #expect(try !names().contains("link.db-wal"))
    }

    @Test func `the name that a killed creation left keeps nobody out, and whoever writes takes it away`() async throws
    {
        for left in ["spans.db.4711.new", "spans.db.00ff00ff00ff00ff.new"] {
            try await make()
            try FileManager.default.linkItem(atPath: path, toPath: folder.file(left))
            try await SQLiteSpanStore.open(path: path, mode: .readOnly).close()
            #expect(try names().contains(left))
            try await SQLiteSpanStore.open(path: path, mode: .readWrite).close()
            #expect(try !names().contains(left))
            for name in try names() { try FileManager.default.removeItem(atPath: folder.file(name)) }
        }
    }

    @Test func `what a killed creation left goes when it is old, and what may be somebody's stays`() async throws {
        func write(_ name: String, _ bytes: [UInt8], isOld: Bool = true) throws {
            let file = try folder.write(bytes, to: name)
            guard isOld else { return }
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: file)
        }
        let number = "0123456789abcdef"
        for suffix in ["", "-journal", "-wal", "-shm"] { try write("spans.db.\(number).new\(suffix)", [1]) }
        try write("spans.db.77.new", [])
        let staying = [
            "spans.db.78.new", "spans.db.fedcba9876543210.new", "spans.db.\(number)0.new", "spans.db.mine.new",
            "spans.db.new",
            "spans.dbx.\(number).new", "spans.db.\(number).news",
        ]
        for name in staying { try write(name, [1], isOld: !name.contains("fedcba")) }
        try FileManager.default.createDirectory(
            atPath: folder.file("spans.db.aaaaaaaaaaaaaaaa.new"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("spans.db.bbbbbbbbbbbbbbbb.new"), withDestinationPath: "nowhere")
        try await make()
        let expected =
            staying + [
                "spans.db", "spans.db-shm", "spans.db-wal", "spans.db.aaaaaaaaaaaaaaaa.new",
                "spans.db.bbbbbbbbbbbbbbbb.new",
            ]
        #expect(try names() == expected.sorted())
    }

    @Test func `many who make one file at a time have one store`() async throws {
        for round in 1...5 {
            let path = folder.file("round\(round).db")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in UInt64(1)...6 {
                    group.addTask {
                        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
                        try await store.append([batch(trace: number)])
                        await store.close()
                    }
                }
                try await group.waitForAll()
            }
            let reader = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
            #expect(try await reader.search(SpanQuery()).count == 6)
            await reader.close()
        }
    }
}
