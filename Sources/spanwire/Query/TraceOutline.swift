import SpanMerge

/// The nodes of a trace in the order of their tree, each with the branches in front of it.
struct TraceOutline {
    struct Line {
        var node: TraceTree.Node
        /// `│  └─ `; empty for a root.
        var prefix: String
    }

    /// Deeper spans are not indented further, so that the text of a long chain grows with its length alone.
    private static let maxIndent = 120

    private(set) var lines: [Line] = []

    /// Without recursion: a trace may be a chain of any length.
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
