import SpanMerge
import SpanModel
import SpanStorageTesting
import Testing

@Suite struct TraceTreeTests {
    func span(_ id: UInt64, parent: UInt64 = 0, start: UInt64 = 1, kind: SpanKind = .internal) -> MergedSpan {
        let record = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(id), parentSpanID: SpanID(parent), name: "\(id)",
            kind: kind,
            startTimeUnixNano: start, endTimeUnixNano: start + 1)
        return MergedSpan(span: record, origin: SpanOrigin())
    }

    /// `depth:name` of every node in the order of a walk.
    func shape(_ spans: [MergedSpan]) -> [String] {
        var lines: [String] = []
        TraceTree(spans).walk { node, depth in lines.append("\(depth):\(node.span.span.name)") }
        return lines
    }

    @Test func `children stand under their parents by start, whatever order the spans come in`() {
        let spans = [
            span(1), span(2, parent: 1, start: 30), span(3, parent: 1, start: 20), span(4, parent: 2, start: 5),
        ]
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            #expect(shape(spans.shuffled(using: &generator)) == ["0:1", "1:3", "1:2", "2:4"])
        }
    }

    @Test func `a span whose parent is missing is a root of its own, marked as an orphan`() {
        let tree = TraceTree([span(1), span(2, parent: 9, start: 5), span(3, parent: 2, start: 6)])
        #expect(tree.roots.map { tree.nodes[$0].span.span.name } == ["1", "2"])
        #expect(tree.nodes.map(\.attachment) == [.root, .orphan, .child])
    }

    @Test func `a circle of parents is cut at its earliest span and loses none`() {
        let spans = [
            span(1, parent: 3, start: 10), span(2, parent: 1, start: 5), span(3, parent: 2, start: 20),
            span(4, parent: 3, start: 1), span(5, parent: 5, start: 2),
        ]
        #expect(shape(spans) == ["0:5", "0:2", "1:3", "2:4", "2:1"])
        #expect(TraceTree(spans).nodes.map(\.attachment) == [.child, .cycle, .cycle, .child, .child])
    }

    @Test func `the inbound half of a shared span is the other half's child and has the children`() {
        let spans = [
            span(1, start: 1), span(2, parent: 1, start: 2, kind: .client), span(2, parent: 1, start: 3, kind: .server),
            span(3, parent: 2, start: 4),
        ]
        let tree = TraceTree(spans)
        #expect(shape(spans) == ["0:1", "1:2", "2:2", "3:3"])
        #expect(tree.nodes.map(\.attachment) == [.root, .child, .sharedHalf, .child])
        #expect(tree.nodes[3].parent == 2)
    }

    @Test func `every span of a random trace is in the tree once, however its parents run`() {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let count = UInt64.random(in: 1...40, using: &generator)
            let spans = (1...count).flatMap { id in
                [SpanKind.client, .server].prefix(Int.random(in: 1...2, using: &generator)).map { kind in
                    span(
                        id, parent: .random(in: 0...count + 2, using: &generator),
                        start: .random(in: 1...9, using: &generator), kind: kind)
                }
            }
            var seen: [SpanKey] = []
            TraceTree(spans).walk { node, _ in seen.append(node.span.key) }
            #expect(seen.sorted() == spans.map(\.key).sorted(), "SEED=\(seed)")
        }
    }
}
