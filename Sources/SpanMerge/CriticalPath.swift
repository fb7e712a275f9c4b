import SpanModel

/// What the time from a span's start to its end is made of: for each instant the one span that the end waited for.
///
/// Found from the end backwards: the time behind the child that ended last is the span's own; within that child's time
/// the child decides, in the same way; before its start goes on the child that had ended last by then. So the segments
/// are disjoint and cover the span's time. Children that ran beside the one on the path are not on it, since it would
/// have taken as long without them. Nor is a child that ended after its parent (asynchronous work): the parent did not
/// wait for it, and `outliving` names it. Children are looked at within the time of their parents.
///
/// Clocks of several machines should be corrected before (`ClockSkew`); a child whose clock is off may seem to outlive
/// its parent.
public struct CriticalPath: Sendable {
    /// A stretch of time and the span that it goes to.
    public struct Segment: Sendable, Hashable {
        /// Index of the span's node.
        public var node: Int
        /// Nanoseconds since 1970-01-01T00:00:00Z.
        public var startUnixNano: UInt64
        /// Behind the start.
        public var endUnixNano: UInt64

        /// Nanoseconds from start to end.
        public var durationNano: Int64 { Int64(clamping: endUnixNano - startUnixNano) }
    }

    /// By time, disjoint, each beginning where the one before ends; empty when the span has no time.
    public private(set) var segments: [Segment] = []
    /// The span still runs: the path is what is known so far, up to the last time that any span of the trace tells.
    public private(set) var isSoFar: Bool
    /// Nodes of spans below the path's that ended, or still run, after their parent had ended. Sorted.
    public private(set) var outliving: [Int] = []

    /// The path of one span.
    ///
    /// - Parameter root: index of its node, such as one of `tree.roots`. O(n log n) for the spans below it.
    public init(_ tree: TraceTree, root: Int) {
        let span = tree.nodes[root].span.span
        isSoFar = !span.isEnded
        let latest = isSoFar ? tree.lastKnownUnixNano : span.endTimeUnixNano
        guard span.startTimeUnixNano != 0, latest > span.startTimeUnixNano else { return }
        walk(tree, Frame(tree, root, from: span.startTimeUnixNano, to: latest, latest: latest))
    }

    /// A span whose time is being shared out, backwards.
    private struct Frame {
        var node: Int
        var from: UInt64
        /// All behind it is shared out.
        var cursor: UInt64
        /// Children that may be on the path, the last to end first, and which comes next.
        var children: [(node: Int, start: UInt64, end: UInt64)] = []
        var next = 0

        init(_ tree: TraceTree, _ node: Int, from: UInt64, to: UInt64, latest: UInt64) {
            self.node = node
            self.from = from
            cursor = to
            let parent = tree.nodes[node].span.span
            let parentEnd = parent.isEnded ? parent.endTimeUnixNano : latest
            for child in tree.nodes[node].children {
                let span = tree.nodes[child].span.span
                let end = span.isEnded ? span.endTimeUnixNano : latest
                let outlives = end > parentEnd || !span.isEnded && parent.isEnded
                guard span.startTimeUnixNano != 0, end > span.startTimeUnixNano, !outlives else { continue }
                children.append((child, span.startTimeUnixNano, end))
            }
            children.sort { ($0.end, $1.start, $0.node) > ($1.end, $0.start, $1.node) }
        }
    }

    /// Without recursion: a trace may be a chain of any length.
    private mutating func walk(_ tree: TraceTree, _ first: Frame) {
        var open = [first]
        var below = [first.node]
        while var frame = open.popLast() {
            while frame.next < frame.children.count, frame.children[frame.next].end > frame.cursor { frame.next += 1 }
            guard frame.next < frame.children.count, frame.children[frame.next].end > frame.from else {
                add(frame.node, frame.from, frame.cursor)
                continue
            }
            let child = frame.children[frame.next]
            add(frame.node, child.end, frame.cursor)
            frame.cursor = max(child.start, frame.from)
            frame.next += 1
            open.append(frame)
            open.append(Frame(tree, child.node, from: frame.cursor, to: child.end, latest: first.cursor))
        }
        segments.reverse()
        // Of all spans below, not only those on the path.
        while let node = below.popLast() {
            let parent = tree.nodes[node].span.span
            for child in tree.nodes[node].children {
                let span = tree.nodes[child].span.span
                if parent.isEnded && (!span.isEnded || span.endTimeUnixNano > parent.endTimeUnixNano) {
                    outliving.append(child)
                }
                below.append(child)
            }
        }
        outliving.sort()
    }

    private mutating func add(_ node: Int, _ start: UInt64, _ end: UInt64) {
        if end > start { segments.append(Segment(node: node, startUnixNano: start, endUnixNano: end)) }
    }
}
