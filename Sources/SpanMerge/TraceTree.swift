import SpanModel

/// Spans of one trace as a tree, for printing and walking.
///
/// Every span is in the tree once. A span whose parent is missing is a root marked as an orphan, and a cycle of parents
/// is cut at its earliest span. The inbound half of a shared span is the child of the other half, and spans that name
/// the shared id as their parent are children of the inbound half.
public struct TraceTree: Sendable {
    /// A span with its place in the tree.
    public struct Node: Sendable {
        /// Merged span.
        public let span: MergedSpan
        /// Index of the parent's node; `nil` for a root.
        public internal(set) var parent: Int?
        /// Indices of the children's nodes, ordered by start, then by key.
        public internal(set) var children: [Int]
        /// Reason for the node's place.
        public internal(set) var attachment: Attachment
    }

    /// Reason for a node's place.
    public enum Attachment: Sendable, Hashable {
        /// Root: the span names no parent.
        case root
        /// Child of the span that it names.
        case child
        /// Inbound half of a shared span: child of the other half.
        case sharedHalf
        /// Root, since the named parent is missing.
        case orphan
        /// Root, since a cycle of parents was cut here.
        case cycle
    }

    /// Nodes of all spans, ordered by start, then by key.
    public private(set) var nodes: [Node]
    /// Indices of the nodes without a parent, ordered by start, then by key.
    public private(set) var roots: [Int]

    /// Assembles the tree. O(n log n).
    ///
    /// - Parameter spans: spans of one trace, each key once, in any order.
    public init(_ spans: [MergedSpan]) {
        let shape = TraceShape(spans.map { TraceShape.Entry($0.span) })
        nodes = shape.order.indices.map { place in
            Node(
                span: spans[shape.order[place]], parent: shape.parents[place], children: [],
                attachment: shape.attachments[place])
        }
        roots = []
        for index in nodes.indices {
            if let parent = nodes[index].parent {
                nodes[parent].children.append(index)
            } else {
                roots.append(index)
            }
        }
    }

    /// Calls `body` for every node, parents before children, with its depth (0 for roots).
    ///
    /// - Throws: the error that `body` throws, which ends the walk.
    public func walk<Failure: Error>(_ body: (Node, Int) throws(Failure) -> Void) throws(Failure) {
        var open = roots.reversed().map { (index: $0, depth: 0) }
        while let (index, depth) = open.popLast() {
            try body(nodes[index], depth)
            for child in nodes[index].children.reversed() { open.append((child, depth + 1)) }
        }
    }
}
