import SpanMerge
import SpanModel
import SpanStorage

/// Analysis over all merged spans in the most obvious way, without regard to cost: the oracle for engines.
struct NaiveAnalysis {
    let spans: [MergedSpan]

    func meant(_ scan: SpanScan) -> [MergedSpan] { spans.filter(scan.matches) }

    /// Returns the spans that the analysis of a range may look at.
    private func visible(_ scan: SpanScan) -> [MergedSpan] {
        let around: UInt64 = 300_000_000_000
        guard let starts = scan.conditions.start else { return [] }
        let (low, high) = (starts.lowerBound, starts.upperBound)
        return spans.filter { merged in
            let start = merged.span.startTimeUnixNano
            return start >= (low < around ? 0 : low - around) && (high > .max - around || start <= high + around)
        }
    }

    /// Returns the parent of a span, found by ids without a tree.
    private func parent(of merged: MergedSpan, among spans: [MergedSpan]) -> MergedSpan? {
        func find(_ id: SpanID, _ side: SpanSide) -> MergedSpan? {
            spans.first { $0.key == SpanKey(traceID: merged.span.traceID, spanID: id, side: side) }
        }
        if merged.key.side == .inbound, let half = find(merged.span.spanID, .other) { return half }
        guard merged.span.parentSpanID.isValid else { return nil }
        return find(merged.span.parentSpanID, .inbound) ?? find(merged.span.parentSpanID, .other)
    }

    private func sameTrace(_ merged: MergedSpan, _ spans: [MergedSpan]) -> [MergedSpan] {
        spans.filter { $0.span.traceID == merged.span.traceID }
    }

    /// Spans of the calls of one edge, which is named `caller -> callee`, with `?` when it is inferred.
    struct Calls {
        var callers: [MergedSpan?] = []
        var callees: [MergedSpan?] = []
    }

    func calls(_ scan: SpanScan) -> (edges: [String: Calls], unknown: UInt64) {
        var edges: [String: Calls] = [:]
        var unknown: UInt64 = 0
        func add(_ name: String, _ caller: MergedSpan?, _ callee: MergedSpan?) {
            edges[name, default: Calls()].callers.append(caller)
            edges[name, default: Calls()].callees.append(callee)
        }
        let visible = visible(scan)
        for merged in visible {
            let trace = sameTrace(merged, visible)
            let parent = parent(of: merged, among: trace)
            let kind = merged.span.kind
            let isInbound = kind == .server || kind == .consumer
            func asks(_ span: MergedSpan?) -> Bool { span?.span.kind == .client || span?.span.kind == .producer }
            if let parent, parent.service != merged.service, asks(parent) || isInbound, scan.matches(parent) {
                add("service \(parent.service) -> service \(merged.service)", parent, merged)
            }
            if asks(merged), scan.matches(merged) {
                let children = trace.filter { self.parent(of: $0, among: trace)?.key == merged.key }
                if children.allSatisfy({
                    $0.service == merged.service && [.internal, .unspecified].contains($0.span.kind)
                }) {
                    let above = parent.flatMap { asks($0) && $0.service == merged.service ? peer(of: $0) : nil }
                    if let peer = peer(of: merged) ?? above {
                        add("service \(merged.service) -> \(peer)?", merged, nil)
                    } else {
                        unknown += 1
                    }
                }
            }
            if kind == .consumer, !asks(parent), scan.matches(merged), let peer = peer(of: merged) {
                add("\(peer) -> service \(merged.service)?", nil, merged)
            }
        }
        return (edges, unknown)
    }

    private func peer(of merged: MergedSpan) -> String? {
        func text(_ key: String) -> String? {
            guard case .string(let text)? = merged.span.attributes.last(where: { $0.key == key })?.value, text != ""
            else { return nil }
            return text
        }
        if let system = text("db.system.name") ?? text("db.system") {
            return "database " + (text("peer.service") ?? system + (text("db.namespace").map { "/" + $0 } ?? ""))
        }
        if let system = text("messaging.system") {
            return "messaging " + system + (text("messaging.destination.name").map { "/" + $0 } ?? "")
        }
        if merged.span.kind == .consumer { return nil }
        if let service = text("peer.service") { return "service " + service }
        guard let address = text("server.address") else { return nil }
        let hasPort = merged.span.attributes.contains { $0.key == "server.port" }
        return "address " + address + (hasPort ? ":5432" : "")
    }

    /// Returns the self time, found by the stretches between all times of the trace.
    func selfTime(of merged: MergedSpan, _ scan: SpanScan) -> Int64 {
        let trace = sameTrace(merged, visible(scan))
        let children = trace.filter { parent(of: $0, among: trace)?.key == merged.key && $0.span.startTimeUnixNano > 0 }
        let (start, end) = (merged.span.startTimeUnixNano, merged.span.endTimeUnixNano)
        let times = children.flatMap { [$0.span.startTimeUnixNano, $0.span.endTimeUnixNano] } + [start, end]
        let marks = Set(times).filter { $0 >= start && $0 <= end }.sorted()
        return zip(marks, marks.dropFirst()).reduce(0) { sum, stretch in
            let isCovered = children.contains {
                $0.span.startTimeUnixNano <= stretch.0
                    && ($0.span.endTimeUnixNano == 0 || $0.span.endTimeUnixNano >= stretch.1)
            }
            return isCovered ? sum : sum + Int64(stretch.1 - stretch.0)
        }
    }
}

/// Requires a sketch to agree with a sorted list of the same durations.
func expectSketch(_ sketch: LatencySketch, of durations: [Int64], _ what: String) throws(ContractFailure) {
    let sorted = durations.map { max($0, 0) }.sorted()
    try expectEqual(sketch.count, UInt64(sorted.count), "durations of \(what)")
    guard let least = sorted.first, let greatest = sorted.last else { return }
    try expectEqual(sketch.leastNano, least, "the least of \(what)")
    try expectEqual(sketch.greatestNano, greatest, "the greatest of \(what)")
    for part in [0.5, 0.9, 0.99] {
        // The first whose rank is no less than the part of all.
        let exact = sorted[sorted.indices.first { Double($0 + 1) >= part * Double(sorted.count) } ?? 0]
        let estimate = sketch.percentile(part) ?? -1
        try expect(
            Double((estimate - exact).magnitude) <= Double(exact) * LatencySketch.relativeError,
            "p\(part) of \(what) is \(estimate), exactly \(exact)")
    }
}
