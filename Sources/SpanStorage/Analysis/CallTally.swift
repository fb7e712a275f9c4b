/// A span as counting calls needs it, in numbers alone.
package struct CallRow: BitwiseCopyable, Sendable {
    /// What else is known of it.
    package struct Marks: OptionSet, BitwiseCopyable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A `client` or `producer` span.
        package static let isOutbound = Marks(rawValue: 1)
        /// A `server` or `consumer` span.
        package static let isInbound = Marks(rawValue: 2)
        package static let isConsumer = Marks(rawValue: 4)
        package static let hasDuration = Marks(rawValue: 8)
        package static let isError = Marks(rawValue: 16)
        /// The question is about it; others are beside it.
        package static let isMeant = Marks(rawValue: 32)
    }

    /// What the trace is known by; the same of its id and its parent's, which is 0 for a root.
    package var trace: UInt32
    package var span: UInt32
    package var parent: UInt32
    /// Of a `CallNodes`.
    package var service: Int32
    /// The same; `CallNodes.none` where the attributes do not tell whom it called.
    package var peer: Int32
    package var marks: Marks
    package var startUnixNano: UInt64
    package var durationNano: Int64

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

/// Services and what stands in for them, by number.
package struct CallNodes: Sendable {
    private var numbers: [DependencyGraph.Node: Int32] = [:]
    package private(set) var nodes: [DependencyGraph.Node] = []

    /// No node.
    package static let none: Int32 = -1
    /// One of too many: its calls are not told apart.
    package static let leftOut: Int32 = -2
    /// So many are told apart, so that addresses without number cost no memory without bound.
    package static let limit = 1 << 17

    package init() {}

    /// The number of a node, which may be new.
    package mutating func number(of node: DependencyGraph.Node) -> Int32 {
        if let known = numbers[node] { return known }
        if nodes.count >= Self.limit { return Self.leftOut }
        numbers[node] = Int32(nodes.count)
        nodes.append(node)
        return Int32(nodes.count - 1)
    }
}

/// What a call is, and counts of them: the same for every form in which an engine has spans.
package struct CallTally: Sendable {
    private struct Sums: Sendable {
        var calls: UInt64 = 0
        var errors: UInt64 = 0
        var callers = Latencies()
        var callees = Latencies()
    }

    /// Durations, some of them not in the sketch yet.
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
    /// By edge.
    private var sums: [Sums] = []
    /// Calls of further edges.
    private var leftOut: UInt64 = 0
    private var unknownCalls: UInt64 = 0
    private var isToldBelow: [Bool] = []
    private var scratch = LatencySketch.BucketCounts()

    package init() {}

    /// Counts the calls of a trace.
    ///
    /// - Parameters:
    ///   - rows: of one trace: those that are meant, and those around them.
    ///   - parents: of each the place of its parent in `range`; -1 for a root.
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

    /// A call that no callee reported.
    ///
    /// Layers of a program may each report it (a mapper, its driver): spans below one another. The innermost counts; where
    /// its attributes do not tell whom it called, those of the span above it may.
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

    /// - Returns: `nil` where no further edge fits.
    private mutating func edge(_ edge: CallEdges.Edge) -> Int? {
        if let known = edges.number(of: edge) { return known }
        guard edges.edges.count < SpanGroupLimit.groups else { return nil }
        sums.append(Sums())
        return edges.insert(edge)
    }

    /// Adds what another tally counted, by the same numbers of nodes.
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

    /// What was counted so far, by caller, then callee.
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

/// Numbers of edges: a table of its own, since every call is looked up in it.
struct CallEdges: Sendable {
    /// Two nodes, and whether one of them is inferred.
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
    /// One more than the number; 0 for none.
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

    /// - Parameter edge: one that is not there yet.
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
