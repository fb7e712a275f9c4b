import Foundation
import SpanModel
import SpanMerge
import SpanStorage
import Testing

@testable import SpanStorageSQLite
@testable import SpanStorageTesting

@Suite struct SQLiteSearchOrderTests {
    let folder = try! TemporaryFolder()
    var path: String { folder.file("spans.db") }

    private static let now: UInt64 = 1_785_585_600_000_000_000
    private static let hour: UInt64 = 3_600_000_000_000

    /// Spans of three hours in merged runs, a block for each 512 of them.
    private func fill(_ durationNano: (inout SeededGenerator) -> UInt64) async throws -> [MergedSpan] {
        let options = SQLiteSpanStore.Options(compactsInBackground: false)
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite, options: options)
        var random = SeededGenerator(seed: seed)
        for group in UInt64(0)..<12 {
            let spans = (UInt64(0)..<2048).map { number in
                let start = Self.now + (group * 2048 + number) * (3 * Self.hour / (12 * 2048))
                return SpanRecord(
                    traceID: TraceID(high: 1, low: random.next()), spanID: SpanID(group * 2048 + number + 1), name: "s",
                    startTimeUnixNano: start, endTimeUnixNano: start + durationNano(&random))
            }
            let scope = ScopeSpans(scope: nil, spans: spans)
            try await store.append([
                IncomingBatch(
                    reports: SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])]),
                    receivedAtUnixNano: Self.now + group * Self.hour / 4 + Self.hour / 4)
            ])
        }
        try await store.compact()
        var all: [MergedSpan] = []
        var query = SpanQuery(limit: 10_000)
        repeat {
            let page = try await store.search(query)
            all += page
            query.after = page.last.map { SpanCursor($0, order: .newest) }
        } while query.after != nil
        await store.close()
        #expect(all.count == 12 * 2048)
        return all
    }

    /// What is known of a block without reading it.
    private struct Block {
        var id, minStart, maxStart, minDuration, maxDuration: Int64
    }

    private func blocks() throws -> [Block] {
        let connection = try Connection(path: path, mode: .readOnly)
        defer { connection.close() }
        let rows = try connection.prepare("SELECT id, min_start, max_start, min_duration, max_duration FROM block")
        var blocks: [Block] = []
        while try rows.step() {
            blocks.append(
                Block(
                    id: rows.integer(0), minStart: rows.integer(1), maxStart: rows.integer(2),
                    minDuration: rows.integer(3), maxDuration: rows.integer(4)))
        }
        return blocks
    }

    /// Whether a block may have a span that comes before that one or is it.
    private static func mayReach(_ span: MergedSpan, _ block: Block, _ order: SpanOrder) -> Bool {
        let (start, duration) = (Int64(span.span.startTimeUnixNano), span.durationNano ?? 0)
        return switch order {
        case .newest: block.maxStart >= start
        case .oldest: block.minStart <= start
        case .longest: (block.maxDuration, block.maxStart) >= (duration, start)
        case .shortest: (-block.minDuration, block.maxStart) >= (-duration, start)
        }
    }

    /// Holds the first spans to be found where every block that cannot have them is damaged.
    private func expectFew(_ all: [MergedSpan], limit: Int) async throws {
        for order in SpanOrder.allCases {
            let expected = Array(all.sorted(by: SpanStoreContract.naivePrecedes(order)).prefix(limit))
            let last = try #require(expected.last)
            let blocks = try blocks()
            let meant = blocks.filter { Self.mayReach(last, $0, order) }
            #expect(blocks.count >= 48 && meant.count <= limit + 16, "\(meant.count) of \(blocks.count) blocks")
            let copy = folder.file("\(order).db")
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            let connection = try Connection(path: copy, mode: .readWrite)
            let ids = meant.map { String($0.id) }.joined(separator: ", ")
            try connection.execute("UPDATE block_data SET data = x'00' WHERE id NOT IN (\(ids))")
            connection.close()
            let store = try await SQLiteSpanStore.open(path: copy, mode: .readOnly)
            var query = SpanQuery(order: order, limit: limit)
            try expectSame(try await store.search(query), expected, "\(order) first, SEED=\(seed)")
            // Page by page too.
            query.limit = limit / 2
            let first = try await store.search(query)
            query.after = first.last.map { SpanCursor($0, order: order) }
            try expectSame(first + (try await store.search(query)), expected, "pages, \(order) first, SEED=\(seed)")
            let error = await #expect(throws: SpanStoreError.self) {
                try await store.search(SpanQuery(order: order, limit: 10_000))
            }
            #expect(error?.code == .corrupt)
            await store.close()
        }
    }

    @Test func `a search reads no block that cannot have its first spans, in any order`() async throws {
        try await expectFew(try await fill { UInt64.random(in: 1...1_000_000_000_000, using: &$0) }, limit: 20)
    }

    @Test func `it reads few blocks too where the shortest and the longest durations are those of many spans`()
        async throws
    {
        try await expectFew(
            try await fill { random in
                switch Int.random(in: 0..<10, using: &random) {
                case 0...2: 0
                case 3: 30_000_000_000
                default: UInt64.random(in: 1..<30_000_000_000, using: &random)
                }
            }, limit: 20)
    }
}
