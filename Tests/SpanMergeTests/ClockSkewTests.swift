import SpanMerge
import SpanModel
import SpanStorageTesting
import Testing

@Suite struct ClockSkewTests {
    private func call(
        _ id: UInt64, parent: UInt64, from: String, to: String, _ client: (UInt64, UInt64), _ server: (UInt64, UInt64)
    ) -> [MergedSpan] {
        [
            timed(id, parent: parent, client, kind: .client, service: from, host: from),
            timed(id + 1, parent: id, server, kind: .server, service: to, host: to),
        ]
    }

    private func skew(_ spans: [MergedSpan]) -> [String: ClockSkew.Clock] {
        Dictionary(uniqueKeysWithValues: ClockSkew(TraceTree(spans)).clocks.map { ($0.name, $0) })
    }

    @Test func `a callee that lies within its caller has a clock that agrees`() {
        let clocks = skew(call(1, parent: 0, from: "a", to: "b", (1000, 2000), (1001, 1999)))
        #expect(clocks["a"]?.finding == .reference && clocks["b"]?.finding == .agrees)
        #expect(ClockSkew(TraceTree(call(1, parent: 0, from: "a", to: "b", (1, 9), (2, 8)))).skewed.isEmpty)
    }

    @Test func `a callee that sticks out is ahead or behind by the middle of what its calls allow`() {
        // The truth: b is 500 ahead, each way takes 20 and 40.
        let spans =
            call(1, parent: 0, from: "a", to: "b", (1000, 1100), (1520, 1560))
            + call(3, parent: 0, from: "a", to: "b", (1200, 1250), (1710, 1740))
        let clock = skew(spans)["b"]
        // From the first call 460 to 520, from the second 490 to 510.
        #expect(clock?.finding == .skewed && clock?.aheadNano == 500 && clock?.uncertaintyNano == 10)
        let behind = skew(call(1, parent: 0, from: "a", to: "b", (1000, 1100), (420, 460)))["b"]
        #expect(behind?.aheadNano == -610 && behind?.uncertaintyNano == 30)
    }

    @Test func `a clock is told over the clocks between, against the direction of calls too`() {
        let spans =
            call(1, parent: 0, from: "a", to: "b", (1000, 1100), (1540, 1560))
            + call(3, parent: 2, from: "b", to: "c", (1545, 1555), (1046, 1054))
        let clocks = skew(spans)
        #expect(clocks["b"]?.aheadNano == 500 && clocks["c"]?.aheadNano == 0)
        #expect(clocks["c"]?.finding == .agrees)
    }

    @Test func `calls that contradict one another, or took longer at the callee, correct nothing`() {
        let spans =
            call(1, parent: 0, from: "a", to: "b", (1000, 1010), (1501, 1509))
            + call(3, parent: 0, from: "a", to: "b", (2000, 2010), (2901, 2909))
        #expect(skew(spans)["b"]?.finding == .inconsistent)
        #expect(ClockSkew(TraceTree(spans)).corrected(spans) == spans)
        #expect(skew(call(1, parent: 0, from: "a", to: "b", (1000, 1010), (1500, 1600)))["b"]?.finding == .unknown)
    }

    @Test func `services of one host have one clock; without hosts each service has its own`() {
        let one = ClockSkew(
            TraceTree([
                timed(1, (10, 20), kind: .client, service: "a", host: "h"),
                timed(2, parent: 1, (30, 35), kind: .server, service: "b", host: "h"),
            ]))
        #expect(one.clocks.map(\.services) == [["a", "b"]] && one.skewed.isEmpty)
        let two = ClockSkew(
            TraceTree([
                timed(1, (10, 20), kind: .client, service: "a"),
                timed(2, parent: 1, (30, 35), kind: .server, service: "b"),
            ]))
        #expect(two.skewed.map(\.name) == ["b"])
    }

    @Test func `whatever the offsets of clocks, each is found within its uncertainty, and correcting keeps durations`()
    {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let offsets = ["a": 0, "b": 1_000_000, "c": -2_000_000, "d": 30_000].mapValues { offset in
                offset == 0 ? 0 : offset + Int64.random(in: 0...5000, using: &generator)
            }
            var spans = [timed(1, (10_000_000, 10_100_000), kind: .server, service: "a", host: "a")]
            var callers: [(id: UInt64, host: String, start: UInt64, end: UInt64)] = [
                (1, "a", 10_000_000, 10_100_000)
            ]
            for id in stride(from: UInt64(2), to: 20, by: 2) {
                let caller = callers.randomElement(using: &generator)!
                let host = ["b", "c", "d"].randomElement(using: &generator)!
                let quarter = (caller.end - caller.start) / 4
                guard quarter > 20, host != caller.host else { continue }
                let client = (caller.start + quarter, caller.end - quarter)
                let server = (client.0 + .random(in: 1...9, using: &generator), client.1 - 5)
                func at(_ host: String, _ range: (UInt64, UInt64)) -> (UInt64, UInt64) {
                    let offset = offsets[host]!
                    return (UInt64(Int64(range.0) + offset), UInt64(Int64(range.1) + offset))
                }
                spans.append(
                    timed(
                        id, parent: caller.id, at(caller.host, client), kind: .client, service: caller.host,
                        host: caller.host))
                spans.append(timed(id + 1, parent: id, at(host, server), kind: .server, service: host, host: host))
                callers.append((id + 1, host, server.0, server.1))
            }
            let skew = ClockSkew(TraceTree(spans))
            for clock in skew.clocks {
                #expect(clock.finding != .inconsistent && clock.finding != .unknown)
                #expect((clock.aheadNano - offsets[clock.name]!).magnitude <= clock.uncertaintyNano.magnitude)
            }
            let corrected = skew.corrected(spans)
            #expect(corrected.map(\.durationNano) == spans.map(\.durationNano))
            let tree = TraceTree(corrected)
            // Calls that another way of calls decided about are right up to its uncertainty.
            let doubt = UInt64(skew.clocks.reduce(0) { $0 + $1.uncertaintyNano })
            for node in tree.nodes where node.span.span.kind == .server {
                guard let parent = node.parent.map({ tree.nodes[$0].span.span }) else { continue }
                #expect(parent.startTimeUnixNano <= node.span.span.startTimeUnixNano + doubt)
                #expect(parent.endTimeUnixNano + doubt >= node.span.span.endTimeUnixNano)
            }
            #expect(ClockSkew(tree).clocks.allSatisfy { $0.aheadNano.magnitude <= doubt })
        }
    }
}
