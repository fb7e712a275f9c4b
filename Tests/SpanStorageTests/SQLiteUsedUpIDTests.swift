import SpanModel
import Testing

@testable import SpanStorage
@testable import SpanStorageSQLite

/// Ids that only damage can have used up.
@Suite struct SQLiteUsedUpIDTests {
    typealias Damage = SQLiteDamageTests

    let folder = try! TemporaryFolder()

    @Test(arguments: ["run", "trace_segment", "deleted_trace"])
    func `ids that are used up are no full disk, and the check sees them coming`(table: String) async throws {
        for sequence in [Int64.max, 1 << 62, 1 << 47] {
            let path = folder.file("\(sequence).db")
            var store = try await Damage.open(path, maxMergedReports: 1)
            try await store.append([Damage.batch("a", [Damage.span(1, 1, Damage.now)])])
            await store.close()
            do {
                let connection = try Connection(path: path, mode: .readWrite)
                try connection.execute(
                    """
                    DELETE FROM sqlite_sequence WHERE name = '\(table)';
                    INSERT INTO sqlite_sequence VALUES ('\(table)', \(sequence))
                    """)
            }
            store = try await Damage.open(path, maxMergedReports: 1)
            let faults = try await store.check().faults
            #expect(faults.contains { $0.contains("sqlite_sequence") }, "\(sequence): \(faults)")
            var thrown: SpanStoreError?
            do throws(SpanStoreError) {
                switch table {
                case "run": try await store.append([Damage.batch("a", [Damage.span(2, 1, Damage.now)])])
                case "deleted_trace": try await store.deleteTrace(TraceID(high: 5, low: 1), nowUnixNano: Damage.now)
                default:
                    for trace in UInt64(0)..<16 {
                        let span = Damage.span(trace + 10, 1, Damage.now + Damage.hour)
                        try await store.append([Damage.batch("a", [span])])
                    }
                    try await store.compact()
                }
            } catch {
                thrown = error
            }
            await store.close()
            // Its ids have no parts, which would need 16 bits more.
            if table == "deleted_trace", sequence != .max { continue }
            #expect(thrown?.code == .corrupt && thrown?.mayPass == false, "\(sequence): \(String(describing: thrown))")
            #expect(thrown?.message.contains("table \(table) has used up its ids") == true)
        }
    }
}
