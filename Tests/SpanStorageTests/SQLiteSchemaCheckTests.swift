import Foundation
import SpanModel
import Testing

@testable import SpanStorage
@testable import SpanStorageSQLite

/// `store check` looks at all that is in the file, not at spans alone.
@Suite struct SQLiteSchemaCheckTests {
    let folder = try! TemporaryFolder()

    /// What the check says of a store with a sender and a deletion, after `sql`.
    private func faults(after sql: String) async throws -> [String] {
        let path = folder.file("spans.db")
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        try await store.append([batch(trace: 1, count: 3, sender: SenderID(high: 1, low: 2), sequence: 4)])
        try await store.deleteTrace(TraceID(high: 9, low: 9), nowUnixNano: 5)
        await store.close()
        do {
            let connection = try Connection(path: path, mode: .readWrite)
            try connection.execute(sql)
        }
        let damaged = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        let faults = try await damaged.check().faults
        await damaged.close()
        return faults
    }

    @Test(
        arguments: [
            ("DROP VIEW senders", "view senders is missing"),
            ("DROP VIEW blocks; CREATE VIEW blocks AS SELECT 1", "view blocks is not the one"),
            ("ALTER TABLE sender_drop ADD COLUMN more", "table sender_drop is not the one"),
            ("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM block; END", "trigger t is none of"),
            ("UPDATE sender SET stored_sequence = -1", "row 1 of table sender: stored_sequence"),
            ("UPDATE sender SET id = x'01'", "row 1 of table sender: id is none"),
            ("UPDATE sender SET agent = 7", ""), ("UPDATE sender SET agent = x'41'", "agent is no text"),
            ("INSERT INTO sender_drop VALUES (x'05', 'late', 1)", "1 rows of sender_drop belong to no sender"),
            (
                "INSERT INTO sender_drop SELECT id, 'late', 1.5 FROM sender",
                "row 1 of table sender_drop: spans is no unsigned number"
            ),
            ("UPDATE deleted_trace SET trace_id = x'00'", "row 1 of table deleted_trace: trace_id is none"),
            ("UPDATE deleted_trace SET deleted_at_unix_nano = 'x'", "deleted_at_unix_nano is no unsigned number"),
            ("DELETE FROM run_service", "table run_service has not all spans of run 1"),
            ("UPDATE run SET kind = 7", "row 1 of table run: kind is none"),
            ("UPDATE run SET min_start = 5000", "row 1 of table run: min_start is behind max_start"),
            ("UPDATE run SET trace_segment = 3", "run 1 and trace_segment do not know each other"),
            ("UPDATE block SET reports = 5", "run 1 is not the sum of its blocks"),
        ])
    func `what is wrong with the schema and with rows that are no spans is told`(sql: String, words: String)
        async throws
    {
        let faults = try await faults(after: sql)
        if words.isEmpty {
            #expect(faults == [])
        } else {
            #expect(faults.contains { $0.contains(words) }, "\(faults)")
        }
    }

    @Test func `what somebody added for himself is no fault`() async throws {
        #expect(
            try await faults(
                after:
                    "CREATE INDEX mine ON run (level); CREATE VIEW own AS SELECT * FROM run; CREATE TABLE notes (x); ANALYZE"
            ) == [])
    }
}
