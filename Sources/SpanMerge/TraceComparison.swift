import SpanModel

/// Comparison of two traces: the work that one has more of, takes longer for or fails at.
///
/// Spans are matched by their path: service and name of the span and of all spans above it. Spans of one path are
/// counted together, so that a loop that ran three times in one trace and five times in the other is one row.
public struct TraceComparison: Sendable {
    /// Sums over the spans that one trace has on a path.
    public struct Side: Sendable, Hashable {
        /// Number of spans.
        public var spans = 0
        /// Number of spans with status `error`.
        public var errors = 0
        /// Number of spans that still run.
        public var running = 0
        /// Sum of the known durations in nanoseconds, clamped to `Int64`.
        public var durationNano: Int64 = 0
        /// Sum of the self times in nanoseconds, clamped to `Int64`; see `TraceTree.selfTimesNano`.
        public var selfTimeNano: Int64 = 0

        /// Creates sums of 0.
        public init() {}
    }

    /// One path in both traces.
    public struct Row: Sendable, Hashable {
        /// Service of the last span of the path; empty when it has none.
        public var service: String
        /// Name of the last span of the path.
        public var operation: String
        /// Number of spans above the last one.
        public var depth: Int
        /// Index of the row of the path without its last span; `nil` for a root.
        public var parent: Int?
        /// Sums of the first trace.
        public var left = Side()
        /// Sums of the second trace.
        public var right = Side()

        /// Self time that the right trace takes more on this path than the left, in nanoseconds; negative when it takes
        /// less.
        public var selfTimeDifferenceNano: Int64 { right.selfTimeNano.subtractingClamped(left.selfTimeNano) }

        /// `true` when both sides have equally many spans, failed spans and running spans.
        public var hasSameShape: Bool {
            left.spans == right.spans && left.errors == right.errors && left.running == right.running
        }
    }

    /// Rows, parents before children, in the order of the left trace; paths of the right trace alone come last among
    /// their siblings.
    public private(set) var rows: [Row] = []

    /// Compares two traces. O(n log n).
    public init(_ left: TraceTree, _ right: TraceTree) {
        var paths = PathTable()
        add(left, \.left, &paths)
        add(right, \.right, &paths)
        sortDepthFirst()
    }

    /// Table from a path without its last span, and that span, to the path's row.
    private struct PathTable {
        struct Step: Hashable {
            var parent: Int?
            var service: [UInt8]
            var operation: [UInt8]
        }

        var rows: [Step: Int] = [:]
    }

    private mutating func add(_ tree: TraceTree, _ side: WritableKeyPath<Row, Side>, _ paths: inout PathTable) {
        let selfTimes = tree.selfTimesNano()
        var rowsByNode = [Int](repeating: 0, count: tree.nodes.count)
        var open = Array(tree.roots.reversed())
        while let index = open.popLast() {
            let node = tree.nodes[index]
            open += node.children.reversed()
            let (merged, parent) = (node.span, node.parent.map { rowsByNode[$0] })
            let step = PathTable.Step(
                parent: parent, service: Array(merged.service.utf8), operation: Array(merged.span.name.utf8))
            let row = paths.rows[step] ?? rows.count
            if row == rows.count {
                paths.rows[step] = row
                rows.append(
                    Row(
                        service: merged.service, operation: merged.span.name,
                        depth: parent.map { rows[$0].depth + 1 } ?? 0, parent: parent))
            }
            rowsByNode[index] = row
            rows[row][keyPath: side].add(merged, selfTimeNano: selfTimes[index])
        }
    }

    /// Moves rows of the right trace alone, which stand at the end so far, below their parents.
    private mutating func sortDepthFirst() {
        var children = [[Int]](repeating: [], count: rows.count)
        var open: [Int] = []
        for (index, row) in rows.enumerated() {
            if let parent = row.parent { children[parent].append(index) } else { open.append(index) }
        }
        open.reverse()
        var places = [Int](repeating: 0, count: rows.count)
        var sorted: [Row] = []
        while let index = open.popLast() {
            places[index] = sorted.count
            var row = rows[index]
            row.parent = row.parent.map { places[$0] }
            sorted.append(row)
            open += children[index].reversed()
        }
        rows = sorted
    }
}

extension TraceComparison.Side {
    fileprivate mutating func add(_ merged: MergedSpan, selfTimeNano selfTime: Int64?) {
        spans += 1
        if merged.statusCode == .error { errors += 1 }
        if merged.isRunning { running += 1 }
        durationNano = durationNano.addingClamped(merged.durationNano ?? 0)
        selfTimeNano = selfTimeNano.addingClamped(selfTime ?? 0)
    }
}
