import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageTesting
import Testing

@testable import SpanBlockStore
@testable import SpanStorageSQLite

/// Spans whose reports lie in several runs, when one of the runs is written anew, merged or removed.
@Suite struct SQLiteScatteredSpansTests {
    private let hour: UInt64 = 3_600_000_000_000
    private let minute: UInt64 = 60_000_000_000
    /// 2026-01-01T00:00:00Z.
    private let base: UInt64 = 1_767_225_600_000_000_000
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// - Parameter reports: how many make a run that is merged no more by their double.
    private func open(_ reports: Int? = nil) async throws -> SQLiteSpanStore {
        var options = SQLiteSpanStore.Options(compactsInBackground: false)
        options.maxMergedReports = reports
        return try await SQLiteSpanStore.open(path: folder.file("a.db"), mode: .readWrite, options: options)
    }

    /// The only span of a trace.
    private func report(
        _ trace: UInt64, start: UInt64, end: UInt64, received: UInt64? = nil, attributes: [Attribute] = []
    ) -> IncomingBatch {
        let span = SpanRecord(
            traceID: TraceID(high: 3, low: trace), spanID: SpanID(1), name: "s", kind: .client,
            startTimeUnixNano: start, endTimeUnixNano: end, attributes: attributes)
        return IncomingBatch(
            reports: TraceGenerator.reports("x", instance: "", [span]), receivedAtUnixNano: received ?? base)
    }

    private func expectSame(_ store: SQLiteSpanStore, _ oracle: InMemorySpanStore, _ what: String) async throws {
        let (found, expected) = (
            try await store.search(SpanQuery(limit: 10_000)), try await oracle.search(SpanQuery(limit: 10_000))
        )
        #expect(found.map(\.fingerprint) == expected.map(\.fingerprint), "\(what): a search")
        #expect(try await store.services() == oracle.services(), "\(what): services")
        let running = SpanQuery(filter: try SpanFilter(parsing: "running", nowUnixNano: 0))
        #expect(try await store.search(running).count == oracle.search(running).count, "\(what): running ones")
        #expect(
            try await store.operations(SpanScan()) == oracle.operations(SpanScan()), "\(what): operations")
        func keys(_ store: any SpanStore) async throws -> [SpanKey] {
            try await store.scan(SpanScan(), into: []) { (keys: inout [SpanKey], spans) in
                keys += spans.map(\.key)
                return true
            }.sorted()
        }
        #expect(try await keys(store) == keys(oracle), "\(what): a scan")
    }

    @Test func `a span's latest joined form counts, though a run with an earlier one was written anew since`()
        async throws
    {
        let store = try await open(8)
        let oracle = InMemorySpanStore()
        func append(_ group: [IncomingBatch]) async throws {
            try await store.append(group)
            try await oracle.append(group)
        }
        try await append((1...8).map { report($0, start: base + $0 * minute, end: 0) })
        try await append(
            (1...4).map { report($0, start: base + $0 * minute, end: 0, attributes: [Attribute("a", .int(1))]) })
        try await store.compact()
        try await append([report(1, start: base + minute, end: base + 2 * minute)])
        try await store.compact()
        for store in [store, oracle] as [any SpanStore] {
            _ = try await store.deleteTrace(TraceID(high: 3, low: 4), nowUnixNano: base)
        }
        try await expectSame(store, oracle, "after a deletion")
        await store.close()
    }

    @Test(arguments: 1...4)
    func `two merges at once, of which each finds the other's report, leave one`(turn: Int) async throws {
        let path = folder.file("a.db")
        let (writer, other) = (SQLiteWriter(), SQLiteWriter())
        try await writer.open(path: path, options: .init())
        try await other.open(path: path, options: .init())
        // One report, filed under two hours for want of a start.
        let end = base + 5
        _ = try await writer.append([report(1, start: 0, end: end)])
        _ = try await other.append([report(1, start: 0, end: end, received: base + 2 * hour)])
        for number in 0..<8 as Range<UInt64> {
            let batch = report(2, start: 0, end: base + 7 + number, received: base + 2 * hour)
            _ = try await writer.append([batch])
        }
        let (first, second) = (Compactor(), Compactor())
        try await first.open(path: path, options: .init())
        try await second.open(path: path, options: .init())
        let lock = try Connection(path: path, mode: .readWrite)
        try lock.execute("BEGIN IMMEDIATE")
        async let one = first.step(writer, .underLoad)
        async let another = second.step(turn % 2 == 0 ? writer : other, .final)
        try await Task.sleep(for: .milliseconds(200))
        try lock.execute("COMMIT")
        _ = try await (one, another)
        while try await first.step(writer, .final) {}
        let reader = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        #expect(try await reader.trace(TraceID(high: 3, low: 1)).map(\.span.endTimeUnixNano) == [end])
        #expect(try await reader.services().map(\.spans) == [2])
        await reader.close()
        await first.close()
        await second.close()
        await writer.close()
        await other.close()
    }

    @Test(arguments: [false, true])
    func `a span is as old as all of its reports together, and goes or stays with all of them`(merges: Bool)
        async throws
    {
        let (old, older) = (base - 50 * hour, base - 60 * hour)
        let note = [Attribute("a", .int(1))]
        let groups: [IncomingBatch] = [
            report(1, start: old, end: base + 5), report(1, start: base, end: base + 5),
            report(2, start: old, end: 0, attributes: note), report(2, start: base, end: base + 5),
            report(3, start: base, end: base + 5), report(3, start: old, end: base + 6),
            report(4, start: old, end: 0), report(4, start: old, end: old + hour),
            report(5, start: 0, end: old + hour), report(5, start: older, end: 0),
            report(6, start: base, end: base + 1),
        ]
        let store = try await open()
        let oracle = InMemorySpanStore()
        for batch in groups {
            try await store.append([batch])
            try await oracle.append([batch])
            if merges { try await store.compact() }
        }
        try await expectSame(store, oracle, "before")
        for age in [55, 30, 10] as [UInt64] {
            let policy = RetentionPolicy(maxAgeNano: age * hour)
            let removed = try await store.enforce(policy, nowUnixNano: base).spans
            #expect(try await oracle.enforce(policy, nowUnixNano: base).spans == removed, "older than \(age) hours")
            try await expectSame(store, oracle, "after those older than \(age) hours")
        }
        await store.close()
    }

    @Test(arguments: [nil, 8])
    func `no span is torn at the border of what is kept, whatever runs its reports lie in`(reports: Int?) async throws {
        let store = try await open(reports)
        let oracle = InMemorySpanStore()
        let early = (1...8).map { report($0, start: base + $0 * minute, end: 0) }
        let late = (11...18).map { report($0, start: base + 30 * minute + $0 * minute, end: 0) }
        let ends = [
            report(1, start: base + minute, end: base + 6 * minute),
            report(11, start: base + 41 * minute, end: base + 42 * minute),
        ]
        for group in [early, late, [ends[0]], [ends[1]]] {
            try await store.append(group)
            try await oracle.append(group)
        }
        try await store.compact()
        // To the border of the hour all stay, beyond it all go.
        for now in [10, 45, 59] as [UInt64] {
            let removal = try await store.enforce(
                RetentionPolicy(maxAgeNano: hour), nowUnixNano: base + hour + now * minute)
            #expect(removal.spans == 0)
            try await expectSame(store, oracle, "\(now) minutes later")
        }
        let removal = try await store.enforce(RetentionPolicy(maxAgeNano: hour), nowUnixNano: base + 2 * hour)
        #expect(removal.spans == 16)
        #expect(try await store.search(SpanQuery()).isEmpty)
        #expect(try await store.services().isEmpty)
        await store.close()
    }
}
