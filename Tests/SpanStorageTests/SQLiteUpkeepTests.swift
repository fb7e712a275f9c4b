import Foundation
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage
import Synchronization
import Testing

@testable import SpanBlockStore
@testable import SpanStorageSQLite
@testable import SpanStorageTesting

@Suite struct SQLiteUpkeepTests {
    let folder = try! TemporaryFolder()
    var path: String { folder.file("spans.db") }

    static let hour: UInt64 = 3_600_000_000_000
    /// Long after 1970, so that starts before it are possible.
    static let now: UInt64 = 1_785_585_600_000_000_000 / hour * hour

    /// A store that merges only when it is told to.
    func open() async throws -> SQLiteSpanStore {
        try await SQLiteSpanStore.open(
            path: path, mode: .readWrite, options: SQLiteSpanStore.Options(compactsInBackground: false))
    }

    /// A batch of spans that start within the hour which is so many hours after `now`.
    func incoming(hour: Int, trace: UInt64, count: Int = 3, name: String = "work") -> IncomingBatch {
        let start = Self.now + UInt64(hour) * Self.hour
        let spans = (1...count).map { number in
            SpanRecord(
                traceID: TraceID(high: 7, low: trace), spanID: SpanID(UInt64(number)), name: name,
                startTimeUnixNano: start + UInt64(number), endTimeUnixNano: start + 1000,
                attributes: [Attribute("n", .int(Int64(number)))])
        }
        let resource = Resource(attributes: [Attribute("service.name", .string("service-\(trace % 3)"))])
        return IncomingBatch(
            reports: SpanBatch(
                resourceSpans: [ResourceSpans(resource: resource, scopeSpans: [ScopeSpans(scope: nil, spans: spans)])]),
            receivedAtUnixNano: start + 2000)
    }

    @Test func `merging leaves one run of an hour, and what it says of itself is true`() async throws {
        let store = try await open()
        for trace in UInt64(1)...40 { try await store.append([incoming(hour: Int(trace % 2), trace: trace)]) }
        var statistics = try await store.statistics()
        #expect(statistics.total.runs == 40)
        #expect(statistics.total.spans == 120)
        #expect(try await store.check() == StoreCheck(faults: [], runs: 40, blocks: 40, reports: 120))
        try await store.compact()
        statistics = try await store.statistics()
        #expect(statistics.partitions.map(\.total.runs) == [1, 1])
        #expect(statistics.partitions.map(\.total.spans) == [60, 60])
        #expect(statistics.total.looseReports == 0)
        #expect(statistics.storedReports == 120)
        #expect(try await store.check() == StoreCheck(faults: [], runs: 2, blocks: 2, reports: 120))
        #expect(try await store.search(SpanQuery(limit: 1000)).count == 120)
        await store.close()
    }

    @Test
    func
        `a copy of a report is not stored again, be it in the same group, soon after, or after the store was opened anew`()
        async throws
    {
        var store = try await open()
        let first = incoming(hour: 0, trace: 1)
        try await store.append([first, first])
        try await store.append([first])
        #expect(try await store.statistics().total.spans == 3)
        #expect(try await store.statistics().total.looseReports == 0)
        await store.close()
        store = try await open()
        try await store.append([first])
        // Not known any more: looked at when it is merged.
        #expect(try await store.statistics().total.looseReports == 3)
        #expect(try await store.services().map(\.spans) == [3])
        #expect(try await store.search(SpanQuery()).count == 3)
        try await store.compact()
        #expect(try await store.statistics().total.looseReports == 0)
        #expect(try await store.statistics().total.spans == 3)
        await store.close()
    }

    @Test func `reports of one span in runs that are not merged any more stay loose, and are found as one span`()
        async throws
    {
        let store = try await open()
        var first = incoming(hour: 0, trace: 1, count: 1)
        try await store.append([first])
        first.reports.resourceSpans[0].scopeSpans[0].spans[0].attributes = [Attribute("late", true)]
        // Received in another hour, without a start: it lies in another partition.
        first.reports.resourceSpans[0].scopeSpans[0].spans[0].startTimeUnixNano = 0
        first.receivedAtUnixNano += 5 * Self.hour
        try await store.append([first])
        for _ in 0..<2 {
            #expect(try await store.statistics().total.looseReports == 1)
            let both = SpanFilter.all([
                .compare(.attribute("late"), .equal, .flag(true))!, .compare(.attribute("n"), .equal, .integer(1))!,
            ])
            let found = try await store.search(SpanQuery(sinceUnixNano: Self.now, filter: both))
            #expect(found.map(\.span.startTimeUnixNano) == [Self.now + 1])
            #expect(try await store.services().map(\.spans) == [1])
            try await store.compact()
        }
        await store.close()
    }

    @Test(arguments: [3, 24 * 8])
    func `a span that comes again when it was forgotten is one span, whenever it started`(hoursAgo: UInt64) async throws
    {
        let options = SQLiteSpanStore.Options(memoryBytes: 4 << 20, compactsInBackground: false)
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite, options: options)
        let now = Self.now
        func batch(_ trace: UInt64, _ count: Int, start: UInt64, received: UInt64) -> IncomingBatch {
            let spans = (1...count).map { number in
                SpanRecord(
                    traceID: TraceID(high: 9, low: trace), spanID: SpanID(UInt64(number)), name: "work",
                    startTimeUnixNano: start, endTimeUnixNano: start + 1000)
            }
            return IncomingBatch(
                reports: SpanBatch(resourceSpans: [
                    ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
                ]), receivedAtUnixNano: received)
        }
        let start = now - hoursAgo * Self.hour + 5
        // Of the same hour and of another one, before, between and behind.
        for round in UInt64(0)..<3 {
            try await store.append([batch(1, 10, start: start, received: now + round * 2 * Self.hour + 10)])
            // More than the writer remembers.
            for part in UInt64(0)..<4 {
                try await store.append([
                    batch(
                        100 + round * 10 + part, 8000, start: now + part, received: now + round * 2 * Self.hour + 20)
                ])
            }
        }
        for _ in 0..<2 {
            let filter = try SpanFilter(parsing: "trace=\(TraceID(high: 9, low: 1).hex)", nowUnixNano: now)
            #expect(try await store.search(SpanQuery(filter: filter)).count == 10)
            let everything = try await store.scan(SpanScan(), into: 0) { count, spans in
                count += spans.count
                return true
            }
            #expect(everything == 10 + 12 * 8000)
            #expect(try await store.services().map(\.spans) == [10 + 12 * 8000])
            try await store.compact()
        }
        await store.close()
    }

    @Test func `one index of traces takes the place of many, finds them all, and goes with the last of its runs`()
        async throws
    {
        // With so little memory a run is finished with a thousand reports.
        let options = SQLiteSpanStore.Options(memoryBytes: 4 << 20, compactsInBackground: false)
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite, options: options)
        for trace in UInt64(1)...18 {
            try await store.append([incoming(hour: 0, trace: trace, count: 1100), incoming(hour: 0, trace: 100)])
        }
        try await store.compact()
        let connection = try Connection(path: path, mode: .readOnly)
        #expect(try connection.integer("SELECT count(*) FROM trace_segment") == 1)
        #expect(try connection.integer("SELECT count(*) FROM run WHERE trace_segment != 0") == 16)
        let alone = try connection.integer("SELECT count(*) FROM run WHERE trace_segment = 0")
        // Two that are too small, and one of spans that a filter took for known, if there are any.
        #expect((2...3).contains(alone))
        #expect(try connection.integer("SELECT count(DISTINCT id >> 16) FROM trace_index") == alone)
        for trace in UInt64(1)...18 {
            #expect(try await store.trace(TraceID(high: 7, low: trace)).count == 1100)
        }
        #expect(try await store.trace(TraceID(high: 7, low: 100)).count == 3)
        #expect(try await store.trace(TraceID(high: 7, low: 19)).isEmpty)
        #expect(try await store.check().faults == [])
        // A run that is written anew has an index of its own again.
        #expect(try await store.deleteTrace(TraceID(high: 7, low: 100), nowUnixNano: Self.now) == 3)
        #expect(try await store.deleteTrace(TraceID(high: 7, low: 3), nowUnixNano: Self.now) == 1100)
        #expect(try await store.trace(TraceID(high: 7, low: 3)).isEmpty)
        #expect(try await store.trace(TraceID(high: 7, low: 4)).count == 1100)
        #expect(try await store.check().faults == [])
        try await store.append([incoming(hour: 3, trace: 200)])
        let report = try await store.enforce(RetentionPolicy(maxAgeNano: 1), nowUnixNano: Self.now + Self.hour + 1)
        #expect(report.spans == 17 * 1100)
        #expect(try connection.integer("SELECT count(*) FROM trace_segment_index") == 0)
        #expect(try connection.integer("SELECT count(*) FROM trace_segment") == 0)
        #expect(try await store.search(SpanQuery()).count == 3)
        await store.close()
    }

    @Test func `a trace is removed from all runs, and left out when it comes again`() async throws {
        let store = try await open()
        for trace in UInt64(1)...3 {
            try await store.append([incoming(hour: 0, trace: trace), incoming(hour: 0, trace: trace + 10)])
        }
        #expect(try await store.deleteTrace(TraceID(high: 7, low: 2), nowUnixNano: Self.now) == 3)
        #expect(try await store.deleteTrace(TraceID(high: 7, low: 2), nowUnixNano: Self.now) == 0)
        #expect(try await store.trace(TraceID(high: 7, low: 2)).isEmpty)
        #expect(try await store.search(SpanQuery(limit: 100)).count == 15)
        #expect(try await store.services().reduce(0) { $0 + $1.spans } == 15)
        #expect(try await store.check().faults == [])
        #expect(try await store.append([incoming(hour: 0, trace: 2)]).deletedReports == 3)
        #expect(try await store.trace(TraceID(high: 7, low: 2)).isEmpty)
        await store.close()
    }

    @Test func `a sound store in which one group told of spans in several ways is found sound, merged or not`()
        async throws
    {
        let store = try await open()
        try await store.append(
            ["work", "job"].flatMap { name in
                [1, 2].map { incoming(hour: 0, trace: $0, name: name) }
            })
        #expect(try await store.check() == StoreCheck(faults: [], runs: 1, blocks: 1, reports: 12))
        // What is left of the run is written anew.
        #expect(try await store.deleteTrace(TraceID(high: 7, low: 1), nowUnixNano: Self.now) == 3)
        #expect(try await store.check() == StoreCheck(faults: [], runs: 1, blocks: 1, reports: 6))
        try await store.compact()
        #expect(try await store.check().faults == [])
        #expect(try await store.trace(TraceID(high: 7, low: 2)).map(\.conflicts) == [["name"], ["name"], ["name"]])
        await store.close()
    }

    @Test func `spans are removed by age and by size, the oldest first`() async throws {
        let store = try await open()
        for hour in 0..<5 { try await store.append([incoming(hour: hour, trace: UInt64(hour + 1), count: 2000)]) }
        func enforce(_ policy: RetentionPolicy, _ now: UInt64 = Self.now) async throws -> RetentionReport {
            try await store.enforce(policy, nowUnixNano: now)
        }
        #expect(try await enforce(RetentionPolicy(maxAgeNano: 10), Self.now + Self.hour + 10).spans == 2000)
        #expect(try await store.trace(TraceID(high: 7, low: 1)).isEmpty)
        #expect(try await store.check().faults == [])
        // What lies in the hour of the border stays.
        let some = RetentionPolicy(maxAgeNano: 0)
        let second = try await store.trace(TraceID(high: 7, low: 2)).map(\.span.startTimeUnixNano).min() ?? 0
        #expect(try await enforce(some, second + 1).spans == 0)
        let used = try await enforce(RetentionPolicy()).remainingBytes
        #expect(try await enforce(RetentionPolicy(maxBytes: used)).spans == 0)
        let report = try await enforce(RetentionPolicy(maxBytes: used - 1))
        #expect(report.spans >= 1 && report.bytes > 0 && report.remainingBytes < used)
        let left = try await store.services().reduce(0) { $0 + $1.spans }
        #expect(left == 8000 - report.spans)
        #expect(try await store.trace(TraceID(high: 7, low: 3)).count == 2000)
        #expect(try await enforce(RetentionPolicy(maxBytes: 0)).spans == left)
        #expect(try await store.search(SpanQuery()).isEmpty)
        #expect(try await store.check().faults == [])
        await store.close()
    }

    @Test func `a store that was damaged in any block is told so, and readers get an error and no wrong span`()
        async throws
    {
        var store = try await open()
        for trace in UInt64(1)...4 { try await store.append([incoming(hour: Int(trace), trace: trace, count: 50)]) }
        await store.close()
        let connection = try Connection(path: path, mode: .readWrite)
        let count = try connection.integer("SELECT count(*) FROM block_data")
        var generator = SeededGenerator(seed: seed)
        for number in 0..<count {
            let id = try connection.integer("SELECT id FROM block_data ORDER BY id LIMIT 1 OFFSET \(number)")
            let read = try connection.prepare("SELECT data FROM block_data WHERE id = \(id)")
            _ = try read.step()
            let sound = read.bytes(0)
            read.reset()
            let write = try connection.prepare("UPDATE block_data SET data = ?1 WHERE id = \(id)")
            for round in 0..<4 {
                var damaged = sound
                if round == 0 {
                    damaged.removeLast(Int.random(in: 1..<damaged.count, using: &generator))
                } else {
                    // All bits of a byte, for some mean nothing.
                    let place = Int.random(in: 5..<damaged.count, using: &generator)
                    damaged[place] ^= 0xFF
                }
                write.bind(0, blob: damaged)
                try write.run()
                store = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
                let check = try await store.check()
                let error = await #expect(throws: SpanStoreError.self) {
                    try await store.search(SpanQuery(limit: 1000))
                }
                #expect(!check.faults.isEmpty, "SEED=\(seed)")
                #expect(error?.code == .corrupt, "SEED=\(seed)")
                await store.close()
            }
            write.bind(0, blob: sound)
            try write.run()
        }
        store = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        #expect(try await store.check().faults == [])
        await store.close()
    }

    @Test func `a run that cannot be read does not keep the others from being merged`() async throws {
        var store = try await open()
        for trace in UInt64(1)...6 { try await store.append([incoming(hour: 0, trace: trace)]) }
        await store.close()
        do {
            let connection = try Connection(path: path, mode: .readWrite)
            try connection.execute("UPDATE block_data SET data = x'00' WHERE id = 2 << 16")
        }
        store = try await open()
        let error = await #expect(throws: SpanStoreError.self) { try await store.compact() }
        #expect(error?.code == .corrupt)
        try await store.compact()
        #expect(try await store.statistics().total.runs == 2)
        #expect(try await store.trace(TraceID(high: 7, low: 3)).count == 3)
        await store.close()
    }

    @Test func `what keeps the background from merging is told, once`() async throws {
        var store = try await open()
        for trace in UInt64(1)...6 { try await store.append([incoming(hour: 0, trace: trace)]) }
        #expect(store.takeCompactionFailure() == nil)
        await store.close()
        do {
            let connection = try Connection(path: path, mode: .readWrite)
            try connection.execute("UPDATE block_data SET data = x'00' WHERE id = 2 << 16")
        }
        store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        var failure: SpanStoreError?
        for _ in 0..<600 where failure == nil {
            try await Task.sleep(for: .milliseconds(100))
            failure = store.takeCompactionFailure()
        }
        #expect(failure?.code == .corrupt)
        // After the next append the others are merged without it, and nothing fails any more.
        try await store.append([])
        for _ in 0..<600 where try await store.statistics().total.runs > 2 {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await store.statistics().total.runs == 2)
        #expect(store.takeCompactionFailure() == nil)
        await store.close()
    }

    @Test func `indexes and rows that do not fit the blocks are told`() async throws {
        let faults = [
            "UPDATE block SET spans = spans + 1", "DELETE FROM block", "DELETE FROM block_data",
            "UPDATE trace_index SET entries = zeroblob(length(entries))", "DELETE FROM trace_index",
            "UPDATE term_index SET slices = zeroblob(length(slices))", "DELETE FROM term_index",
            "UPDATE run SET reports = reports - 1", "UPDATE block SET max_duration = 1",
            "UPDATE span_columns SET data = substr(data, 1, length(data) - 1)",
            "UPDATE span_columns SET data = zeroblob(length(data))", "UPDATE span_columns SET blocks = blocks + 1",
            "UPDATE span_columns SET id = id + (1 << 30)",
        ]
        let store = try await open()
        try await store.append([incoming(hour: 0, trace: 1, count: 300)])
        try await store.compact()
        await store.close()
        for fault in faults {
            let copy = folder.file("copy.db")
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            do { try Connection(path: copy, mode: .readWrite).execute(fault) }
            let damaged = try await SQLiteSpanStore.open(path: copy, mode: .readOnly)
            #expect(try await !damaged.check().faults.isEmpty, "\(fault)")
            await damaged.close()
        }
    }

    @Test func `a scan and columns have each span once, as the oracle has it, in any range of time`() async throws {
        let store = try await open()
        let oracle = InMemorySpanStore()
        var generator = ReportGenerator(seed: seed)
        for round in 0..<40 {
            var batches: [IncomingBatch] = []
            for _ in 0..<10 {
                let report = generator.report(
                    TraceID(high: 1, low: UInt64.random(in: 1...20, using: &generator.random)),
                    SpanID(UInt64.random(in: 1...8, using: &generator.random)), kinds: SpanKind.some)
                batches.append(IncomingBatch(reports: generator.batch(of: report)))
            }
            try await store.append(batches)
            try await oracle.append(batches)
            if round % 7 == 3 { try await store.compact() }
            guard round % 10 == 9 else { continue }
            let all = try await oracle.search(SpanQuery(limit: 10_000))
            for starts: ClosedRange<UInt64> in [0...UInt64.max, 1...1000, 1001...5000, 0...0, 5001...UInt64.max] {
                let expected = all.filter { starts.contains($0.span.startTimeUnixNano) }
                let merged = Mutex<[MergedSpan]>([])
                try await store.forEachSpan(startingIn: starts) { span in merged.withLock { $0.append(span) } }
                try expectSame(
                    merged.withLock { $0.sorted(by: SpanOrder.newest.precedes) }, expected, "\(starts), SEED=\(seed)")
                try await expectRows(expected, starts, "\(starts), SEED=\(seed)")
            }
        }
        await store.close()
    }

    /// Rows of columns are those of the spans, as exactly as starts are stored.
    private func expectRows(
        _ expected: [MergedSpan], _ starts: ClosedRange<UInt64>,
        _ comment: Comment
    ) async throws {
        let filter = try #require(ColumnFilter(SpanScan(starts: starts), withSurroundings: true))
        let blocks = BlockReader(try SQLiteLedger(Connection(path: path, mode: .readOnly)))
        var rows: [SpanRow] = []
        try blocks.inOneView { () throws(SpanStoreError) in
            let scan = ColumnWalk(try StoreView(blocks), filter.surroundings, SpanColumns.Wanted(calls: true))
            try scan.run({ read -> [SpanRow]? in
                filter.verdicts(read.columns).map { verdicts in
                    (0..<read.columns.count).filter { verdicts[$0] == .meant && !read.isLeftOut($0) }
                        .map { read.columns.row($0) }
                }
            }) { rows += $0 }
        }
        let precision = SpanColumns.storedPrecision
        #expect(rows.count == expected.count, comment)
        #expect(
            Set(rows.map { $0.rounded(to: precision) }) == Set(expected.map { SpanRow($0).rounded(to: precision) }),
            comment)
    }

    @Test func `spans that end when their runs are finished are whole beside them, and every answer is the oracle's`()
        async throws
    {
        // With so little memory a run is finished with a thousand reports.
        let options = SQLiteSpanStore.Options(memoryBytes: 4 << 20, compactsInBackground: false)
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite, options: options)
        let oracle = InMemorySpanStore()
        var generator = ReportGenerator(seed: seed)
        for round in 0..<4 {
            // Each round reports half of the spans of the rounds before once more, with an end or another attribute.
            var spans: [SpanRecord] = []
            for number in round * 600..<(round + 1) * 1200 where round == 0 || number >= round * 1200 || number % 2 == 0
            {
                let start = Self.now + UInt64(number) * 1000 + 1
                var span = SpanRecord(
                    traceID: TraceID(high: 9, low: UInt64(number / 7 + 1)), spanID: SpanID(UInt64(number + 1)),
                    name: "span \(number % 5)", kind: .client, startTimeUnixNano: start,
                    endTimeUnixNano: generator.chance(50) ? start + UInt64(number % 3 + 1) * 100 : 0)
                span.attributes = [Attribute("n", .int(Int64(number % 50))), Attribute("round", .int(Int64(round)))]
                spans.append(span)
            }
            let resource = Resource(attributes: [Attribute("service.name", "test")])
            let batch = IncomingBatch(
                reports: SpanBatch(
                    resourceSpans: [
                        ResourceSpans(resource: resource, scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
                    ]
                ),
                receivedAtUnixNano: Self.now + 1_000_000_000)
            try await store.append([batch])
            try await oracle.append([batch])
            if round % 2 == 1 { try await store.compact() }
            for text in ["", "running", "duration>=200ns n=7", "attr.n=7 attr.round=2", "name=\"span 3\" not running"] {
                guard let filter = try? SpanFilter(parsing: text, nowUnixNano: 0) else { continue }
                for (order, limit) in SpanOrder.allCases.flatMap({ order in [20, 10_000].map { (order, $0) } }) {
                    let query = SpanQuery(filter: filter, order: order, limit: limit)
                    try expectSame(
                        try await store.search(query), try await oracle.search(query),
                        "\(text), \(order) first, round \(round), SEED=\(seed)")
                }
            }
            #expect(try await store.services() == oracle.services(), "round \(round), SEED=\(seed)")
            let scanned = Mutex<[MergedSpan]>([])
            try await store.forEachSpan(startingIn: 0...UInt64.max) { span in scanned.withLock { $0.append(span) } }
            try expectSame(
                scanned.withLock { $0.sorted(by: SpanOrder.newest.precedes) },
                try await oracle.search(SpanQuery(limit: 10_000)), "round \(round), SEED=\(seed)")
            try await expectRows(
                try await oracle.search(SpanQuery(limit: 10_000)), 0...UInt64.max,
                "round \(round), SEED=\(seed)")
            let everything = SpanScan()
            #expect(
                try await store.dependencies(everything) == oracle.dependencies(everything),
                "round \(round), SEED=\(seed)")
        }
        let connection = try Connection(path: path, mode: .readOnly)
        #expect(try connection.integer("SELECT count(*) FROM run WHERE kind = 2") > 0)
        #expect(try connection.integer("SELECT count(*) FROM run WHERE kind = 1") == 0)
        #expect(try await store.check().faults == [])
        await store.close()
    }

    @Test func `what is stored is there, once, whatever runs are merged while it comes in`() async throws {
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        let oracle = InMemorySpanStore()
        var generator = ReportGenerator(seed: seed)
        for round in 0..<120 {
            let batch = IncomingBatch(
                reports: SpanBatch(
                    resourceSpans: (0..<6).flatMap { _ in
                        generator.batch(
                            of: generator.report(
                                TraceID(high: 1, low: UInt64.random(in: 1...40, using: &generator.random)),
                                SpanID(UInt64.random(in: 1...8, using: &generator.random)), kinds: SpanKind.some)
                        ).resourceSpans
                    }))
            try await store.append([batch])
            try await oracle.append([batch])
            guard round % 20 == 19 else { continue }
            try expectSame(
                try await store.search(SpanQuery(limit: 10_000)), try await oracle.search(SpanQuery(limit: 10_000)),
                "round \(round), SEED=\(seed)")
            #expect(try await store.services() == oracle.services(), "SEED=\(seed)")
        }
        #expect(try await store.statistics().total.runs < 100)
        try await store.compact()
        try expectSame(
            try await store.search(SpanQuery(limit: 10_000)), try await oracle.search(SpanQuery(limit: 10_000)),
            "SEED=\(seed)")
        #expect(try await store.check().faults == [])
        await store.close()
    }
}
