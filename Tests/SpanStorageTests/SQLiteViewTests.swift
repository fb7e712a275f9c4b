import SpanModel
import SpanStorage
import SpanStorageSQLite
import Testing

@testable import SpanStorageSQLite

@Suite struct SQLiteViewTests {
    let folder = try! TemporaryFolder()

    /// The columns of the rows of a query, as text; `nil` for NULL.
    func rows(_ sql: String, _ columns: Int) throws -> [[String?]] {
        let connection = try Connection(path: folder.file("spans.db"), mode: .readOnly)
        let statement = try connection.prepare(sql)
        var rows: [[String?]] = []
        while try statement.step() {
            rows.append((0..<columns).map { statement.isNull($0) ? nil : statement.text($0) })
        }
        return rows
    }

    @Test("the views tell what is stored: partitions, blocks, services, senders")
    func views() async throws {
        let options = SQLiteSpanStore.Options(compactsInBackground: false)
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite, options: options)
        let hour: UInt64 = 3_600_000_000_000
        for number in UInt64(1)...3 {
            var incoming = batch(trace: number, count: 5, sender: SenderID(high: 1, low: 1), sequence: number)
            incoming.agent = "test/1"
            incoming.receivedAtUnixNano = hour + number
            try await store.append([incoming])
        }
        #expect(
            try rows("SELECT kind, spans, reports FROM blocks", 3) == Array(repeating: ["settled", "5", "5"], count: 3))
        try await store.compact()
        await store.close()
        #expect(
            try rows("SELECT kind, spans, reports, min_start_unix_nano, max_start_unix_nano FROM blocks", 5)
                == [["settled", "15", "15", "1000", "1000"]])
        #expect(
            try rows("SELECT partition, begins, runs, blocks, settled_spans, loose_reports FROM partitions", 6)
                == [["0", "1970-01-01T00:00:00Z", "1", "1", "15", "0"]])
        #expect(try rows("SELECT * FROM services", 3) == [["test", "15", "1000"]])
        #expect(
            try rows("SELECT sender_id, agent, stored_sequence, stored_reports, presence FROM senders", 5)
                == [["00000000000000010000000000000001", "test/1", "3", "15", "unknown"]])
    }
}
