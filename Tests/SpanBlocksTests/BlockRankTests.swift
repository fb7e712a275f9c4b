import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageTesting
import Testing

@Suite struct BlockRankTests {
    @Test(arguments: 0..<20)
    func `every span of a block lies between its ranks, in each order and whatever the span`(round: UInt64) throws {
        var generator = ReportGenerator(seed: seed &+ round)
        var (narrow, wide) = (0, 0)
        for _ in 0..<100 {
            var set = ReportSet()
            try set.add(SpanBlocksTests.reports(generator.pick([1, 2, 5]), &generator).encoded(), withTerms: false)
            var summary = BlockSummary()
            for entry in set.entries { summary.add(span: [entry], merged: nil) }
            for order in SpanOrder.allCases {
                let ranks = set.entries.map {
                    order.rank(startUnixNano: $0.startUnixNano, durationNano: $0.durationNano)
                }
                let (first, last) = (summary.firstRank(in: order), summary.lastRank(in: order))
                #expect(ranks.allSatisfy { first <= $0 && $0 <= last }, "\(order) first, SEED=\(seed)")
                if first == ranks.min() { narrow += 1 } else { wide += 1 }
            }
        }
        // Where start and duration are those of different spans, or one lacks its own, more is let through.
        #expect(narrow > wide, "\(narrow) of \(narrow + wide) ranks were exact, SEED=\(seed)")
    }

    @Test func `the join of several reports lies between the ranks too`() throws {
        var generator = ReportGenerator(seed: seed)
        for _ in 0..<300 {
            let (trace, span) = (TraceID(high: 1, low: 1), SpanID(1))
            var set = ReportSet()
            var state = SpanState()
            for _ in 0..<generator.pick([2, 3]) {
                let batch = generator.batch(of: generator.report(trace, span, kinds: [.client]))
                try set.add(batch.encoded(), withTerms: false)
                _ = IncomingBatch(reports: batch).forEachState(leavingOut: []) { state.join($1) }
            }
            let merged = state.merged()
            var summary = BlockSummary()
            summary.add(span: set.entries, merged: merged)
            for order in SpanOrder.allCases {
                let rank = order.rank(of: merged)
                #expect(
                    summary.firstRank(in: order) <= rank && rank <= summary.lastRank(in: order),
                    "\(order) first, SEED=\(seed)")
            }
        }
    }
}
