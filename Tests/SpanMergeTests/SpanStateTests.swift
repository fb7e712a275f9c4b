import Foundation
import ProtoWire
import SpanMerge
import SpanModel
import SpanStorageTesting
import Testing

/// The seed of all that is random: `SEED` of the environment, else a new one. Printed.
let seed: UInt64 = {
    let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? .random(in: 1...1_000_000)
    print("SpanMergeTests: SEED=\(seed)")
    return seed
}()

@Suite struct SpanStateTests {
    static func permutations<Element>(_ elements: [Element]) -> [[Element]] {
        guard elements.count > 1 else { return [elements] }
        return elements.indices.flatMap { index in
            var rest = elements
            let first = rest.remove(at: index)
            return permutations(rest).map { [first] + $0 }
        }
    }

    static func states(_ count: Int, _ generator: inout ReportGenerator, _ kinds: [SpanKind]) -> [SpanState] {
        (0..<count).map { _ in
            let batch = generator.batch(of: generator.report(TraceID(high: 1, low: 2), SpanID(3), kinds: kinds))
            let resource = batch.resourceSpans[0]
            return SpanState(
                resource.scopeSpans[0].spans[0], origin: SharedOrigin(SpanOrigin(resource, resource.scopeSpans[0])))
        }
    }

    static func joined(_ states: [SpanState]) -> SpanState {
        var result = SpanState()
        for state in states { result.join(state) }
        return result
    }

    /// All ways to bracket the states in this order, by what they join to.
    static func bracketings(_ states: ArraySlice<SpanState>, _ results: inout [Range<Int>: Set<[UInt8]>]) -> Set<
        [UInt8]
    > {
        let range = states.startIndex..<states.endIndex
        if let known = results[range] { return known }
        var all: Set<[UInt8]> = []
        if states.count == 1 { all = [states[states.startIndex].encoded()] }
        for middle in range.dropFirst() {
            for left in bracketings(states[range.lowerBound..<middle], &results) {
                for right in bracketings(states[middle..<range.upperBound], &results) {
                    guard var state = try? SpanState(decoding: left), let other = try? SpanState(decoding: right) else {
                        continue
                    }
                    state.join(other)
                    all.insert(state.encoded())
                }
            }
        }
        results[range] = all
        return all
    }

    @Test(arguments: 1...6)
    func `a state is the join of its plain reports, encoded and read again, at the most four`(count: Int) throws {
        var generator = ReportGenerator(seed: seed &+ UInt64(count))
        for _ in 0..<100 {
            for kinds: [SpanKind] in [[.server, .consumer], [.unspecified, .client, .internal, .init(rawValue: -1)]] {
                let state = Self.joined(Self.states(count, &generator, kinds))
                let reports = state.reports()
                #expect(reports.count <= min(4, 2 * count), "SEED=\(seed)")
                let again = try reports.shuffled(using: &generator.random).map { report in
                    let origin = try SpanOrigin(decoding: report.origin.bytes)
                    return SpanState(try SpanRecord(decoding: report.span.encoded()), origin: SharedOrigin(origin))
                }
                #expect(again.allSatisfy { $0.key == state.key }, "SEED=\(seed)")
                #expect(Self.joined(again).encoded() == state.encoded(), "SEED=\(seed)")
            }
        }
    }

    @Test(arguments: 1...6)
    func `all orders and bracketings of up to six reports give the same state`(count: Int) {
        var generator = ReportGenerator(seed: seed &+ UInt64(count))
        for _ in 0..<(count == 6 ? 3 : 12) {
            for kinds: [SpanKind] in [[.server, .consumer], [.unspecified, .client, .internal, .init(rawValue: -1)]] {
                let states = Self.states(count, &generator, kinds)
                let expected = Self.joined(states).encoded()
                for order in Self.permutations(states) {
                    #expect(Self.joined(order).encoded() == expected, "SEED=\(seed)")
                }
                for order in Self.permutations(states).shuffled(using: &generator.random).prefix(12) {
                    var results: [Range<Int>: Set<[UInt8]>] = [:]
                    #expect(Self.bracketings(order[...], &results) == [expected], "SEED=\(seed)")
                }
            }
        }
    }

    @Test func `a state joined with itself or with any part of what it was made of stays the same`() {
        var generator = ReportGenerator(seed: seed)
        for _ in 0..<200 {
            let states = Self.states(4, &generator, [.client, .internal])
            let all = Self.joined(states)
            for part in states + [all, Self.joined(Array(states.prefix(2)))] {
                var again = all
                again.join(part)
                #expect(again.encoded() == all.encoded(), "SEED=\(seed)")
            }
        }
    }

    @Test func `a state is read back from its bytes as it was, what readers see included`() throws {
        var generator = ReportGenerator(seed: seed)
        for _ in 0..<200 {
            let state = Self.joined(Self.states(3, &generator, SpanKind.some.filter { SpanSide($0) == .other }))
            let again = try SpanState(decoding: state.encoded(), options: SpanState.decodeOptions)
            #expect(again.encoded() == state.encoded(), "SEED=\(seed)")
            #expect(again.merged() == state.merged(), "SEED=\(seed)")
            #expect(again.key == SpanKey(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), side: .other))
        }
    }

    @Test func `fields that a later version adds to a state are kept`() throws {
        var generator = ReportGenerator(seed: seed)
        let state = Self.joined(Self.states(2, &generator, [.client]))
        let later = state.encoded() + [0xA8, 0x1F, 7]
        var read = try SpanState(decoding: later)
        #expect(read.encoded() == later)
        read.join(state)
        #expect(read.encoded() == later)
    }

    @Test func `the order of attributes and of simultaneous events within a report does not matter`() {
        let events = [
            SpanEvent(timeUnixNano: 5, name: "b"), SpanEvent(timeUnixNano: 5, name: "a"),
            SpanEvent(timeUnixNano: 1, name: "z"),
        ]
        let nested = AttributeValue.keyValueList([Attribute("y", 1), Attribute("x", 2)])
        let swapped = AttributeValue.keyValueList([Attribute("x", 2), Attribute("y", 1)])
        let left = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "s", startTimeUnixNano: 1, endTimeUnixNano: 2,
            attributes: [Attribute("b", nested), Attribute("a", [.keyValueList([])])], events: events)
        var right = left
        right.attributes = [Attribute("a", [.keyValueList([])]), Attribute("b", swapped)]
        right.events = [events[2], events[0], events[1], events[0]]
        let (a, b) = (SpanState(left, origin: .unknown), SpanState(right, origin: .unknown))
        #expect(a.encoded() == b.encoded())
        #expect(a.merged().span.events.map(\.name) == ["z", "a", "b"])
    }

    @Test func `of several attributes with one key in one report the last is kept, without a conflict`() {
        let span = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "s", startTimeUnixNano: 1, endTimeUnixNano: 2,
            attributes: [Attribute("k", "z"), Attribute("a", 1), Attribute("k", "b"), Attribute("k", "a")])
        let merged = SpanState(span, origin: .unknown).merged()
        #expect(merged.span.attributes == [Attribute("a", 1), Attribute("k", "a")])
        #expect(!merged.isConflicted)
    }

    @Test func `texts that Unicode calls equivalent are different values`() {
        let composed = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "é", startTimeUnixNano: 1, endTimeUnixNano: 2)
        var decomposed = composed
        decomposed.name = "e\u{301}"
        var state = SpanState(composed, origin: .unknown)
        state.join(SpanState(decomposed, origin: .unknown))
        #expect(state.merged().conflicts == ["name"])
        #expect(Array(state.merged().span.name.utf8) == Array("é".utf8))
    }

    @Test func `a duration is never computed without an end or a start, and is negative where the end comes first`() {
        func duration(_ start: UInt64, _ end: UInt64) -> Int64? {
            let span = SpanRecord(
                traceID: .invalid, spanID: .invalid, name: "", startTimeUnixNano: start, endTimeUnixNano: end)
            return MergedSpan(span: span, origin: SpanOrigin()).durationNano
        }
        #expect(duration(5, 0) == nil)
        #expect(duration(0, 5) == nil)
        #expect(duration(5, 9) == 4)
        #expect(duration(9, 5) == -4)
        #expect(duration(1, .max) == .max)
        #expect(duration(.max, 1) == -.max)
    }

    @Test func `statuses join in the order OK, ERROR, UNSET`() {
        func joined(_ statuses: [SpanStatus?]) -> MergedSpan {
            Self.joined(
                statuses.map { status in
                    let span = SpanRecord(
                        traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "s", startTimeUnixNano: 1,
                        endTimeUnixNano: 2, status: status)
                    return SpanState(span, origin: .unknown)
                }
            ).merged()
        }
        #expect(joined([SpanStatus(.error, message: "e"), SpanStatus(.ok)]).statusCode == .ok)
        #expect(joined([SpanStatus(.error, message: "e"), SpanStatus(.ok)]).conflicts == ["status"])
        #expect(joined([SpanStatus(.error, message: "e"), SpanStatus(.unset), nil]).statusCode == .error)
        #expect(joined([SpanStatus(.error, message: "e"), SpanStatus(.unset), nil]).conflicts == [])
        #expect(
            joined([SpanStatus(.error, message: "a"), SpanStatus(.error, message: "b")]).span.status?.message == "b")
    }
}
