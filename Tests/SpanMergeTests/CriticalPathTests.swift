import SpanMerge
import SpanModel
import SpanStorageTesting
import Testing

@Suite struct CriticalPathTests {
    /// `id start-end` of each segment.
    private func path(_ spans: [MergedSpan]) -> [String] {
        let tree = TraceTree(spans)
        return CriticalPath(tree, root: tree.roots[0]).segments.map {
            "\(tree.nodes[$0.node].span.span.spanID.value) \($0.startUnixNano)-\($0.endUnixNano)"
        }
    }

    @Test func `calls one after the other are on the path, the time between them is the caller's`() {
        let spans = [
            timed(1, (100, 200)), timed(2, parent: 1, (110, 140)), timed(3, parent: 1, (150, 190)),
            timed(4, parent: 3, (160, 170)),
        ]
        #expect(
            path(spans) == [
                "1 100-110", "2 110-140", "1 140-150", "3 150-160", "4 160-170", "3 170-190", "1 190-200",
            ])
    }

    @Test func `of children at the same time, the one that ended last is on the path`() {
        let spans = [
            timed(1, (100, 200)), timed(2, parent: 1, (110, 190)), timed(3, parent: 1, (110, 150)),
            timed(4, parent: 1, (105, 120)),
        ]
        #expect(path(spans) == ["1 100-110", "2 110-190", "1 190-200"])
    }

    @Test func `a child that ends after its parent is not on the path but named, as is one that still runs`() {
        let spans = [
            timed(1, (100, 200)), timed(2, parent: 1, (120, 300)), timed(3, parent: 1, (130, 0)),
            timed(4, parent: 1, (150, 180)), timed(5, parent: 2, (130, 290)), timed(6, parent: 4, (160, 181)),
        ]
        #expect(path(spans) == ["1 100-150", "4 150-180", "1 180-200"])
        let tree = TraceTree(spans)
        let outliving = CriticalPath(tree, root: tree.roots[0]).outliving
        #expect(outliving.map { tree.nodes[$0].span.span.spanID.value } == [2, 3, 6])
    }

    @Test func `while the root runs, the path goes to the last time that is known`() {
        let spans = [timed(1, (100, 0)), timed(2, parent: 1, (110, 140)), timed(3, parent: 1, (150, 0))]
        #expect(path(spans) == ["1 100-110", "2 110-140", "1 140-150"])
        var event = timed(4, parent: 3, (160, 0))
        event.span.events = [SpanEvent(timeUnixNano: 170, name: "e")]
        #expect(path(spans + [event]) == ["1 100-110", "2 110-140", "1 140-150", "3 150-160", "4 160-170"])
        let tree = TraceTree(spans)
        #expect(CriticalPath(tree, root: 0).isSoFar)
        #expect(path([timed(1, (100, 100))]).isEmpty && path([timed(1, (0, 100))]).isEmpty)
    }

    @Test func `segments are disjoint, in order and cover the root's time, each within its span's`() {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let tree = TraceTree(wildTrace(&generator))
            for root in tree.nodes.indices {
                let path = CriticalPath(tree, root: root)
                let span = tree.nodes[root].span.span
                let end = span.isEnded ? span.endTimeUnixNano : tree.lastKnownUnixNano
                guard span.startTimeUnixNano != 0, end > span.startTimeUnixNano else {
                    #expect(path.segments.isEmpty)
                    continue
                }
                #expect(path.segments.first?.startUnixNano == span.startTimeUnixNano)
                #expect(path.segments.last?.endUnixNano == end)
                for (one, next) in zip(path.segments, path.segments.dropFirst()) {
                    #expect(one.endUnixNano == next.startUnixNano && one.node != next.node)
                }
                for segment in path.segments {
                    let on = tree.nodes[segment.node].span.span
                    #expect(segment.startUnixNano < segment.endUnixNano)
                    #expect(on.startTimeUnixNano <= segment.startUnixNano)
                    #expect(!on.isEnded || segment.endUnixNano <= on.endTimeUnixNano)
                }
            }
        }
    }

    @Test func `a chain of 100,000 spans has a path`() {
        let count: UInt64 = 100_000
        let spans = (1...count).map { timed($0, parent: $0 - 1, ($0, 10 * count - $0)) }
        let tree = TraceTree(spans)
        #expect(CriticalPath(tree, root: 0).segments.count == 2 * Int(count) - 1)
    }
}
