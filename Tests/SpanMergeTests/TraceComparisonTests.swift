import SpanMerge
import SpanModel
import SpanStorageTesting
import Testing

@Suite struct TraceComparisonTests {
    @Test func `spans meet by the path of services and operations; each side has its own count, time and failures`() {
        let left = [
            timed(1, (100, 200), service: "web", name: "GET"),
            timed(2, parent: 1, (110, 120), service: "cart", name: "load"),
            timed(3, parent: 1, (130, 150), service: "cart", name: "load"),
            timed(4, parent: 3, (135, 140), service: "db", name: "read"),
        ]
        let right = [
            timed(7, (1100, 1300), service: "web", name: "GET"),
            timed(8, parent: 7, (1110, 1180), service: "cart", name: "load", error: true),
            timed(9, parent: 7, (1200, 0), service: "mail", name: "send"),
            timed(10, parent: 8, (1120, 1130), service: "cache", name: "read"),
        ]
        let rows = TraceComparison(TraceTree(left), TraceTree(right)).rows
        #expect(
            rows.map { "\($0.depth) \($0.service) \($0.operation)" } == [
                "0 web GET", "1 cart load", "2 db read", "2 cache read", "1 mail send",
            ])
        #expect(rows.map(\.left.spans) == [1, 2, 1, 0, 0] && rows.map(\.right.spans) == [1, 1, 0, 1, 1])
        #expect(rows.map(\.left.durationNano) == [100, 30, 5, 0, 0])
        #expect(rows.map(\.right.selfTimeNano) == [30, 60, 0, 10, 0])
        #expect(rows[1].right.errors == 1 && rows[4].right.running == 1 && rows[1].left.errors == 0)
        #expect(rows.map(\.parent) == [nil, 0, 1, 1, 0])
        #expect(rows[0].selfTimeDifferenceNano == -40 && rows[0].hasSameShape && !rows[1].hasSameShape)
    }

    @Test func `a trace beside itself has the same on both sides, and beside another one all spans of both`() {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let (one, other) = (wildTrace(&generator), wildTrace(&generator))
            let same = TraceComparison(TraceTree(one), TraceTree(one.shuffled(using: &generator)))
            #expect(same.rows.allSatisfy { $0.left == $0.right && $0.hasSameShape })
            let both = TraceComparison(TraceTree(one), TraceTree(other)).rows
            #expect(both.reduce(0) { $0 + $1.left.spans } == one.count)
            #expect(both.reduce(0) { $0 + $1.right.spans } == other.count)
            let mirrored = TraceComparison(TraceTree(other), TraceTree(one)).rows
            #expect(Set(both.map(\.mirrored)) == Set(mirrored.map(\.plain)))
            for (index, row) in both.enumerated() {
                #expect(row.parent.map { $0 < index && both[$0].depth == row.depth - 1 } ?? (row.depth == 0))
            }
        }
    }

    @Test func `two spellings of one letter are two operations`() {
        let rows = TraceComparison(
            TraceTree([timed(1, (1, 2), name: "é")]), TraceTree([timed(1, (1, 2), name: "e\u{301}")])
        ).rows
        #expect(rows.count == 2)
    }
}

extension TraceComparison.Row {
    fileprivate var plain: TraceComparison.Row {
        var row = self
        row.parent = nil
        return row
    }

    fileprivate var mirrored: TraceComparison.Row {
        var row = plain
        (row.left, row.right) = (right, left)
        return row
    }
}
