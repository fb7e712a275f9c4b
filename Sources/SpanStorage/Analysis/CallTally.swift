/// Fixed-size form of a span for counting calls: ids as hashes, services as numbers.
package struct CallRow: BitwiseCopyable, Sendable {
    /// Flags of a row.
    package struct Marks: OptionSet, BitwiseCopyable, Sendable {
        /// Bits of the flags.
        package let rawValue: UInt8

        /// Creates the flags from their bits.
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Set for a `client` or `producer` span.
        package static let isOutbound = Marks(rawValue: 1)
        /// Set for a `server` or `consumer` span.
        package static let isInbound = Marks(rawValue: 2)
        /// Set for a `consumer` span.
        package static let isConsumer = Marks(rawValue: 4)
        /// Set when `durationNano` is known.
        package static let hasDuration = Marks(rawValue: 8)
        /// Set for a span with status `error`.
        package static let isError = Marks(rawValue: 16)
        /// Set for a span that the scan matches; clear for one that is only looked at as the other side of a call.
        package static let isMeant = Marks(rawValue: 32)
    }

    /// Hash of the trace id.
    package var trace: UInt32
    /// Hash of the span id.
    package var span: UInt32
    /// Hash of the parent's span id; 0 for a root.
    package var parent: UInt32
    /// Number of the span's service in a `CallNodes`.
    package var service: Int32
    /// Number in a `CallNodes` of the other side that the attributes name; `CallNodes.none` when they name nobody.
    package var peer: Int32
    /// Flags of the span.
    package var marks: Marks
    /// Start in nanoseconds since 1970-01-01T00:00:00Z; 0 when it is not known.
    package var startUnixNano: UInt64
    /// Duration in nanoseconds; meaningless without the flag `hasDuration`.
    package var durationNano: Int64

    /// Creates a row from its fields.
    package init(
        trace: UInt32, span: UInt32, parent: UInt32, service: Int32, peer: Int32, marks: Marks, startUnixNano: UInt64,
        durationNano: Int64
    ) {
        self.trace = trace
        self.span = span
        self.parent = parent
        self.service = service
        self.peer = peer
        self.marks = marks
        self.startUnixNano = startUnixNano
        self.durationNano = durationNano
    }
}

/// Numbers for services and for the nodes that stand in for silent ones.
package struct CallNodes: Sendable {
    private var numbers: [DependencyGraph.Node: Int32] = [:]
    /// Known nodes; the number of a node is its index.
    package private(set) var nodes: [DependencyGraph.Node] = []

    /// Number that stands for no node.
    package static let none: Int32 = -1
    /// Number that stands for every node beyond `limit`; calls from and to it are not told apart.
    package static let leftOut: Int32 = -2
    /// Greatest number of nodes that are told apart. Without it, addresses made up without end would take memory
    /// without bound.
    package static let limit = 1 << 17

    /// Creates a table without nodes.
    package init() {}

    /// Returns the number of a node, which is added when it is new; `leftOut` when the table is full.
    package mutating func number(of node: DependencyGraph.Node) -> Int32 {
        if let known = numbers[node] { return known }
        if nodes.count >= Self.limit { return Self.leftOut }
        numbers[node] = Int32(nodes.count)
        nodes.append(node)
        return Int32(nodes.count - 1)
    }
}

/// Decides which spans make a call and counts the calls by edge, for every form in which an engine keeps spans.
package struct CallTally: Sendable {
    private struct Sums: Sendable {
        var calls: UInt64 = 0
        var errors: UInt64 = 0
        var callers = Latencies()
        var callees = Latencies()
    }

    /// Durations of one side of an edge. Up to 255 of them wait outside the sketch, since adding many at once costs
    /// less.
    private struct Latencies: Sendable {
        var sketch = LatencySketch()
        private var waiting: [Int64] = []
        private static let most = 256

        mutating func add(_ durationNano: Int64, _ scratch: inout LatencySketch.BucketCounts) {
            waiting.append(durationNano)
            if waiting.count == Self.most { finish(&scratch) }
        }

        mutating func finish(_ scratch: inout LatencySketch.BucketCounts) {
            sketch.add(waiting, &scratch)
            waiting.removeAll(keepingCapacity: true)
        }
    }

    private var edges = CallEdges()
    /// Sums of each edge, in the order of `edges.edges`.
    private var sums: [Sums] = []
    /// Number of calls of edges beyond `SpanGroupLimit.groups`.
    private var leftOut: UInt64 = 0
    private var unknownCalls: UInt64 = 0
    private var isToldBelow: [Bool] = []
    private var scratch = LatencySketch.BucketCounts()

    /// Creates a tally without calls.
    package init() {}

    /// Counts the calls of one trace.
    ///
    /// - Parameters:
    ///   - rows: rows of any number of traces, spans around those that the scan matches included.
    ///   - range: places in `rows` of all rows of the trace.
    ///   - parents: place of each row's parent within `range`, in the order of `range`; -1 for a root.
    package mutating func add(_ rows: [CallRow], _ range: Range<Int>, parents: [Int32]) {
        let first = range.lowerBound
        // Spans of which one below tells whom they called.
        isToldBelow.removeAll(keepingCapacity: true)
        isToldBelow.append(contentsOf: repeatElement(false, count: range.count))
        for index in range where parents[index - first] >= 0 {
            let parent = Int(parents[index - first])
            let (callee, caller) = (rows[index], rows[first + parent])
            let isOther = callee.service != caller.service
            if isOther || !callee.marks.isDisjoint(with: [.isOutbound, .isInbound]) { isToldBelow[parent] = true }
            let isCall = caller.marks.contains(.isOutbound) || callee.marks.contains(.isInbound)
            if isOther, isCall, caller.marks.contains(.isMeant) {
                add(caller.service, callee.service, caller: caller, callee: callee)
            }
        }
        for index in range where rows[index].marks.contains(.isMeant) {
            let row = rows[index]
            let parent = parents[index - first] < 0 ? nil : rows[first + Int(parents[index - first])]
            if row.marks.contains(.isOutbound), !isToldBelow[index - first] {
                addInferredCallee(row, below: parent)
            }
            if row.marks.contains(.isConsumer), parent?.marks.contains(.isOutbound) != true, row.peer != CallNodes.none
            {
                add(row.peer, row.service, caller: nil, callee: row)
            }
        }
    }

    /// Counts a call whose callee reported no span.
    ///
    /// Several layers of a program may report one call, such as an object mapper and its driver: spans one below the
    /// other. The innermost counts; when its attributes do not name the callee, those of the span above it may.
    private mutating func addInferredCallee(_ caller: CallRow, below parent: CallRow?) {
        var peer = caller.peer
        if peer == CallNodes.none, let parent, parent.marks.contains(.isOutbound), parent.service == caller.service {
            peer = parent.peer
        }
        guard peer != CallNodes.none else {
            unknownCalls += 1
            return
        }
        add(caller.service, peer, caller: caller, callee: nil)
    }

    private mutating func add(_ from: Int32, _ to: Int32, caller: CallRow?, callee: CallRow?) {
        guard from >= 0, to >= 0, let edge = edge(CallEdges.Edge(from, to, isInferred: caller == nil || callee == nil))
        else {
            leftOut += 1
            return
        }
        sums[edge].calls += 1
        if caller?.marks.contains(.isError) == true || callee?.marks.contains(.isError) == true {
            sums[edge].errors += 1
        }
        if let caller, caller.marks.isSuperset(of: [.isOutbound, .hasDuration]) {
            sums[edge].callers.add(caller.durationNano, &scratch)
        }
        if let callee, callee.marks.isSuperset(of: [.isInbound, .hasDuration]) {
            sums[edge].callees.add(callee.durationNano, &scratch)
        }
    }

    /// Returns the index of an edge, which is added when it is new; `nil` when no further edge fits.
    private mutating func edge(_ edge: CallEdges.Edge) -> Int? {
        if let known = edges.number(of: edge) { return known }
        guard edges.edges.count < SpanGroupLimit.groups else { return nil }
        sums.append(Sums())
        return edges.insert(edge)
    }

    /// Adds the counts of another tally that numbers nodes as this one does.
    package mutating func merge(_ other: CallTally) {
        unknownCalls += other.unknownCalls
        leftOut += other.leftOut
        for (number, more) in zip(other.edges.edges, other.sums) {
            guard let edge = edge(number) else {
                leftOut += more.calls
                continue
            }
            sums[edge].calls += more.calls
            sums[edge].errors += more.errors
            var (callers, callees) = (more.callers, more.callees)
            callers.finish(&scratch)
            callees.finish(&scratch)
            sums[edge].callers.sketch.merge(callers.sketch)
            sums[edge].callees.sketch.merge(callees.sketch)
        }
    }

    /// Returns the graph of the calls counted so far, its edges ordered by caller, then callee.
    package func graph(_ nodes: CallNodes) -> DependencyGraph {
        var scratch = LatencySketch.BucketCounts()
        let all = zip(edges.edges, sums).map { key, sums in
            var (callers, callees) = (sums.callers, sums.callees)
            callers.finish(&scratch)
            callees.finish(&scratch)
            var edge = DependencyGraph.Edge(
                nodes.nodes[key.caller], nodes.nodes[key.callee], isInferred: key.isInferred)
            edge.calls = sums.calls
            edge.errors = sums.errors
            edge.callerLatency = callers.sketch
            edge.calleeLatency = callees.sketch
            return edge
        }
        return DependencyGraph(
            edges: all.sorted(by: DependencyGraph.Edge.precedes), unknownCalls: unknownCalls, leftOutCalls: leftOut)
    }
}

/// Numbers for edges: a hash table of its own, since every call is looked up in it.
struct CallEdges: Sendable {
    /// Two nodes and a flag that says if one of them is inferred, packed into 64 bits.
    struct Edge: Sendable, Equatable {
        private let bits: UInt64

        init(_ caller: Int32, _ callee: Int32, isInferred: Bool) {
            bits =
                UInt64(UInt32(bitPattern: caller)) << 33 | UInt64(UInt32(bitPattern: callee)) << 1
                | (isInferred ? 1 : 0)
        }

        var caller: Int { Int(bits >> 33) }
        var callee: Int { Int(bits >> 1 & 0xFFFF_FFFF) }
        var isInferred: Bool { bits & 1 != 0 }

        var hash: Int { Int(truncatingIfNeeded: (bits &* 0x9E37_79B9_7F4A_7C15) >> 40) }
    }

    private(set) var edges: [Edge] = []
    /// Hash slots: the index of an edge plus one; 0 for an empty slot.
    private var slots = [Int32](repeating: 0, count: 256)

    func number(of edge: Edge) -> Int? {
        let mask = slots.count - 1
        var slot = edge.hash & mask
        while slots[slot] != 0 {
            if edges[Int(slots[slot]) - 1] == edge { return Int(slots[slot]) - 1 }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Adds an edge and returns its index.
    ///
    /// - Parameter edge: an edge that is not in the table.
    mutating func insert(_ edge: Edge) -> Int {
        edges.append(edge)
        if edges.count * 2 > slots.count {
            slots = [Int32](repeating: 0, count: slots.count * 2)
            for (number, edge) in edges.enumerated() { place(edge, number) }
        } else {
            place(edge, edges.count - 1)
        }
        return edges.count - 1
    }

    private mutating func place(_ edge: Edge, _ number: Int) {
        let mask = slots.count - 1
        var slot = edge.hash & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = Int32(number + 1)
    }
}
