import SpanMerge
import SpanModel

/// The spans of a trace in the order of their tree, each with the branches in front of it.
///
/// Spans without a parent come first, then those whose parent is not there (orphans), then those that lie in a circle.
/// Of two halves with one id, the inbound one is a child of the other, and their common children are its children.
struct TraceOutline {
    struct Line {
        var span: MergedSpan
        /// `│  └─ `; empty for a root.
        var prefix = ""
        /// The parent is named and not there.
        var isOrphan = false
        /// Following the parents comes back to the span.
        var isInCycle = false
    }

    /// Deeper spans are not indented further, so that the text of a long chain grows with its length alone.
    private static let maxIndent = 120

    private(set) var lines: [Line] = []
    private let spans: [MergedSpan]
    private var children: [[Int]]
    private var isPlaced: [Bool]

    init(_ unordered: [MergedSpan]) {
        let spans = unordered.sorted { left, right in
            (left.span.startTimeUnixNano, left.key) < (right.span.startTimeUnixNano, right.key)
        }
        self.spans = spans
        children = [[Int]](repeating: [], count: spans.count)
        isPlaced = [Bool](repeating: false, count: spans.count)
        var halves: [SpanID: [SpanSide: Int]] = [:]
        for (index, merged) in spans.enumerated() { halves[merged.key.spanID, default: [:]][merged.key.side] = index }
        var roots: [Int] = []
        var orphans: [Int] = []
        for (index, merged) in spans.enumerated() {
            let key = merged.key
            let parent = halves[merged.span.parentSpanID]
            if key.side == .inbound, let other = halves[key.spanID]?[.other] {
                children[other].append(index)
            } else if let above = parent?[.inbound] ?? parent?[.other] {
                children[above].append(index)
            } else if merged.span.parentSpanID.isValid {
                orphans.append(index)
            } else {
                roots.append(index)
            }
        }
        for index in roots { place(Line(span: spans[index]), index) }
        for index in orphans { place(Line(span: spans[index], isOrphan: true), index) }
        for index in spans.indices where !isPlaced[index] { place(Line(span: spans[index], isInCycle: true), index) }
    }

    /// Without recursion: a trace may be a chain of any length.
    private mutating func place(_ line: Line, _ root: Int) {
        var open: [(line: Line, index: Int, below: String)] = [(line, root, "")]
        while let (line, index, below) = open.popLast() {
            guard !isPlaced[index] else { continue }
            isPlaced[index] = true
            lines.append(line)
            let waiting = children[index].filter { !isPlaced[$0] }
            for (position, child) in waiting.enumerated().reversed() {
                let isLast = position == waiting.count - 1
                let line = Line(span: spans[child], prefix: below + (isLast ? "└─ " : "├─ "))
                let isDeep = below.count >= Self.maxIndent
                open.append((line, child, isDeep ? below : below + (isLast ? "   " : "│  ")))
            }
        }
    }
}
