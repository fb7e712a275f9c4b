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
        nodes = spans.sorted(by: Self.precedes).map { Node(span: $0, parent: nil, children: [], attachment: .root) }
        roots = []
        findParents()
        cutCycles()
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

    private static func precedes(_ left: MergedSpan, _ right: MergedSpan) -> Bool {
        let (leftStart, rightStart) = (left.span.startTimeUnixNano, right.span.startTimeUnixNano)
        return leftStart == rightStart ? left.key < right.key : leftStart < rightStart
    }

    private mutating func findParents() {
        var (inbound, other): ([SpanID: Int], [SpanID: Int]) = ([:], [:])
        for (index, node) in nodes.enumerated() {
            if node.span.key.side == .inbound {
                inbound[node.span.span.spanID] = index
            } else {
                other[node.span.span.spanID] = index
            }
        }
        for (index, node) in nodes.enumerated() {
            let span = node.span.span
            if node.span.key.side == .inbound, let half = other[span.spanID] {
                nodes[index].parent = half
                nodes[index].attachment = .sharedHalf
            } else if span.parentSpanID.isValid {
                nodes[index].parent = inbound[span.parentSpanID] ?? other[span.parentSpanID]
                nodes[index].attachment = nodes[index].parent == nil ? .orphan : .child
            }
        }
    }

    /// Follows every node to its root; one circle at the most hangs on each path.
    private mutating func cutCycles() {
        // 0: not seen, otherwise the number of the walk that saw it.
        var seenBy = Array(repeating: 0, count: nodes.count)
        for start in nodes.indices {
            var index = start
            while seenBy[index] == 0 {
                seenBy[index] = start + 1
                guard let parent = nodes[index].parent else { break }
                index = parent
            }
            guard seenBy[index] == start + 1, nodes[index].parent != nil else { continue }
            // Back at a node of this walk: a circle. Nodes are in order of start, so the least index is the earliest.
            var earliest = index
            var next = nodes[index].parent
            while let member = next, member != index {
                earliest = min(earliest, member)
                next = nodes[member].parent
            }
            nodes[earliest].parent = nil
            nodes[earliest].attachment = .cycle
        }
    }
}
