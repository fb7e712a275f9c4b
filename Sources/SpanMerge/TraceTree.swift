import SpanModel

/// The spans of one trace in shape: who is whose parent. Made for printing and walking.
///
/// Whatever the spans say, every span is in the tree once: one whose parent is missing is a root marked as an orphan, a
/// circle of parents is cut at its earliest span. The inbound half of a shared span is the child of the other half, and
/// spans that name the shared id as their parent are children of the inbound half. O(n log n).
public struct TraceTree: Sendable {
    /// A span with its place.
    public struct Node: Sendable {
        public let span: MergedSpan
        /// Index of the parent's node, `nil` for a root.
        public internal(set) var parent: Int?
        /// Indices of the children's nodes, by start, then by key.
        public internal(set) var children: [Int]
        /// Why the node is where it is.
        public internal(set) var attachment: Attachment
    }

    /// How a node came to its place.
    public enum Attachment: Sendable, Hashable {
        /// A root: it names no parent.
        case root
        /// A child of the span that it names.
        case child
        /// The inbound half of a shared span: a child of the other half.
        case sharedHalf
        /// It names a parent that is not there. A root here.
        case orphan
        /// It was in a circle of parents, which was cut here. A root here.
        case cycle
    }

    /// All spans, by start, then by key.
    public private(set) var nodes: [Node]
    /// Indices of nodes without a parent, by start, then by key.
    public private(set) var roots: [Int]

    /// - Parameter spans: of one trace, each key once, in any order.
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
    public func walk<Failure: Error>(_ body: (Node, Int) throws(Failure) -> Void) throws(Failure) {
        var open = roots.reversed().map { (index: $0, depth: 0) }
        while let (index, depth) = open.popLast() {
            try body(nodes[index], depth)
            for child in nodes[index].children.reversed() { open.append((child, depth + 1)) }
        }
    }
}
