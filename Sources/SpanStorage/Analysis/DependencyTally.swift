import SpanMerge
import SpanModel

/// Builds the dependency graph trace by trace, for engines that have spans in another form than merged ones.
public struct DependencyTally: Sendable {
    private var nodes = CallNodes()
    private var calls = CallTally()

    /// Creates a tally without calls.
    public init() {}

    /// Graph of the calls counted so far, its edges ordered by caller, then callee.
    public var graph: DependencyGraph { calls.graph(nodes) }

    /// Counts the calls of one trace.
    ///
    /// - Parameter spans: spans of one trace, each key once; those that the scan matches and those around them.
    public mutating func add(_ spans: [CallSpan]) {
        // Most spans call nobody; a trace without any of the other kinds needs no tree.
        guard spans.contains(where: { $0.kind.isOutbound || $0.isInbound }) else { return }
        let shape = TraceShape(
            spans.map {
                TraceShape.Entry(key: $0.key, parentSpanID: $0.parentSpanID, startUnixNano: $0.startUnixNano)
            })
        let rows = shape.order.map { row(spans[$0]) }
        calls.add(rows, rows.indices, parents: shape.parents.map { $0.map { Int32($0) } ?? -1 })
    }

    private mutating func row(_ span: CallSpan) -> CallRow {
        CallRow(
            trace: 0, span: 0, parent: 0, service: nodes.number(of: DependencyGraph.Node(.service, span.service)),
            peer: span.peer.map { nodes.number(of: $0) } ?? CallNodes.none,
            marks: CallRow.Marks(
                span.kind, hasDuration: span.durationNano != nil, isError: span.isError, isMeant: span.isMeant),
            startUnixNano: span.startUnixNano, durationNano: span.durationNano ?? 0)
    }
}

extension CallRow.Marks {
    /// Creates the flags of a span from its fields.
    package init(_ kind: SpanKind, hasDuration: Bool, isError: Bool, isMeant: Bool) {
        self = []
        if kind.isOutbound { insert(.isOutbound) }
        if SpanSide(kind) == .inbound { insert(.isInbound) }
        if kind == .consumer { insert(.isConsumer) }
        if hasDuration { insert(.hasDuration) }
        if isError { insert(.isError) }
        if isMeant { insert(.isMeant) }
    }
}
