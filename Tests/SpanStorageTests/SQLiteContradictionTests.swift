import Foundation
import SpanMerge
import SpanModel
import Testing

@testable import SpanBlocks
@testable import SpanStorage
@testable import SpanBlockStore
@testable import SpanStorageSQLite
@testable import SpanStorageTesting

/// Rows that could each stand in a store, and contradict others: what is answered is what was answered before, or an error;
/// the check names them; and retention removes nothing that it would not have removed.
@Suite struct SQLiteContradictionTests {
    typealias Damage = SQLiteDamageTests

    let folder = try! TemporaryFolder(
        in: FileManager.default.isWritableFile(atPath: "/dev/shm")
            ? "/dev/shm" : FileManager.default.temporaryDirectory.path)

    /// Two merged runs of several blocks and chunks, in an hour each; sixteen runs with one index; whole and loose ones.
    private func makeStore() async throws -> String {
        let path = folder.file("sound.db")
        var store = try await Damage.open(path, maxMergedReports: 65_536)
        for hour in UInt64(1)...2 {
            for part in UInt64(0)..<3 {
                let traces = 10_000 * hour + part * 230..<10_000 * hour + (part + 1) * 230
                let spans = traces.flatMap { trace in
                    let start = Damage.now - (3 - hour) * Damage.hour + (trace - 10_000 * hour) * 5_000_000
                    return [
                        Damage.span(trace, 1, start, kind: .client),
                        Damage.span(trace, 2, start + trace % 7, kind: .server),
                    ]
                }
                try await store.append([Damage.batch("service-\(part)", spans)])
            }
        }
        try await store.compact()
        await store.close()
        store = try await Damage.open(path, maxMergedReports: 30)
        for run in UInt64(0)..<16 {
            let spans = (run * 40..<(run + 1) * 40).map { Damage.span(100 + $0, 1, Damage.now + 1_000_000 * $0) }
            try await store.append([Damage.batch("segment", spans)])
        }
        try await store.compact()
        // A whole span in the place of one that is there, and a loose one.
        try await store.append([
            Damage.batch("segment", [Damage.span(100, 1, Damage.now, end: Damage.now + 90_000_000)])
        ])
        try await store.compact()
        let second = Damage.now - Damage.hour
        try await store.append([
            Damage.batch("service-0", [Damage.span(20_003, 1, second + 10, end: second + 80_000_000, kind: .client)])
        ])
        await store.close()
        return path
    }

    private func copy(_ sound: String, _ sql: String) throws -> String {
        let path = folder.file("case.db")
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        try FileManager.default.copyItem(atPath: sound, toPath: path)
        let connection = try Connection(path: path, mode: .readWrite)
        try connection.execute("PRAGMA synchronous = OFF; BEGIN; \(sql); COMMIT")
        connection.close()
        return path
    }

    private static let traces: [UInt64] = [100, 377, 739, 10_001, 10_300, 10_689, 20_000, 20_003, 20_511]

    /// Swaps a column of two rows.
    private static func swap(_ table: String, _ column: String, _ one: String, _ other: String) -> String {
        """
        CREATE TEMP TABLE swapped AS SELECT (\(one)) AS one, (\(other)) AS other,
            (SELECT \(column) FROM \(table) WHERE id = (\(one))) AS first,
            (SELECT \(column) FROM \(table) WHERE id = (\(other))) AS second;
        UPDATE \(table) SET \(column) = (SELECT second FROM swapped) WHERE id = (SELECT one FROM swapped);
        UPDATE \(table) SET \(column) = (SELECT first FROM swapped) WHERE id = (SELECT other FROM swapped);
        DROP TABLE swapped
        """
    }

    /// What is done to runs that are merged: the first and the second.
    private static let first = "SELECT min(id) FROM run WHERE level = 1 AND kind = 0"
    private static let second = "SELECT max(id) FROM run WHERE level = 1 AND kind = 0"

    private static var swaps: [String] {
        let (one, two) = ("(\(first)) << 16", "(\(first)) << 16 | 1")
        let other = "(\(second)) << 16"
        let segment = "(SELECT max(id) FROM trace_segment) << 16"
        return [
            swap("block_data", "data", one, two), swap("block_data", "data", one, other),
            swap("block", "min_start", one, two), swap("block", "max_start", one, two),
            swap("span_columns", "data", one, other),
            swap("trace_index", "entries", one, two), swap("trace_index", "entries", one, other),
            swap("trace_segment_index", "entries", segment, "\(segment) | 1"),
            swap("run", "bytes", first, second),
            swap("run", "min_start", first, second), swap("run", "max_start", first, second),
        ]
    }

    private static var chunks: [String] {
        let own = "trace_index WHERE id >> 16 = (\(first))"
        func change(_ entries: String, _ condition: String = "1") -> [String] {
            [
                "UPDATE trace_index SET entries = \(entries) WHERE id >> 16 = (\(first)) AND \(condition)",
                "UPDATE trace_segment_index SET entries = \(entries) WHERE \(condition)",
            ]
        }
        return change("x''") + change("x''", "id & 65535 = 0")
            + change("zeroblob(length(entries))", "id & 65535 > 0") + onlyChecked
            + change("substr(entries, 1, length(entries) / 84 * 42)")
            + change("CAST(entries || entries AS BLOB)")
            + [
                "UPDATE trace_index SET entries = x'' WHERE id >> 16 = (SELECT max(id) FROM run)",
                "INSERT INTO trace_index SELECT max(id) + 1, entries FROM \(own)",
                "INSERT INTO trace_segment_index SELECT max(id) + 1, entries FROM trace_segment_index",
                "DELETE FROM trace_index WHERE id = (SELECT max(id) FROM \(own))",
                "DELETE FROM trace_segment_index WHERE id = (SELECT max(id) FROM trace_segment_index)",
                "UPDATE run SET trace_chunks = 1 WHERE id = (\(first))",
                "UPDATE run SET trace_chunks = trace_chunks + 1 WHERE id = (\(first))",
                "UPDATE trace_segment SET chunks = 1", "UPDATE trace_segment SET chunks = chunks + 1",
                """
                UPDATE trace_segment
                SET runs = substr(runs, instr(runs, ',') + 1) || ',' || substr(runs, 1, instr(runs, ',') - 1)
                """,
                "UPDATE run SET term_bits = term_bits - 1 WHERE id = (\(first))",
                "UPDATE run SET term_bits = 1 WHERE id = (\(first))",
                "UPDATE term_index SET slices = substr(slices, 1, length(slices) - 1)",
                "UPDATE term_index SET slices = CAST(slices || x'00' AS BLOB)",
            ]
    }

    /// What only the check tells: entries of right form that are of other traces. A first chunk of zeros could be that of many
    /// traces of the hash 0, which whoever sends spans can make.
    private static let onlyChecked = ["trace_index", "trace_segment_index"].map {
        "UPDATE \($0) SET entries = zeroblob(length(entries)) WHERE id & 65535 = 0"
    }

    private static var statistics: [String] {
        let columns = [
            "kind", "blocks", "spans", "reports", "raw_bytes", "bytes", "from_start", "to_start", "min_start",
            "max_start",
            "min_duration", "max_duration",
        ]
        var all: [String] = []
        for change in ["+ 1", "- 1"] {
            for column in columns { all.append("UPDATE run SET \(column) = \(column) \(change) WHERE id = (\(first))") }
            for column in columns.suffix(4) + ["spans", "reports"] {
                all.append("UPDATE block SET \(column) = \(column) \(change) WHERE id = (\(second)) << 16 | 1")
            }
        }
        all.append("UPDATE run SET flags = flags | 2 WHERE id = (\(first))")
        all.append("UPDATE block SET flags = flags | 2 WHERE id = (\(first)) << 16")
        all.append("UPDATE run SET kind = 0 WHERE kind = 1")
        all.append("UPDATE run SET kind = 2 WHERE kind = 1")
        all.append("UPDATE run SET kind = 0 WHERE kind = 2")
        // The newest hour as if it were the oldest.
        all.append("UPDATE run SET min_start = 1, max_start = 2, from_start = 1, to_start = 2 WHERE id = (\(second))")
        all.append("UPDATE run SET bytes = 1")
        all.append("UPDATE run SET bytes = 1 << 30")
        return all
    }

    private static var rows: [String] {
        var all: [String] = []
        for table in ["block", "block_data", "term_index", "trace_index", "span_columns"] {
            all.append("DELETE FROM \(table) WHERE id = (\(first)) << 16")
            let columns = [
                "block": "spans, reports, min_start, max_start, min_duration, max_duration, flags",
                "block_data": "data", "term_index": "slices", "trace_index": "entries", "span_columns": "blocks, data",
            ]
            let list = columns[table] ?? ""
            for place in ["(\(first)) << 16 | 60000", "99 << 16"] {
                all.append("INSERT INTO \(table) SELECT \(place), \(list) FROM \(table) WHERE id = (\(first)) << 16")
            }
        }
        all += ["run", "trace_segment"].map { "DELETE FROM \($0) WHERE id = (SELECT max(id) FROM \($0))" }
        all += ["DELETE FROM run WHERE id = (\(first))", "DELETE FROM run WHERE id = (\(second))"]
        all += ["DELETE FROM run_service WHERE run_id = (\(first))"]
        return all
    }

    @Test(arguments: ["swaps", "chunks", "statistics", "rows"])
    func `rows that contradict others are errors or change no answer, are named by the check, and remove nothing young`(
        kind: String
    ) async throws {
        let sound = try await makeStore()
        let connection = try Connection(path: sound, mode: .readOnly)
        for (what, sql) in [
            ("a run with several blocks", "run WHERE id = (\(Self.first)) AND blocks >= 3 AND trace_chunks >= 2"),
            ("another", "run WHERE id = (\(Self.second)) AND id <> (\(Self.first)) AND blocks >= 3"),
            ("columns", "span_columns WHERE id >> 16 = (\(Self.first))"),
            ("a segment", "trace_segment WHERE chunks >= 2"),
            ("a whole run", "run WHERE kind = 2"), ("a loose run", "run WHERE kind = 1"),
        ] {
            #expect(try connection.integer("SELECT count(*) FROM \(sql)") > 0, "no \(what) in the store")
        }
        connection.close()
        let expected = try await Self.looks(sound)
        #expect(expected.faults == [])
        let cases =
            switch kind {
            case "swaps": Self.swaps
            case "chunks": Self.chunks
            case "statistics": Self.statistics
            default: Self.rows
            }
        // Nothing but the damage decides what retention removes.
        for policy in try Self.policies(sound) {
            try await expectYoungStays(try copy(sound, "SELECT 1"), policy, "sound")
        }
        for sql in cases {
            let path = try copy(sound, sql)
            let found = try await Self.looks(path)
            #expect(found.faults != [], "the check finds nothing: \(sql)")
            let differences = found.answers.differences(from: expected.answers)
            #expect(differences == [] || Self.onlyChecked.contains(sql), "\(sql) \(differences)")
            for policy in try Self.policies(path) {
                try await expectYoungStays(try copy(sound, sql), policy, sql)
            }
        }
    }

    private static func looks(_ path: String) async throws -> (faults: [String], answers: Damage.Answers) {
        let store = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        let found = (try await store.check().faults, try await Damage.answers(store, traces: traces))
        await store.close()
        return found
    }

    private static func policies(_ path: String) throws -> [RetentionPolicy] {
        [RetentionPolicy(maxAgeNano: Damage.hour), RetentionPolicy(maxBytes: try usedBytes(path) - 4096)]
    }

    private static func usedBytes(_ path: String) throws -> UInt64 {
        let connection = try Connection(path: path, mode: .readOnly)
        defer { connection.close() }
        let pages = try connection.integer("PRAGMA page_count") - connection.integer("PRAGMA freelist_count")
        return UInt64(pages * (try connection.integer("PRAGMA page_size")))
    }

    /// What is in the second hour and later stays, whatever is said of it.
    private func expectYoungStays(_ path: String, _ policy: RetentionPolicy, _ sql: String) async throws {
        let connection = try Connection(path: path, mode: .readOnly)
        let first = try connection.integer("SELECT max(run_id) FROM run_service WHERE service = 'service-2'")
        func young() throws -> Int64 {
            try connection.integer("SELECT count(*) FROM block_data WHERE id >= \(first << 16)")
        }
        let before = try young()
        guard let store = try? await Damage.open(path, maxMergedReports: 30) else { return }
        _ = try? await store.enforce(policy, nowUnixNano: Damage.now)
        await store.close()
        let after = try young()
        #expect(after >= before, "\(policy): \(sql)")
        connection.close()
    }

    @Test(arguments: ["x''", "zeroblob(length(entries))"])
    func `with an index of traces that lacks traces no report is taken for the first of its span, and that is told`(
        entries: String
    ) async throws {
        let path = try copy(
            try await makeStore(),
            "UPDATE trace_index SET entries = \(entries) WHERE id >> 16 < (SELECT max(id) FROM run)")
        let store = try await Damage.open(path)
        // Of a span that is there.
        let start = Damage.now - 2 * Damage.hour + 300 * 5_000_000
        let span = Damage.span(10_300, 1, start, end: start + 70, kind: .client)
        try await store.append([Damage.batch("service-1", [span])])
        #expect(store.takeCompactionFailure()?.code == .corrupt)
        await store.close()
        let connection = try Connection(path: path, mode: .readOnly)
        #expect(try connection.integer("SELECT kind FROM run ORDER BY id DESC LIMIT 1") == RunKind.loose.rawValue)
    }

    @Test func `an index of traces that lacks a trace, or has it elsewhere, deletes nothing and says so`() async throws
    {
        let sound = try await makeStore()
        for sql in [
            "UPDATE trace_index SET entries = x''", "UPDATE trace_segment_index SET entries = x''",
            """
            UPDATE trace_segment
            SET runs = substr(runs, instr(runs, ',') + 1) || ',' || substr(runs, 1, instr(runs, ',') - 1)
            """,
        ] {
            let store = try await Damage.open(try copy(sound, sql), maxMergedReports: 30)
            for trace in [100, 10_300] as [UInt64] {
                do throws(SpanStoreError) {
                    let removed = try await store.deleteTrace(TraceID(high: 5, low: trace), nowUnixNano: Damage.now)
                    #expect(removed > 0, "\(trace): \(sql)")
                } catch {
                    #expect(error.code == .corrupt)
                }
            }
            await store.close()
        }
    }
}
