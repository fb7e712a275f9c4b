import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageTesting
import Synchronization
import Testing

@testable import SpanBlockStore
@testable import SpanStorageSQLite

/// Random worlds: two stores on one file, all that can be done to them in any order, and every answer the oracle's.
@Suite struct SQLiteWorldsTests {
    private static let hour: UInt64 = 3_600_000_000_000
    /// 2026-01-01T00:00:00Z.
    private static let base: UInt64 = 1_767_225_600_000_000_000

    /// What a world is like.
    private struct World {
        var generator: ReportGenerator
        let traces: UInt64
        let spansPerTrace: UInt64
        /// Of a hundred reports, how many have a start or an origin of their own.
        let wildStarts: Int
        let wildOrigins: Int
        let groupSize: Int
        let options: SQLiteSpanStore.Options
        /// So that some come again.
        private var past: [[IncomingBatch]] = []

        init(seed: UInt64) {
            generator = ReportGenerator(seed: seed)
            traces = generator.pick([3, 9, 40, 200])
            spansPerTrace = generator.pick([2, 5, 12])
            wildStarts = generator.pick([0, 3, 10, 50, 100])
            wildOrigins = generator.pick([0, 0, 5, 50])
            groupSize = generator.pick([4, 20, 60])
            var options = SQLiteSpanStore.Options(
                memoryBytes: 4 << 20, compactsInBackground: generator.chance(30))
            options.maxMergedReports = generator.pick([nil, 8, 16, 40, 120])
            self.options = options
        }

        private mutating func report() -> IncomingBatch {
            let trace = UInt64.random(in: 1...traces, using: &generator.random)
            let id = UInt64.random(in: 1...spansPerTrace, using: &generator.random)
            let isWild = generator.chance(wildOrigins)
            var report = generator.report(
                TraceID(high: 3, low: trace), SpanID(id), kinds: isWild ? SpanKind.some : [.client])
            let tame = base + (trace &* 7919 &+ id &* 104_729) % 10_800 * 1_000_000_000 + id
            let starts: [UInt64] = [
                0, 1, base - 30 * hour, base - 2 * hour, base - hour, base - 1, base, base + 1, base + hour / 2,
                base + 2 * hour + 5, base + 10 * hour, base + 876_000 * hour,
            ]
            report.startTimeUnixNano = generator.chance(wildStarts) ? generator.pick(starts) : tame
            if report.endTimeUnixNano != 0 {
                let duration = UInt64.random(in: 0...5_000_000_000, using: &generator.random)
                report.endTimeUnixNano = generator.chance(wildStarts) ? generator.pick(starts) : tame + duration
            }
            let reports =
                isWild
                ? generator.batch(of: report) : TraceGenerator.reports("s\(trace % 3)", instance: "", [report])
            let half = UInt64.random(in: 0...6, using: &generator.random)
            return IncomingBatch(reports: reports, receivedAtUnixNano: base + half * hour / 2)
        }

        mutating func group() -> [IncomingBatch] {
            if generator.chance(10), let old = past.randomElement(using: &generator.random) { return old }
            let group = (0..<Int.random(in: 1...groupSize, using: &generator.random)).map { _ in report() }
            if past.count < 20 { past.append(group) }
            return group
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `whatever is done to a file, and by whom, every answer is the oracle's`(number: UInt64) async throws {
        let folder = try TemporaryFolder()
        let oracle = InMemorySpanStore()
        var world = World(seed: seed &* 4 &+ number)
        let options = world.options
        func open() async throws -> SQLiteSpanStore {
            try await SQLiteSpanStore.open(path: folder.file("a.db"), mode: .readWrite, options: options)
        }
        var stores = [try await open(), try await open()]
        let favourite = world.generator.pick([50, 90])
        for step in 0..<48 {
            let place = "world \(number), step \(step), SEED=\(seed)"
            let one = world.generator.chance(favourite) ? 0 : 1
            switch Int.random(in: 0..<100, using: &world.generator.random) {
            case ..<62:
                let group = world.group()
                let result = try await stores[one].append(group)
                #expect(try await oracle.append(group) == result, "\(place)")
            case ..<72: try await stores[one].compact()
            case ..<80:
                let groups = [world.group(), world.group()]
                let open = stores
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for store in open { tasks.addTask { try await store.compact() } }
                    tasks.addTask {
                        for (store, group) in zip(open, groups) { try await store.append(group) }
                    }
                    try await tasks.waitForAll()
                }
                for group in groups { try await oracle.append(group) }
            case ..<88:
                await stores[one].close()
                stores[one] = try await open()
            case ..<95:
                let trace = TraceID(
                    high: 3, low: .random(in: 1...world.traces + 5, using: &world.generator.random))
                let now = Self.base + UInt64(step)
                let spans = try await stores[one].deleteTrace(trace, nowUnixNano: now)
                #expect(try await oracle.deleteTrace(trace, nowUnixNano: now) == spans, "\(place)")
            default:
                // No start lies between the border and its hour.
                let policy = RetentionPolicy(maxAgeNano: 24 * Self.hour)
                let now = Self.base + 4 * Self.hour + UInt64(step)
                let spans = try await stores[one].enforce(policy, nowUnixNano: now).spans
                #expect(try await oracle.enforce(policy, nowUnixNano: now).spans == spans, "\(place)")
            }
            guard step % 12 == 11 else { continue }
            try await expectSameAnswers(stores[step / 12 % 2], oracle, &world.generator, place)
            if !options.compactsInBackground { try expectSettledOnce(folder.file("a.db"), place) }
        }
        #expect(try await stores[0].check().faults == [])
        for store in stores { await store.close() }
        withExtendedLifetime(folder) {}
    }

    private func expectSameAnswers(
        _ store: SQLiteSpanStore, _ oracle: InMemorySpanStore, _ generator: inout ReportGenerator, _ place: String
    ) async throws {
        #expect(try await store.services() == oracle.services(), "\(place)")
        let times: [UInt64] = [
            0, 1, 2, Self.base - 30 * Self.hour, Self.base - Self.hour, Self.base - 1, Self.base, Self.base + 1,
            Self.base + Self.hour + 1_234_567, Self.base + 3 * Self.hour, .max,
        ]
        let bounds = [generator.pick(times), generator.pick(times)].sorted()
        for starts in [0...UInt64.max, 0...1, bounds[0]...bounds[1]] {
            let scan = SpanScan(starts: starts)
            let filter = try #require(SpanFilter.compare(.start, .lessOrEqual, .time(starts.upperBound)))
            let query = SpanQuery(
                sinceUnixNano: starts.lowerBound, filter: filter, order: generator.pick(SpanOrder.allCases),
                limit: generator.pick([7, 10_000]))
            try await expectSame(store, oracle, query, place)
            let merged = Mutex<[MergedSpan]>([])
            try await store.forEachSpan(startingIn: starts) { span in merged.withLock { $0.append(span) } }
            let expected = try await oracle.scan(scan, into: []) { (all: inout [MergedSpan], spans) in
                all += spans
                return true
            }
            let (found, meant) = (
                merged.withLock { $0 }.sorted { $0.key < $1.key }, expected.sorted { $0.key < $1.key }
            )
            #expect(found.map(\.fingerprint) == meant.map(\.fingerprint), "\(starts), \(place)")
            #expect(try await store.operations(scan) == oracle.operations(scan), "\(starts), \(place)")
            #expect(try await store.dependencies(scan) == oracle.dependencies(scan), "\(starts), \(place)")
            #expect(try await store.errors(scan) == oracle.errors(scan), "\(starts), \(place)")
            let latency = LatencyQuery(scan, stepNano: generator.pick([0, Self.hour]))
            #expect(try await store.latency(latency) == oracle.latency(latency), "\(starts), \(place)")
        }
        var filters = FilterGenerator(seed: generator.random.next())
        for _ in 0..<6 {
            let query = SpanQuery(
                filter: filters.filter(depth: 2), order: generator.pick(SpanOrder.allCases),
                limit: generator.pick([3, 10_000]))
            try await expectSame(store, oracle, query, place)
        }
    }

    private func expectSame(
        _ store: SQLiteSpanStore, _ oracle: InMemorySpanStore, _ query: SpanQuery, _ place: String
    ) async throws {
        let (found, expected) = (try await store.search(query), try await oracle.search(query))
        #expect(found.map(\.fingerprint) == expected.map(\.fingerprint), "\(query), \(place)")
    }

    /// Of a span's reports one group is settled at the most; loose runs say where the others start.
    private func expectSettledOnce(_ path: String, _ place: String) throws {
        let reader = BlockReader(try SQLiteLedger(try Connection(path: path, mode: .readOnly)))
        var settled: Set<SpanKey> = []
        var starts: [SpanKey: [UInt64]] = [:]
        var ranges: [SpanKey: [ClosedRange<UInt64>]] = [:]
        var twice: [SpanKey] = []
        try reader.inOneView { () throws(SpanStoreError) in
            for run in try reader.runs() {
                for number in 0..<run.blocks {
                    let set = try reader.reports(run, number)
                    try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
                        if run.kind == .loose { return ranges[key, default: []].append(run.starts) }
                        if run.kind == .settled, !settled.insert(key).inserted { twice.append(key) }
                        starts[key, default: []].append(try set.stored(members).merged().span.startTimeUnixNano)
                    }
                }
            }
        }
        #expect(twice == [], "\(place)")
        for (key, ranges) in ranges {
            for start in starts[key] ?? [] where !ranges.contains(where: { $0.contains(start) }) {
                Issue.record("no loose range covers \(start) of \(key), \(place)")
            }
        }
    }
}
