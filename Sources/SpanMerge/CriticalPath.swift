import SpanModel

/// Critical path of a span: for each instant between its start and its end, the one span that the end waited for.
///
/// The path is found from the end backwards. The time behind the child that ended last is the span's own. Within that
/// child's time the child decides, in the same way; before its start, the child that had ended last by then follows. So
/// the segments are disjoint and cover the span's time.
///
/// Two kinds of children are not on the path. One that ran beside a child on the path is not, since the span would have
/// taken as long without it. One that ended after its parent (asynchronous work) is not, since the parent did not wait
/// for it; `outliving` names it. Children count only within the time of their parents.
///
/// Clocks of several machines should be corrected first (`ClockSkew`): a child whose clock is off may seem to outlive
/// its parent.
public struct CriticalPath: Sendable {
    /// Stretch of time that belongs to one span.
    public struct Segment: Sendable, Hashable {
        /// Index of the span's node in the tree.
        public var node: Int
        /// Start in nanoseconds since 1970-01-01T00:00:00Z.
        public var startUnixNano: UInt64
        /// End in nanoseconds since 1970-01-01T00:00:00Z; later than the start.
        public var endUnixNano: UInt64

        /// Length in nanoseconds.
        public var durationNano: Int64 { Int64(clamping: endUnixNano - startUnixNano) }
    }

    /// Segments in order of time, each beginning where the one before ends; empty when the span has no time.
    public private(set) var segments: [Segment] = []
    /// `true` when the span still runs: the path then goes up to the last time that any span of the trace tells.
    public private(set) var isSoFar: Bool
    /// Nodes of spans below the root that ended after their parent had ended, or still run then. Sorted.
    public private(set) var outliving: [Int] = []

    /// Finds the path of one span. O(n log n) for the spans below it.
    ///
    /// - Parameters:
    ///   - tree: the trace that the span belongs to.
    ///   - root: index of its node, such as one of `tree.roots`. O(n log n) for the spans below it.
    public init(_ tree: TraceTree, root: Int) {
        let span = tree.nodes[root].span.span
        isSoFar = !span.isEnded
        let latest = isSoFar ? tree.lastKnownUnixNano : span.endTimeUnixNano
        guard span.startTimeUnixNano != 0, latest > span.startTimeUnixNano else { return }
        walk(tree, Frame(tree, root, from: span.startTimeUnixNano, to: latest, latest: latest))
    }

    /// A span whose time is being divided among it and its children, backwards.
    private struct Frame {
        var node: Int
        var from: UInt64
        /// Time from which on everything is divided.
        var cursor: UInt64
        /// Children that may be on the path, the last to end first.
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

    /// Divides the time of the first span. Without recursion: a trace may be a chain of any length.
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
