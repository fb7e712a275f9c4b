import ProtoWire
import SpanModel

/// How far the clocks of one trace's machines are apart, as far as the calls between them tell.
///
/// A call is a `server` span below a `client` span of another clock: it cannot begin before its caller nor end after it.
/// So each call bounds by how much the callee's clock is ahead of the caller's, from `callee.end - caller.end` to
/// `callee.start - caller.start`, and the calls between two clocks bound it together. Where 0 is within the bounds, the
/// clocks are taken to agree; otherwise the middle is the estimate (request and response then took equally long), and
/// half the distance its uncertainty. Calls that took longer at the callee than at the caller say nothing. Clocks whose
/// calls contradict one another are left as they are.
///
/// The clock of the trace's first root is the reference; others are found over the calls that lead from it, those of the
/// fewest steps. A call beside that way may stick out of its caller by the uncertainties even then. Nothing that is stored is ever changed: `corrected` is for showing.
public struct ClockSkew: Sendable {
    /// What is known of a clock.
    public enum Finding: Sendable, Hashable {
        /// The others are told by it.
        case reference
        /// No call contradicts that it agrees with the reference.
        case agrees
        /// It differs.
        case skewed
        /// The calls contradict one another: the clock was set during the trace, or they are no plain calls.
        case inconsistent
        /// No call leads to it from the reference.
        case unknown
    }

    /// A machine's clock, or, where the resource names no host, an instance's or a service's.
    public struct Clock: Sendable, Hashable {
        /// `host.id` or `host.name` of the resource, else `service.instance.id`, else the service's name.
        public var name: String
        /// The services whose spans have it, by name (bytes).
        public var services: [String]
        /// What is known of it.
        public var finding: Finding
        /// By how many nanoseconds it is ahead of the reference; behind it where negative. 0 unless skewed.
        public var aheadNano: Int64
        /// The true value is at most as far away, in nanoseconds.
        public var uncertaintyNano: Int64
    }

    /// By first appearance in the tree's order of spans.
    public private(set) var clocks: [Clock] = []
    private var clocksByIdentity: [[UInt8]: Int] = [:]

    /// Clocks that are corrected.
    public var skewed: [Clock] { clocks.filter { $0.finding == .skewed } }

    public init(_ tree: TraceTree) {
        let clockOfNode = tree.nodes.map { clock(of: $0.span) }
        guard let root = tree.roots.first(where: { tree.nodes[$0].attachment == .root }) ?? tree.roots.first else {
            return
        }
        var bounds: [Pair: ClosedRange<Int64>?] = [:]
        for (index, node) in tree.nodes.enumerated() {
            guard let parent = node.parent, clockOfNode[parent] != clockOfNode[index],
                let range = Self.bounds(caller: tree.nodes[parent].span, callee: node.span)
            else { continue }
            let pair = Pair(clockOfNode[parent], clockOfNode[index])
            let ahead = pair.first == clockOfNode[parent] ? range : -range.upperBound...(-range.lowerBound)
            if let known = bounds[pair] {
                bounds[pair] = .some(known.flatMap { $0.overlaps(ahead) ? $0.clamped(to: ahead) : nil })
            } else {
                bounds[pair] = .some(ahead)
            }
        }
        follow(bounds, from: clockOfNode[root])
    }

    /// The spans with all their times, those of events included, as the reference clock would have told them.
    public func corrected(_ spans: [MergedSpan]) -> [MergedSpan] {
        guard clocks.contains(where: { $0.aheadNano != 0 }) else { return spans }
        return spans.map { merged in
            guard let index = clocksByIdentity[Self.identity(merged)], clocks[index].aheadNano != 0 else {
                return merged
            }
            let ahead = clocks[index].aheadNano
            var merged = merged
            merged.span.startTimeUnixNano = merged.span.startTimeUnixNano.shifted(by: ahead)
            merged.span.endTimeUnixNano = merged.span.endTimeUnixNano.shifted(by: ahead)
            for event in merged.span.events.indices {
                merged.span.events[event].timeUnixNano = merged.span.events[event].timeUnixNano.shifted(by: ahead)
            }
            return merged
        }
    }

    /// Two clocks, the lower index first.
    private struct Pair: Hashable {
        var first: Int
        var second: Int

        init(_ one: Int, _ other: Int) { (first, second) = (min(one, other), max(one, other)) }
    }

    /// From clock to clock, those that are fewer calls away first.
    private mutating func follow(_ bounds: [Pair: ClosedRange<Int64>?], from reference: Int) {
        clocks[reference].finding = .reference
        var neighbours: [Int: [Int]] = [:]
        for pair in bounds.keys {
            neighbours[pair.first, default: []].append(pair.second)
            neighbours[pair.second, default: []].append(pair.first)
        }
        var reached = [reference]
        var next = 0
        while next < reached.count {
            let here = reached[next]
            next += 1
            for other in (neighbours[here] ?? []).sorted() where clocks[other].finding == .unknown {
                guard case .some(.some(let range)) = bounds[Pair(here, other)] else {
                    clocks[other].finding = .inconsistent
                    continue
                }
                let ahead = here < other ? range : -range.upperBound...(-range.lowerBound)
                var estimate = (middle: Int64(0), uncertainty: max(-ahead.lowerBound, ahead.upperBound))
                if !ahead.contains(0) {
                    let width = ahead.upperBound.subtractingClamped(ahead.lowerBound)
                    estimate = (ahead.lowerBound + width / 2, width / 2 + width % 2)
                }
                clocks[other].aheadNano = clocks[here].aheadNano.addingClamped(estimate.middle)
                clocks[other].uncertaintyNano = clocks[here].uncertaintyNano.addingClamped(estimate.uncertainty)
                clocks[other].finding = clocks[other].aheadNano == 0 ? .agrees : .skewed
                reached.append(other)
            }
        }
    }

    private mutating func clock(of merged: MergedSpan) -> Int {
        let identity = Self.identity(merged)
        let index = clocksByIdentity[identity] ?? clocks.count
        if index == clocks.count {
            clocksByIdentity[identity] = index
            clocks.append(
                Clock(
                    name: String(decoding: identity.dropFirst(), as: UTF8.self), services: [], finding: .unknown,
                    aheadNano: 0, uncertaintyNano: 0))
        }
        let service = merged.service
        if !service.isEmpty, !clocks[index].services.contains(where: { $0.hasSameBytes(as: service) }) {
            clocks[index].services.append(service)
            clocks[index].services.sort { byteOrder($0, $1) < 0 }
        }
        return index
    }

    /// Whose clock a span was timed by; the first byte keeps hosts, instances and services apart.
    private static func identity(_ merged: MergedSpan) -> [UInt8] {
        for (mark, key) in [(0, "host.id"), (1, "host.name"), (2, "service.instance.id"), (3, "service.name")] {
            if let name = merged.origin.resource?.text(key), !name.isEmpty { return [UInt8(mark)] + name.utf8 }
        }
        return [4]
    }

    /// By how much the callee's clock may be ahead of the caller's; `nil` where the two are no call that tells.
    private static func bounds(caller: MergedSpan, callee: MergedSpan) -> ClosedRange<Int64>? {
        guard caller.span.kind == .client, callee.span.kind == .server, let outer = caller.durationNano,
            let inner = callee.durationNano, inner >= 0, outer >= inner
        else { return nil }
        let low = Int64(from: caller.span.endTimeUnixNano, to: callee.span.endTimeUnixNano)
        let high = Int64(from: caller.span.startTimeUnixNano, to: callee.span.startTimeUnixNano)
        // Beyond what is held exactly: no clock is off by so much.
        guard low <= high, low > .min / 4, high < .max / 4 else { return nil }
        return low...high
    }
}

extension UInt64 {
    /// A time as a clock would tell it that is not ahead; 0, which is no time, stays.
    fileprivate func shifted(by ahead: Int64) -> UInt64 {
        guard self != 0 else { return 0 }
        if ahead >= 0 { return self > ahead.magnitude ? self - ahead.magnitude : 1 }
        let (sum, overflow) = addingReportingOverflow(ahead.magnitude)
        return overflow ? .max : sum
    }
}
