import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageTesting
import Testing

@testable import SpanBlockStore
@testable import SpanStorageSQLite

/// Filters that tell the first report of a span from a further one.
@Suite struct StoredSpansTests {
    private static let minute: UInt64 = 60_000_000_000

    /// The report of a span, `spans` of them to a trace.
    private static func report(_ number: UInt64, spans: UInt64 = 5, start: UInt64 = 1) -> HashedReport {
        let key = SpanKey(traceID: TraceID(high: 1, low: number / spans), spanID: SpanID(number), side: .other)
        return HashedReport(
            key: key.stableHash, content: 0, trace: TraceHash(key), startUnixNano: start)
    }

    private static func emptyFile(_ folder: TemporaryFolder) async throws -> Connection {
        await (try SQLiteSpanStore.open(path: folder.file("a.db"), mode: .readWrite)).close()
        return try Connection(path: folder.file("a.db"), mode: .readOnly)
    }

    @Test(arguments: [1, 5, 40] as [UInt64])
    func `no span that is stored is called new, whatever filters had to go; one that is not seldom is called known`(
        spansPerTrace: UInt64
    ) async throws {
        let folder = try TemporaryFolder()
        var random = SeededGenerator(seed: seed)
        var stored = StoredSpans(maxBytes: 256 << 10)
        try stored.load(try SQLiteLedger(try await Self.emptyFile(folder)), nowUnixNano: 0)
        #expect(stored.areNew([]).isEmpty)
        var count: UInt64 = 0
        var forgettings: Set<UInt64> = []
        while count < 600_000 {
            let next = count + 15_000
            // Each starts when it comes, and a second is a thousand reports.
            let group = (count..<next).map { Self.report($0, spans: spansPerTrace, start: $0 * 1_000_000) }
            let news = stored.areNew(group)
            let known = news.lazy.filter { !$0 }.count
            #expect(known < 150, "\(known) of 15,000 after \(count), SEED=\(seed)")
            stored.insert(group, nowUnixNano: next * 1_000_000)
            count = next
            let asked = (0..<1000).map { _ in
                let number = UInt64.random(in: 0..<count, using: &random)
                return Self.report(number, spans: spansPerTrace, start: number * 1_000_000)
            }
            #expect(!stored.areNew(asked).contains(true), "after \(count), SEED=\(seed)")
            if let forgotten = stored.forgottenUntilUnixNano { forgettings.insert(forgotten) }
        }
        // Of large traces there is room for all, of traces of one span there is not.
        #expect(forgettings.count > 1 || spansPerTrace > 1)
        #expect(forgettings.isEmpty || spansPerTrace < 40)
        #expect(!forgettings.contains { $0 >= count * 1_000_000 - Self.minute })
        _ = folder
    }

    @Test func `what a file has is known, of runs and of segments, or is forgotten where there is no room for it`()
        async throws
    {
        let folder = try TemporaryFolder()
        let store = try await SQLiteSpanStore.open(
            path: folder.file("a.db"), mode: .readWrite,
            options: SQLiteSpanStore.Options(memoryBytes: 4 << 20, compactsInBackground: false))
        for group in 0..<8 as Range<UInt64> {
            let spans = (group * 2000..<(group + 1) * 2000).map { number in
                SpanRecord(
                    traceID: TraceID(high: 1, low: number / 5), spanID: SpanID(number), name: "s", kind: .client,
                    startTimeUnixNano: number + 1, endTimeUnixNano: number + 2)
            }
            let scope = ScopeSpans(scope: nil, spans: spans)
            let reports = SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])])
            try await store.append([IncomingBatch(reports: reports)])
            if group == 5 { try await store.compact() }
        }
        await store.close()
        let connection = try Connection(path: folder.file("a.db"), mode: .readOnly)
        var stored = StoredSpans(maxBytes: 1 << 20)
        #expect(!stored.isLoaded)
        try stored.load(try SQLiteLedger(connection), nowUnixNano: 5)
        #expect(stored.isLoaded && stored.forgottenUntilUnixNano == nil)
        #expect(!stored.areNew((0..<16_000).map { Self.report($0) }).contains(true))
        let news = stored.areNew((16_000..<32_000).map { Self.report($0) }).lazy.filter { $0 }.count
        #expect(news > 15_900)

        var small = StoredSpans(maxBytes: 1 << 10)
        try small.load(try SQLiteLedger(connection), nowUnixNano: 5)
        #expect(small.forgottenUntilUnixNano == 5)
        let late = (16_000..<16_010).map { Self.report($0, start: 5 + Self.minute) }
        #expect(!small.areNew(late).contains(true))
        let young = (16_000..<16_010).map { Self.report($0, start: 6 + Self.minute) }
        #expect(!small.areNew(young).contains(false))
        // Another process stores more: what is known of own reports stays so until it is looked at.
        small.insert(young, nowUnixNano: 6)
        small.noteOthers()
        #expect(!small.isLoaded)
        #expect(!small.areNew(young).contains(true))
    }
}
