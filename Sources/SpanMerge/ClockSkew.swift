import ProtoWire
import SpanModel

/// Differences between the clocks of one trace's machines, estimated from the calls between them.
///
/// A call is a `server` span below a `client` span of another clock: it cannot begin before its caller nor end after
/// it. So each call bounds the lead of the callee's clock over the caller's, from `callee.end - caller.end` to
/// `callee.start - caller.start`, and all calls between two clocks bound it together.
///
/// - Where the bounds include 0, the clocks are taken to agree.
/// - Otherwise the estimate is the middle, as if request and response took equally long, and its uncertainty is half
///   the distance of the bounds.
/// - A call that took longer at the callee than at the caller is ignored.
/// - Clocks whose calls contradict one another are left as they are.
///
/// The clock of the trace's first root is the reference. Other clocks are found over the calls that lead from it, by
/// the fewest steps; a call beside that way may stick out of its caller by the uncertainties. Nothing that is stored is
/// ever changed: `corrected` is for showing.
public struct ClockSkew: Sendable {
    /// Outcome for one clock.
    public enum Finding: Sendable, Hashable {
        /// The clock is the reference for all others.
        case reference
        /// No call contradicts that the clock agrees with the reference.
        case agrees
        /// The clock differs from the reference.
        case skewed
        /// The calls contradict one another: the clock was set during the trace, or they are not plain calls.
        case inconsistent
        /// No call leads to the clock from the reference.
        case unknown
    }

    /// Clock of a machine, or of an instance or a service when the resource names no host.
    public struct Clock: Sendable, Hashable {
        /// Name of the clock: `host.id` or `host.name` of the resource, else `service.instance.id`, else the service's
        /// name; empty without any.
        public var name: String
        /// Services whose spans the clock timed, by name (bytes).
        public var services: [String]
        /// Outcome for the clock.
        public var finding: Finding
        /// Lead of the clock over the reference in nanoseconds, negative when it is behind; 0 unless the clock is
        /// skewed.
        public var aheadNano: Int64
        /// Greatest distance of the true lead from `aheadNano`, in nanoseconds.
        public var uncertaintyNano: Int64
    }

    /// Clocks in the order in which the tree's spans first use them.
    public private(set) var clocks: [Clock] = []
    private var clocksByIdentity: [[UInt8]: Int] = [:]

    /// Clocks that `corrected(_:)` corrects.
    public var skewed: [Clock] { clocks.filter { $0.finding == .skewed } }

    /// Estimates the clocks of a trace. O(n log n).
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

    /// Returns the spans with all times, those of events included, as the reference clock would have shown them.
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

    /// Walks from clock to clock, those fewer calls away first, and estimates each.
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

    /// Returns the identity of the clock that timed a span; the first byte keeps hosts, instances and services apart.
    private static func identity(_ merged: MergedSpan) -> [UInt8] {
        for (mark, key) in [(0, "host.id"), (1, "host.name"), (2, "service.instance.id"), (3, "service.name")] {
            if let name = merged.origin.resource?.text(key), !name.isEmpty { return [UInt8(mark)] + name.utf8 }
        }
        return [4]
    }

    /// Returns the bounds of the callee's lead over the caller; `nil` when the two spans are no call that bounds it.
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
    /// Returns a time as a clock without that lead would have shown it; 0, which stands for no time, stays 0.
    fileprivate func shifted(by ahead: Int64) -> UInt64 {
        guard self != 0 else { return 0 }
        if ahead >= 0 { return self > ahead.magnitude ? self - ahead.magnitude : 1 }
        let (sum, overflow) = addingReportingOverflow(ahead.magnitude)
        return overflow ? .max : sum
    }
}
