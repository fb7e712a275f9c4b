import SpanMerge
import SpanModel

/// The dependency graph while traces are being looked at.
struct DependencyTally: Sendable {
    private struct Key: Hashable, Sendable {
        var caller: DependencyGraph.Node
        var callee: DependencyGraph.Node
        var isInferred: Bool
    }

    private var edges = GroupTally<Key, DependencyGraph.Edge>()
    private var unknownCalls: UInt64 = 0
    /// What has to hold for the caller's span, or for the callee's where the caller reported none.
    private let scan: SpanScan

    init(_ scan: SpanScan) { self.scan = scan }

    /// By caller, then callee.
    var graph: DependencyGraph {
        let groups = edges.groups({ $1 }, by: DependencyGraph.Edge.precedes)
        return DependencyGraph(
            edges: groups.groups, unknownCalls: unknownCalls, leftOutCalls: groups.leftOutSpans)
    }

    /// - Parameter spans: of one trace.
    mutating func add(_ spans: [MergedSpan]) {
        // Most spans call nobody; a trace without any of the other kinds needs no tree.
        guard spans.contains(where: { $0.span.kind.isOutbound || SpanSide($0.span.kind) == .inbound }) else { return }
        let tree = TraceTree(spans)
        for node in tree.nodes {
            let parent = node.parent.map { tree.nodes[$0].span }
            if let parent { addReported(caller: parent, callee: node.span) }
            if node.span.span.kind.isOutbound { addInferredCallee(node, parent, tree) }
            if node.span.span.kind == .consumer, parent?.span.kind.isOutbound != true { addInferredCaller(node.span) }
        }
    }

    /// Two spans of two services, one below the other.
    private mutating func addReported(caller: MergedSpan, callee: MergedSpan) {
        let isCall = caller.span.kind.isOutbound || SpanSide(callee.span.kind) == .inbound
        guard isCall, !caller.isSameService(callee), scan.matches(caller) else { return }
        add(
            DependencyGraph.Node(.service, ExactText(caller.service)),
            DependencyGraph.Node(.service, ExactText(callee.service)), caller: caller, callee: callee)
    }

    /// A call that no callee reported.
    ///
    /// Layers of a program may each report it (a mapper, its driver): spans below one another. The innermost counts; where
    /// its attributes do not tell whom it called, those of the span above it may.
    private mutating func addInferredCallee(_ node: TraceTree.Node, _ parent: MergedSpan?, _ tree: TraceTree) {
        let caller = node.span
        let isToldBelow = node.children.contains { child in
            let child = tree.nodes[child].span
            return child.span.kind.isOutbound || SpanSide(child.span.kind) == .inbound || !child.isSameService(caller)
        }
        guard !isToldBelow, scan.matches(caller) else { return }
        var peer = DependencyGraph.Node(peerOf: caller.span)
        if peer == nil, let parent, parent.span.kind.isOutbound, parent.isSameService(caller) {
            peer = DependencyGraph.Node(peerOf: parent.span)
        }
        guard let peer else {
            unknownCalls += 1
            return
        }
        add(DependencyGraph.Node(.service, ExactText(caller.service)), peer, caller: caller, callee: nil)
    }

    /// A message of which no producer is known.
    private mutating func addInferredCaller(_ callee: MergedSpan) {
        guard scan.matches(callee), let peer = DependencyGraph.Node(peerOf: callee.span) else { return }
        add(peer, DependencyGraph.Node(.service, ExactText(callee.service)), caller: nil, callee: callee)
    }

    private mutating func add(
        _ from: DependencyGraph.Node, _ to: DependencyGraph.Node, caller: MergedSpan?, callee: MergedSpan?
    ) {
        let key = Key(caller: from, callee: to, isInferred: caller == nil || callee == nil)
        edges.update(key, fresh: DependencyGraph.Edge(from, to, isInferred: key.isInferred)) { edge in
            edge.calls += 1
            if caller?.statusCode == .error || callee?.statusCode == .error { edge.errors += 1 }
            if let caller, caller.span.kind.isOutbound, let duration = caller.durationNano {
                edge.callerLatency.add(duration)
            }
            if let callee, SpanSide(callee.span.kind) == .inbound, let duration = callee.durationNano {
                edge.calleeLatency.add(duration)
            }
        }
    }
}

extension MergedSpan {
    fileprivate func isSameService(_ other: MergedSpan) -> Bool { service.utf8.elementsEqual(other.service.utf8) }
}
