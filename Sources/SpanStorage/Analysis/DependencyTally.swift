import SpanMerge
import SpanModel

/// The dependency graph while traces are being looked at: for engines that have spans in another form than merged ones.
public struct DependencyTally: Sendable {
    private struct Key: Hashable, Sendable {
        var caller: DependencyGraph.Node
        var callee: DependencyGraph.Node
        var isInferred: Bool
    }

    private var edges = GroupTally<Key, DependencyGraph.Edge>()
    private var unknownCalls: UInt64 = 0

    public init() {}

    /// What was counted so far, by caller, then callee.
    public var graph: DependencyGraph {
        let groups = edges.groups({ $1 }, by: DependencyGraph.Edge.precedes)
        return DependencyGraph(
            edges: groups.groups, unknownCalls: unknownCalls, leftOutCalls: groups.leftOutSpans)
    }

    /// Counts the calls of a trace.
    ///
    /// - Parameter spans: of one trace, each key once; those that are meant, and those around them.
    public mutating func add(_ spans: [CallSpan]) {
        // Most spans call nobody; a trace without any of the other kinds needs no tree.
        guard spans.contains(where: { $0.kind.isOutbound || $0.isInbound }) else { return }
        let shape = TraceShape(
            spans.map {
                TraceShape.Entry(key: $0.key, parentSpanID: $0.parentSpanID, startUnixNano: $0.startUnixNano)
            })
        // Spans of which one below tells whom they called.
        var isToldBelow = [Bool](repeating: false, count: spans.count)
        for place in shape.order.indices {
            guard let parent = shape.parents[place] else { continue }
            let (callee, caller) = (shape.order[place], shape.order[parent])
            let isOther = spans[callee].service != spans[caller].service
            if isOther || spans[callee].kind.isOutbound || spans[callee].isInbound { isToldBelow[caller] = true }
            let isCall = spans[caller].kind.isOutbound || spans[callee].isInbound
            if isOther, isCall, spans[caller].isMeant {
                add(
                    DependencyGraph.Node(.service, spans[caller].service),
                    DependencyGraph.Node(.service, spans[callee].service), caller: spans[caller], callee: spans[callee])
            }
        }
        for place in shape.order.indices {
            let index = shape.order[place]
            guard spans[index].isMeant else { continue }
            let parent = shape.parents[place].map { shape.order[$0] }
            if spans[index].kind.isOutbound, !isToldBelow[index] {
                addInferredCallee(spans[index], below: parent.map { spans[$0] })
            }
            if spans[index].kind == .consumer, parent.map({ spans[$0].kind.isOutbound }) != true,
                let peer = spans[index].peer
            {
                add(peer, DependencyGraph.Node(.service, spans[index].service), caller: nil, callee: spans[index])
            }
        }
    }

    /// A call that no callee reported.
    ///
    /// Layers of a program may each report it (a mapper, its driver): spans below one another. The innermost counts; where
    /// its attributes do not tell whom it called, those of the span above it may.
    private mutating func addInferredCallee(_ caller: CallSpan, below parent: CallSpan?) {
        var peer = caller.peer
        if peer == nil, let parent, parent.kind.isOutbound, parent.service == caller.service { peer = parent.peer }
        guard let peer else {
            unknownCalls += 1
            return
        }
        add(DependencyGraph.Node(.service, caller.service), peer, caller: caller, callee: nil)
    }

    private mutating func add(
        _ from: DependencyGraph.Node, _ to: DependencyGraph.Node, caller: CallSpan?, callee: CallSpan?
    ) {
        let key = Key(caller: from, callee: to, isInferred: caller == nil || callee == nil)
        edges.update(key, fresh: DependencyGraph.Edge(from, to, isInferred: key.isInferred)) { edge in
            edge.calls += 1
            if caller?.isError == true || callee?.isError == true { edge.errors += 1 }
            if let caller, caller.kind.isOutbound, let duration = caller.durationNano {
                edge.callerLatency.add(duration)
            }
            if let callee, callee.isInbound, let duration = callee.durationNano { edge.calleeLatency.add(duration) }
        }
    }
}
