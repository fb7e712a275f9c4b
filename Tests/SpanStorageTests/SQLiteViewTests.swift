import Foundation
import SpanModel
import SpanStorage
import SpanStorageSQLite
import SpanStorageTesting
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

    @Test func `the views tell what is stored: partitions, blocks, services, senders`() async throws {
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

    /// Up to 40 counts, many of them about the largest that SQLite's integers and this store's numbers have.
    private static func counts(_ random: inout SeededGenerator) -> [UInt64] {
        let edges: [UInt64] = [1, 9_999_999_999, 10_000_000_000, 1 << 62, 1 << 63 - 1, 1 << 63, .max - 1, .max]
        return (0..<Int.random(in: 1...40, using: &random)).map { _ in
            let small = UInt64.random(in: 1...1 << 59, using: &random)
            return Int.random(in: 0..<8, using: &random) == 0 ? edges.randomElement(using: &random) ?? 1 : small
        }
    }

    @Test func `the sum of a sender's drops is exact in SQL, and stays at the largest number`() async throws {
        var random = SeededGenerator(seed: seed)
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite)
        var all: [[UInt64]] = [[1 << 63 - 1], [1 << 63], [1 << 63 - 1, 1], [.max], [.max - 1, 1], [.max, 1]]
        for _ in 0..<60 { all.append(Self.counts(&random)) }
        var expected: [String] = []
        for (index, counts) in all.enumerated() {
            var incoming = batch(trace: 1, sender: SenderID(high: 1, low: UInt64(index + 1)), sequence: 1)
            incoming.dropped = counts.enumerated().map { DropCount(reason: "reason \($0)", spans: $1) }
            try await store.append([incoming])
            let sum = counts.reduce(UInt64(0)) { sum, count in
                let (more, overflow) = sum.addingReportingOverflow(count)
                return overflow ? .max : more
            }
            let digits = String(sum)
            expected.append(
                sum < 1 << 63
                    ? "integer \(digits)" : "text " + String(repeating: "0", count: 20 - digits.count) + digits)
        }
        await store.close()
        let found = try rows("SELECT typeof(dropped_spans), dropped_spans FROM senders ORDER BY sender_id", 2)
        #expect(found.map { "\($0[0] ?? "") \($0[1] ?? "")" } == expected, "SEED=\(seed)")
    }

    @Test func `times and durations beyond SQLite's integers are in the views what they are`() async throws {
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite)
        let starts: [UInt64] = [1000, 1 << 63 - 1, 1 << 63, .max]
        for (index, start) in starts.enumerated() {
            let span = SpanRecord(
                traceID: TraceID(high: 1, low: UInt64(index + 1)), spanID: SpanID(1), name: "work",
                startTimeUnixNano: start, endTimeUnixNano: start)
            let resource = Resource(attributes: [Attribute("service.name", "test")])
            let scope = ScopeSpans(scope: nil, spans: [span])
            var incoming = IncomingBatch(
                reports: SpanBatch(resourceSpans: [ResourceSpans(resource: resource, scopeSpans: [scope])]))
            incoming.receivedAtUnixNano = start
            try await store.append([incoming])
        }
        await store.close()
        #expect(try rows("SELECT * FROM services", 3) == [["test", "4", "18446744073709551615"]])
        #expect(
            try rows("SELECT min_start_unix_nano FROM blocks ORDER BY min_start_unix_nano", 1).map { $0[0] }
                == ["1000", "9223372036854775807", "09223372036854775808", "18446744073709551615"])
        #expect(
            try rows("SELECT sum(settled_spans), typeof(sum(bytes)), count(begins) FROM partitions", 3)
                .map { [$0[0], $0[1]] } == [["4", "integer"]])
        #expect(try rows("SELECT last_seen_unix_nano FROM senders", 1) == [["18446744073709551615"]])
    }

    @Test func `the view of senders knows by the clock whose collector's lease has lapsed`() async throws {
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite)
        let now = UInt64(Date().timeIntervalSince1970) * 1_000_000_000
        let lasting = CollectorLease(collector: .random(), renewedAtUnixNano: now, lengthNano: 3_600_000_000_000)
        // It never lapses, so that no note of the other one forgets it.
        let endless = CollectorLease(collector: .random(), renewedAtUnixNano: 5, lengthNano: .max)
        for (number, lease) in [(UInt64(2), endless), (1, lasting)] {
            let change = SenderChange(
                sender: SenderID(high: 1, low: number), presence: .connected, atUnixNano: lease.renewedAtUnixNano)
            try await store.note([change], by: lease)
        }
        try await store.note(
            [
                SenderChange(sender: SenderID(high: 1, low: 3), presence: .saidGoodbye, atUnixNano: now),
                SenderChange(sender: SenderID(high: 1, low: 4), presence: .gone, atUnixNano: now),
            ], by: lasting)
        try await store.append([batch(trace: 1, sender: SenderID(high: 1, low: 5), sequence: 1)])
        let sql = "SELECT presence FROM senders ORDER BY sender_id"
        let others = ["said_goodbye", "gone", "unknown"]
        #expect(try rows(sql, 1).map { $0[0] } == ["connected", "connected"] + others)
        // What is left of a collector that was killed long ago.
        let outside = try Connection(path: folder.file("spans.db"), mode: .readWrite)
        try outside.execute("UPDATE collector SET lapses_at_unix_nano = \(now - 1) WHERE holds_from_unix_nano = 0")
        #expect(try rows(sql, 1).map { $0[0] } == ["connected", "gone"] + others)
        #expect(
            try await store.senders(nowUnixNano: now).map(\.presence)
                == [.connected, .gone, .saidGoodbye, .gone, .unknown])
        outside.close()
        await store.close()
    }
}
