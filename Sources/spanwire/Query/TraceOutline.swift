import SpanMerge

/// Nodes of a trace in the order of their tree, each with the branches in front of it.
struct TraceOutline {
    struct Line {
        var node: TraceTree.Node
        /// Branches in front of the node, such as `│  └─ `; empty for a root.
        var prefix: String
    }

    /// Greatest width of the branches. Deeper spans are not indented further, so that the text of a long chain grows
    /// only with its length.
    private static let maxIndent = 120

    private(set) var lines: [Line] = []

    /// Lays out a tree. Without recursion: a trace may be a chain of any length.
    init(_ tree: TraceTree) {
        var open: [(index: Int, prefix: String, below: String)] = tree.roots.reversed().map { ($0, "", "") }
        while let (index, prefix, below) = open.popLast() {
            let node = tree.nodes[index]
            lines.append(Line(node: node, prefix: prefix))
            for (position, child) in node.children.enumerated().reversed() {
                let isLast = position == node.children.count - 1
                let isDeep = below.count >= Self.maxIndent
                let deeper = isDeep ? below : below + (isLast ? "   " : "│  ")
                open.append((child, below + (isLast ? "└─ " : "├─ "), deeper))
            }
        }
    }
}
