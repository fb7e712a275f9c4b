import Foundation
import SpanMerge
import SpanModel
import Testing

@testable import SpanStorage
@testable import SpanStorageSQLite
@testable import SpanStorageTesting

/// Whatever is in the rows of a store's file, it is answered with spans or with an error, and never traps.
///
/// `CASES=20000` tries more, `FIRST=17` begins there. A trap ends the process: which case it was stands in the file that the
/// test names first.
@Suite struct SQLiteDamageTests {
    /// In memory where it can be: a commit waits for the disk.
    let folder = try! TemporaryFolder(
        in: FileManager.default.isWritableFile(atPath: "/dev/shm")
            ? "/dev/shm" : FileManager.default.temporaryDirectory.path)

    static let hour: UInt64 = 3_600_000_000_000
    static let now: UInt64 = 495_996 * hour
    static let sender = SenderID(high: 3, low: 4)

    static func span(
        _ trace: UInt64, _ id: UInt64, _ start: UInt64, end: UInt64? = nil, kind: SpanKind = .server
    ) -> SpanRecord {
        SpanRecord(
            traceID: TraceID(high: 5, low: trace), spanID: SpanID(id), parentSpanID: id > 1 ? SpanID(id - 1) : .invalid,
            name: "work \(id % 3)", kind: kind, startTimeUnixNano: start, endTimeUnixNano: end ?? start + id * 1000,
            attributes: [Attribute("code", .int(Int64(id % 2))), Attribute("peer.service", "other")])
    }

    static func batch(
        _ service: String, _ spans: [SpanRecord], sender: SenderID = .none, sequence: UInt64 = 0
    ) -> IncomingBatch {
        let resource = Resource(attributes: [Attribute("service.name", .string(service))])
        let group = ResourceSpans(
            resource: resource, scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: "lib"), spans: spans)])
        return IncomingBatch(
            sender: sender, sequence: sequence, agent: "test/1", reports: SpanBatch(resourceSpans: [group]),
            dropped: sequence == 0 ? [] : [DropCount(reason: "queue_full", spans: sequence)],
            receivedAtUnixNano: now)
    }

    static func open(_ path: String, maxMergedReports: Int = 8) async throws(SpanStoreError) -> SQLiteSpanStore {
        var options = SQLiteSpanStore.Options(
            busyTimeoutMilliseconds: 100, memoryBytes: 4 << 20, compactsInBackground: false)
        options.maxMergedReports = maxMergedReports
        return try await SQLiteSpanStore.open(path: path, mode: .readWrite, options: options)
    }

    /// A store with runs of all kinds, a segment, columns, senders, drops and deletions, in three hours.
    private func makeStore() async throws -> String {
        let path = folder.file("sound.db")
        let store = try await Self.open(path)
        // Runs that are finished at once, and one index of their traces.
        for trace in UInt64(1)...17 {
            let spans = (UInt64(1)...4).map { Self.span(trace, $0, Self.now + trace * 1000 + $0) }
            try await store.append([
                Self.batch("service-\(trace % 3)", spans, sender: Self.sender, sequence: trace)
            ])
        }
        try await store.compact()
        // Merged, with columns.
        for trace in UInt64(20)...23 {
            let spans = (UInt64(1)...2).map { Self.span(trace, $0, Self.now - Self.hour + trace * 1000, kind: .client) }
            try await store.append([Self.batch("a", spans)])
        }
        for trace in UInt64(24)...26 {
            let spans = [Self.span(trace, 1, Self.now - 2 * Self.hour + trace, end: trace == 24 ? 0 : nil)]
            try await store.append([Self.batch("b", spans, sender: SenderID(high: 3, low: 5), sequence: trace)])
        }
        try await store.compact()
        // Of spans that are there: whole ones, and one that stays loose.
        try await store.append([
            Self.batch("service-1", [Self.span(1, 1, Self.now + 1001, end: Self.now + 9000)]),
            Self.batch("service-2", [Self.span(2, 1, Self.now + 2001, end: Self.now + 9000)]),
            Self.batch("elsewhere", [Self.span(3, 1, Self.now + 500)]),
        ])
        try await store.compact()
        try await store.append([
            Self.batch("service-1", [Self.span(4, 2, Self.now + 100)]),
            Self.batch("c", [Self.span(30, 1, Self.now + 7)]),
        ])
        try await store.append([Self.batch("c", [Self.span(31, 1, Self.now + 8, kind: .consumer)])])
        try await store.deleteTrace(TraceID(high: 9, low: 9), nowUnixNano: Self.now)
        try await store.deleteTrace(TraceID(high: 5, low: 17), nowUnixNano: Self.now)
        try await store.note(
            [SenderChange(sender: Self.sender, presence: .connected, atUnixNano: Self.now)], by: Self.lease)
        await store.close()
        return path
    }

    private static let lease = CollectorLease(collector: CollectorID(rawValue: 77), renewedAtUnixNano: now)

    /// What a store says of its spans; `nil` for what it does not say.
    struct Answers: Equatable {
        var newest: [MergedSpan]?
        var slow: [MergedSpan]?
        var filtered: [MergedSpan]?
        var traces: [[MergedSpan]?] = []
        var services: [ServiceSummary]?
        var operations: SpanGroups<OperationSummary>?
        var graph: DependencyGraph?
        var latency: SpanGroups<LatencySeries>?
        var keys: SpanGroups<AttributeKeySummary>?
        var scanned: Int?

        /// What is said and is not what the other says.
        func differences(from other: Answers) -> [String] {
            func differs<Answer: Equatable>(_ one: Answer?, _ two: Answer?) -> Bool { one != nil && one != two }
            let all = [
                ("newest", differs(newest, other.newest)), ("slow", differs(slow, other.slow)),
                ("filtered", differs(filtered, other.filtered)), ("services", differs(services, other.services)),
                ("traces", zip(traces, other.traces).contains { differs($0, $1) }),
                ("operations", differs(operations, other.operations)), ("graph", differs(graph, other.graph)),
                ("latency", differs(latency, other.latency)), ("keys", differs(keys, other.keys)),
                ("scanned", differs(scanned, other.scanned)),
            ]
            return all.filter(\.1).map(\.0)
        }
    }

    static func answers(
        _ store: SQLiteSpanStore, traces: [UInt64] = [1, 3, 9, 17, 20, 24, 30]
    ) async throws -> Answers {
        var answers = Answers()
        let filter = try SpanFilter(parsing: "attr.code=1 and service!=\"b\"", nowUnixNano: 0)
        answers.newest = try? await store.search(SpanQuery(limit: 1000))
        answers.slow = try? await store.search(SpanQuery(minDurationNano: 1500, order: .longest, limit: 5))
        answers.filtered = try? await store.search(SpanQuery(name: "work 1", filter: filter, order: .oldest))
        for trace in traces {
            answers.traces.append(try? await store.trace(TraceID(high: 5, low: trace)))
        }
        answers.services = try? await store.services()
        let scan = SpanScan(starts: Self.now - 2 * Self.hour...Self.now + Self.hour)
        answers.operations = try? await store.operations(scan)
        answers.graph = try? await store.dependencies(SpanScan())
        answers.latency = try? await store.latency(LatencyQuery(scan, stepNano: 60_000_000_000))
        answers.keys = try? await store.attributeKeys(SpanScan(filter: filter))
        answers.scanned = try? await store.scan(SpanScan(), into: 0) { count, spans in
            count += spans.count
            return true
        }
        _ = try? await store.errors(scan)
        _ = try? await store.slow(SlowQuery(scan))
        _ = try? await store.unfinished(scan, limit: 10, nowUnixNano: Self.now)
        _ = try? await store.attributeValues(of: AttributeKey(.span, "code"), scan)
        _ = try? await store.senders(nowUnixNano: Self.now)
        _ = try? await store.storedSequence(of: Self.sender)
        _ = try? await store.statistics()
        return answers
    }

    /// Reads, changes, and reads again: each step is done or throws.
    private func use(_ path: String) async throws {
        guard let store = try? await Self.open(path) else { return }
        _ = try? await store.append([
            Self.batch("new", [Self.span(40, 1, Self.now + 5), Self.span(2, 2, Self.now + 6)]),
            Self.batch(
                "service-1", [Self.span(5, 1, Self.now, end: Self.now + 70)], sender: Self.sender, sequence: 90),
        ])
        _ = try? await store.note(
            [SenderChange(sender: Self.sender, presence: .gone, atUnixNano: Self.now)], by: Self.lease)
        _ = try? await store.deleteTrace(TraceID(high: 5, low: 6), nowUnixNano: Self.now)
        _ = try? await store.enforce(RetentionPolicy(maxAgeNano: Self.hour), nowUnixNano: Self.now + Self.hour / 2)
        try? await store.compact()
        _ = store.takeCompactionFailure()
        await store.close()
        guard let again = try? await Self.open(path) else { return }
        _ = try await Self.answers(again)
        _ = try? await again.append([Self.batch("late", [Self.span(50, 1, Self.now + 5)])])
        _ = try? await again.enforce(RetentionPolicy(maxBytes: 1), nowUnixNano: Self.now)
        await again.close()
    }

    @Test func `damaged rows of every table are errors or change no answer, and nothing traps`() async throws {
        let sound = try await makeStore()
        let connection = try Connection(path: sound, mode: .readOnly)
        for (what, sql) in [
            ("a settled run", "run WHERE kind = 0"), ("a loose run", "run WHERE kind = 1"),
            ("a whole run", "run WHERE kind = 2"), ("a segment", "trace_segment"), ("columns", "span_columns"),
            ("drops", "sender_drop"), ("deletions", "deleted_trace"),
            ("hours", "(SELECT DISTINCT partition FROM run LIMIT -1 OFFSET 2)"),
        ] {
            #expect(try connection.integer("SELECT count(*) FROM \(sql)") > 0, "no \(what) in the store")
        }
        connection.close()
        let store = try await SQLiteSpanStore.open(path: sound, mode: .readOnly)
        let expected = try await Self.answers(store)
        #expect(try await store.check().faults == [])
        await store.close()

        let environment = ProcessInfo.processInfo.environment
        let cases = environment["CASES"].flatMap { Int($0) } ?? 100
        let first = environment["FIRST"].flatMap { Int($0) } ?? 0
        let current = FileManager.default.temporaryDirectory.appendingPathComponent("spanwire-damage-\(seed)").path
        print("SQLiteDamageTests: SEED=\(seed), the case under way stands in \(current)")
        var told = 0
        for number in first..<first + cases {
            try "SEED=\(seed) FIRST=\(number) CASES=1".write(toFile: current, atomically: false, encoding: .utf8)
            let path = folder.file("case.db")
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
            try FileManager.default.copyItem(atPath: sound, toPath: path)
            var damage = StoreDamage(random: SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(number)))
            // After a blow at the schema there may be nothing left to strike at.
            for _ in 0...number % 2 { try? damage.strike(path) }
            let words = "SEED=\(seed) FIRST=\(number) CASES=1: \(damage.done.joined(separator: "; "))"
            try "\(words)\n".write(toFile: current, atomically: false, encoding: .utf8)
            if let store = try? await SQLiteSpanStore.open(path: path, mode: .readOnly) {
                let found = try? await store.check()
                let answers = try await Self.answers(store)
                if found?.faults == [], !damage.isForged {
                    #expect(answers.differences(from: expected) == [], "the check finds nothing: \(words)")
                }
                if found?.faults != [] { told += 1 }
                await store.close()
            } else {
                told += 1
            }
            try await use(path)
        }
        #expect(told > 0)
        try? FileManager.default.removeItem(atPath: current)
    }

    @Test func `a file of an earlier format with damaged rows is brought up to date, or refused`() async throws {
        let earlier = SQLiteMigrationTests()
        let sound = folder.file("sound.db")
        try FileManager.default.copyItem(atPath: try earlier.makeFile(spans: 20).path, toPath: sound)
        let path = folder.file("old.db")
        var refused = 0
        for number in 0..<40 {
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.copyItem(atPath: sound, toPath: path)
            var damage = StoreDamage(random: SeededGenerator(seed: seed &* 999_983 &+ UInt64(number)))
            try? damage.strike(path, tables: StoreDamage.oldTables)
            do {
                let store = try await Self.open(path)
                _ = try await Self.answers(store)
                await store.close()
            } catch {
                #expect(error is SpanStoreError, "SEED=\(seed), case \(number): \(damage.done)")
                refused += 1
            }
            for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        }
        #expect(refused > 0, "SEED=\(seed)")
    }

    @Test(
        arguments: [
            ("UPDATE run SET blocks = -1 WHERE id = 1", "row 1 of table run: blocks is out of range"),
            ("UPDATE run SET min_start = max_start + 1 WHERE id = 1", "min_start is behind max_start"),
            ("UPDATE run SET kind = 'x' WHERE id = 1", "kind is no integer"),
            ("UPDATE trace_index SET entries = x'00'", "of table trace_index: entries are cut off"),
            ("UPDATE trace_index SET entries = 5", "entries is no blob"),
            ("UPDATE trace_segment SET runs = '1,x'", "of table trace_segment: runs is no list of runs"),
            (
                "UPDATE deleted_trace SET trace_id = x'00' WHERE id = 1",
                "row 1 of table deleted_trace: trace_id is none"
            ),
            (
                "UPDATE sender SET stored_reports = -1 WHERE rowid = 1",
                "table sender: stored_reports is no unsigned number"
            ),
        ])
    func `with damage to what questions need, appending goes on, and the damage is told`(sql: String, words: String)
        async throws
    {
        let path = try await makeStore()
        try Connection(path: path, mode: .readWrite).execute(sql)
        let store = try await Self.open(path)
        // A further report of a span that is there, and a new one.
        let result = try await store.append([
            Self.batch("service-1", [Self.span(7, 1, Self.now + 1), Self.span(60, 1, Self.now + 2)])
        ])
        #expect(result.storedReports == 2)
        do throws(SpanStoreError) { try await store.compact() } catch { #expect(error.code == .corrupt) }
        let noted = store.takeCompactionFailure()?.message
        var thrown = ""
        do throws(SpanStoreError) {
            _ = try await store.enforce(RetentionPolicy(maxAgeNano: Self.hour), nowUnixNano: Self.now + Self.hour)
        } catch {
            thrown = error.message
        }
        await store.close()
        let checked = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        let faults = try await checked.check().faults
        await checked.close()
        let all = ([noted, thrown].compactMap { $0 } + faults).joined(separator: "\n")
        #expect(all.contains(words), "\(all)")
    }
}
