import SpanMerge
import SpanModel
import SpanStorageTesting
import Testing

@Suite struct SelfTimeTests {
    private func selfTimes(_ spans: [MergedSpan]) -> [UInt64: Int64?] {
        let tree = TraceTree(spans)
        return Dictionary(
            uniqueKeysWithValues: zip(tree.nodes.map(\.span.span.spanID.value), tree.selfTimesNano()))
    }

    @Test func `a span's self time is what none of its children covers, however they overlap and stick out`() {
        let times = selfTimes([
            timed(1, (100, 200)), timed(2, parent: 1, (110, 130)), timed(3, parent: 1, (120, 150)),
            timed(4, parent: 1, (190, 260)), timed(5, parent: 4, (50, 195)),
        ])
        #expect(times == [1: 50, 2: 20, 3: 30, 4: 65, 5: 145])
    }

    @Test
    func `running children cover the rest of their parent, unknown starts nothing, a running span has no self time`() {
        let times = selfTimes([
            timed(1, (100, 200)), timed(2, parent: 1, (170, 0)), timed(3, parent: 1, (0, 160)),
            timed(4, (300, 250)), timed(5, parent: 4, (250, 300)),
        ])
        #expect(times == [1: 70, 2: Int64?.none, 3: Int64?.none, 4: 0, 5: 50])
    }

    @Test func `self times are those of a count, instant by instant`() {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let tree = TraceTree(wildTrace(&generator))
            for (index, selfTime) in tree.selfTimesNano().enumerated() {
                let span = tree.nodes[index].span.span
                guard tree.nodes[index].span.durationNano != nil else {
                    #expect(selfTime == nil)
                    continue
                }
                let own = (0..<200).filter { instant in
                    let instant = UInt64(instant)
                    guard span.startTimeUnixNano <= instant, instant < span.endTimeUnixNano else { return false }
                    return !tree.nodes[index].children.contains { child in
                        let child = tree.nodes[child].span.span
                        return child.startTimeUnixNano != 0 && child.startTimeUnixNano <= instant
                            && (child.endTimeUnixNano == 0 || instant < child.endTimeUnixNano)
                    }
                }
                #expect(selfTime == Int64(own.count))
            }
        }
    }
}
