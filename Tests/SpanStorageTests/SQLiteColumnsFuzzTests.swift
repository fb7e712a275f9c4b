import Foundation
import SpanBlocks
import SpanMerge
import SpanModel
import Testing

@testable import SpanStorage
@testable import SpanBlockStore
@testable import SpanStorageSQLite
@testable import SpanStorageTesting

extension SQLiteColumnsTests {
    @Test(arguments: [nil, 4 << 20])
    func `every answer is the oracle's, in runs of many blocks and in runs that are finished early`(memory: Int?)
        async throws
    {
        let store = try await open(memory: memory)
        let oracle = InMemorySpanStore()
        var generator = ReportGenerator(seed: seed)
        var filters = FilterGenerator(seed: seed + 1)
        var told = 0
        for round in 0..<4 {
            var batches: [IncomingBatch] = []
            for _ in 0..<12 {
                var batch = generator.batch(spans: 60, traces: 60, spansPerTrace: 200)
                // One report for most spans, and starts of this time.
                for resource in batch.resourceSpans.indices {
                    for scope in batch.resourceSpans[resource].scopeSpans.indices {
                        for index in batch.resourceSpans[resource].scopeSpans[scope].spans.indices {
                            var span = batch.resourceSpans[resource].scopeSpans[scope].spans[index]
                            if !generator.chance(3) { span.spanID = SpanID(generator.random.next() | 1) }
                            if !generator.chance(5) {
                                span.startTimeUnixNano =
                                    Self.now + UInt64.random(in: 0...20_000_000, using: &generator.random)
                            }
                            if span.endTimeUnixNano != 0, !generator.chance(10) {
                                span.endTimeUnixNano =
                                    span.startTimeUnixNano &+ UInt64.random(in: 0...2000, using: &generator.random)
                            }
                            batch.resourceSpans[resource].scopeSpans[scope].spans[index] = span
                        }
                    }
                }
                batches.append(IncomingBatch(reports: batch, receivedAtUnixNano: Self.now + 1_000_000_000))
            }
            try await store.append(batches)
            try await oracle.append(batches)
            if round == 2 { try await store.compact() }
            guard round >= 2 else { continue }
            var sorted: [SpanOrder: [MergedSpan]] = [:]
            for order in SpanOrder.allCases {
                sorted[order] = try await oracle.search(SpanQuery(order: order, limit: 10_000))
            }
            for number in 0..<6 {
                let filter = filters.filter(depth: [0, 0, 1, 2][number % 4])
                for order in SpanOrder.allCases {
                    var query = SpanQuery(filter: filter, order: order, limit: generator.pick([1, 5, 20, 200]))
                    for _ in 0..<2 {
                        let own = try await store.search(query)
                        let expected = Array(sorted[order]!.lazy.filter { query.matches($0) }.prefix(query.limit))
                        do {
                            try expectSame(
                                own, expected, "\(filter.text), \(order), \(query.limit), round \(round), SEED=\(seed)")
                        } catch {
                            Issue.record(error)
                            return
                        }
                        query.after = expected.last.map { SpanCursor($0, order: order) }
                        if query.after == nil { break }
                    }
                }
            }
            for number in 0..<4 {
                let low = generator.pick([
                    0, 0, 1, 1000, Self.now + .random(in: 0...20_000_000, using: &generator.random),
                ])
                let high = generator.pick([
                    .max, .max, .max - 1, 1 << 63, Self.now + .random(in: 0...20_000_000, using: &generator.random),
                ])
                if low > high { continue }
                let scan = SpanScan(
                    starts: low...high, filter: number % 3 == 0 ? .everything : filters.filter(depth: number % 2))
                let (own, expected) = (try await store.dependencies(scan), try await oracle.dependencies(scan))
                let step: UInt64 = generator.pick([0, 1, 1_000_000, 3_000_000, 1_500_000, 1 << 62])
                let query = LatencyQuery(scan, stepNano: step)
                #expect(
                    try await store.latency(query) == oracle.latency(query),
                    "\(scan.starts) \(scan.filter.text) \(step) round \(round) SEED=\(seed)")
                #expect(
                    try await store.operations(scan) == oracle.operations(scan),
                    "\(scan.starts) \(scan.filter.text) round \(round) SEED=\(seed)")
                let connection = try Connection(path: path, mode: .readOnly)
                let blocks = BlockReader(try SQLiteLedger(connection))
                let passes = try blocks.inOneView { () throws(SpanStoreError) in
                    try CallGraphBuilder(scan, try StoreView(blocks), rowsAtOnce: 97).graph()
                }
                connection.close()
                if let passes, passes != expected {
                    Issue.record("passes \(scan.starts) \(scan.filter.text) round \(round) SEED=\(seed)")
                    return
                }
                if passes != nil { told += 1 }
                if own != expected {
                    Issue.record(
                        "dependencies \(scan.starts) \(scan.filter.text) round \(round) SEED=\(seed) \(own.edges.count) \(expected.edges.count)"
                    )
                    return
                }
            }
        }
        try await store.compact()
        #expect(told > 0)
        #expect(try await store.check().faults == [], "SEED=\(seed)")
        await store.close()
    }
}
