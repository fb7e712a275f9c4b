import SpanModel

/// Two traces side by side: what one has more of, takes longer for or fails at.
///
/// Spans are matched by their path: service and operation of the span and of all that stand above it. Spans of one path
/// are counted together, so that a loop that ran three times here and five times there is one row.
public struct TraceComparison: Sendable {
    /// What one trace has on a path.
    public struct Side: Sendable, Hashable {
        /// How many spans.
        public var spans = 0
        /// How many with status `error`.
        public var errors = 0
        /// How many that still run.
        public var running = 0
        /// The sum of the durations that are known, in nanoseconds; held within `Int64`.
        public var durationNano: Int64 = 0
        /// The sum of their self times (`TraceTree.selfTimesNano`).
        public var selfTimeNano: Int64 = 0

        public init() {}
    }

    /// One path.
    public struct Row: Sendable, Hashable {
        /// Of the last span of the path; empty without.
        public var service: String
        /// Name of the last span of the path.
        public var operation: String
        /// How many stand above it.
        public var depth: Int
        /// The row of the path without its last span; `nil` for a root.
        public var parent: Int?
        /// What the first trace has on the path.
        public var left = Side()
        /// What the second trace has on the path.
        public var right = Side()

        /// Nanoseconds that the right trace takes more (or, if negative, less) by itself on this path.
        public var selfTimeDifferenceNano: Int64 { right.selfTimeNano.subtractingClamped(left.selfTimeNano) }

        /// Whether number and failures are the same on both sides.
        public var hasSameShape: Bool {
            left.spans == right.spans && left.errors == right.errors && left.running == right.running
        }
    }

    /// Parents before children, in the order in which the left trace has them, then the right one.
    public private(set) var rows: [Row] = []

    public init(_ left: TraceTree, _ right: TraceTree) {
        var paths = PathTable()
        add(left, \.left, &paths)
        add(right, \.right, &paths)
        sortDepthFirst()
    }

    /// From a path without its last span, and that span, to the path's row.
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

    /// Rows of the right trace alone stand at the end so far; puts them below their parents.
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
