import Foundation
import SpanModel
import SpanStorage
import Testing

@testable import SpanStorageSQLite

/// Rows of `collector`, `sender_connection` and the presence in `sender` that hold something else than they should.
@Suite struct SQLitePresenceDamageTests {
    let folder = try! TemporaryFolder()

    static let now: UInt64 = 1_000_000_000_000
    static let sender = SenderID(high: 1, low: 1)
    static let lease = CollectorLease(collector: CollectorID(rawValue: 5), renewedAtUnixNano: now)

    /// What no column of a time may hold.
    static let odd = [
        "'zzz'", "''", "NULL", "x'00'", "-1", "1.5", "9e99", "'1'", "'00000000000000000001'", "'99999999999999999999'",
    ]

    static let times: [(table: String, column: String)] = [
        ("collector", "holds_from_unix_nano"), ("collector", "lapses_at_unix_nano"),
        ("sender_connection", "since_unix_nano"), ("sender", "presence_since_unix_nano"),
    ]

    /// A store with one sender that is connected, and nothing else.
    private func makeStore() async throws -> String {
        let path = folder.file("spans.db")
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        try await store.note(
            [SenderChange(sender: Self.sender, agent: "a/1", presence: .connected, atUnixNano: Self.now)],
            by: Self.lease)
        await store.close()
        return path
    }

    /// Sets a column of every row, whatever the schema says of it.
    private func set(_ table: String, _ column: String, _ value: String, _ path: String) throws {
        let connection = try Connection(path: path, mode: .readWrite)
        defer { connection.close() }
        try connection.execute("PRAGMA foreign_keys = OFF")
        guard value == "NULL" else { return try connection.execute("UPDATE \(table) SET \(column) = \(value)") }
        // As in a file in which a bit of the schema is another.
        try connection.execute("PRAGMA writable_schema = ON")
        try connection.execute(
            """
            UPDATE sqlite_schema SET sql = replace(replace(
                sql, '\(column) NOT NULL', '\(column)'), '\(column) INTEGER NOT NULL', '\(column) INTEGER')
            WHERE name = '\(table)'
            """)
        try connection.execute("PRAGMA writable_schema = RESET")
        try connection.execute("UPDATE \(table) SET \(column) = NULL")
    }

    private func presence(_ path: String, at time: UInt64) async throws -> SenderPresence {
        let store = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        do {
            let found = try await store.senders(nowUnixNano: time)
            await store.close()
            return try #require(found.first).presence
        } catch {
            await store.close()
            throw error
        }
    }

    private func faults(_ path: String) async throws -> [String] {
        let store = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        let check = try await store.check()
        await store.close()
        return check.faults
    }

    @Test(arguments: odd)
    func `a time that is none makes nobody connected: it is an error to who asks and for the check`(value: String)
        async throws
    {
        for (table, column) in Self.times {
            let path = try await makeStore()
            #expect(try await presence(path, at: Self.now) == .connected)
            try set(table, column, value, path)
            for time in [0, Self.now, .max] {
                let error = await #expect(throws: SpanStoreError.self) { try await presence(path, at: time) }
                #expect(error?.code == .corrupt, "\(table).\(column) = \(value): \(String(describing: error))")
                #expect(
                    error.map { $0.message.contains(table) && $0.message.contains(column) } == true,
                    "\(table).\(column) = \(value): \(String(describing: error))")
            }
            let faults = try await faults(path)
            #expect(faults.contains { $0.contains(table) && $0.contains(column) }, "\(table).\(column): \(faults)")
            try removeStore(path)
        }
    }

    @Test(arguments: ["0", "9223372036854775807", "'18446744073709551615'"])
    func `any number that a time may be is none of a damaged row`(value: String) async throws {
        for (table, column) in Self.times {
            let path = try await makeStore()
            try set(table, column, value, path)
            _ = try await presence(path, at: Self.now)
            #expect(try await faults(path) == [])
            try removeStore(path)
        }
    }

    @Test(arguments: odd + ["4", "'connected'"])
    func `a presence that is none is an error, also of a sender that is connected`(value: String) async throws {
        // The column has a type, for which SQLite makes numbers of these.
        if ["'1'", "'00000000000000000001'"].contains(value) { return }
        let path = try await makeStore()
        try set("sender", "presence", value, path)
        let error = await #expect(throws: SpanStoreError.self) { try await presence(path, at: Self.now) }
        #expect(error?.code == .corrupt && error?.message.contains("presence") == true)
        #expect(try await faults(path).contains { $0.contains("presence") })
    }

    @Test(arguments: odd)
    func `a connection of or to nobody is an error for the check, and makes nobody connected`(value: String)
        async throws
    {
        for column in ["sender_id", "collector_id"] where value != "NULL" {
            let path = try await makeStore()
            try set("sender_connection", column, value, path)
            if let found = try? await presence(path, at: Self.now) { #expect(found != .connected) }
            #expect(try await faults(path).contains { $0.contains("sender_connection") }, "\(column) = \(value)")
            try removeStore(path)
        }
    }

    @Test(arguments: odd)
    func `a collector that goes on, or another, mends what is damaged of its own and clears a lease that is none`(
        value: String
    ) async throws {
        for column in ["holds_from_unix_nano", "lapses_at_unix_nano"] {
            let path = try await makeStore()
            try set("collector", column, value, path)
            let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
            let other = CollectorLease(collector: CollectorID(rawValue: 6), renewedAtUnixNano: Self.now)
            try await store.note([], by: other)
            #expect(try await store.senders(nowUnixNano: Self.now).map(\.presence) == [.gone], "\(column) = \(value)")
            await store.close()
            // Where nothing may be, the schema is damaged too.
            if value != "NULL" { #expect(try await faults(path) == []) }
            try removeStore(path)
        }
    }

    private func removeStore(_ path: String) throws {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }
}
