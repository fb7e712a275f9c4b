import SpanModel

/// Calls between services, and between services and the databases, queues and addresses that they use.
public struct DependencyGraph: Sendable, Hashable {
    /// A service, or a stand-in for one that reports no spans.
    public struct Node: Sendable, Hashable, Comparable {
        /// Kind of a node.
        public enum Kind: UInt8, Sendable, Hashable {
            /// A service, by `service.name` or the `peer.service` that a caller names.
            case service
            /// A database: `db.system.name` and, behind a slash, `db.namespace`.
            case database
            /// A queue or topic: `messaging.system` and, behind a slash, `messaging.destination.name`.
            case messaging
            /// An address: `server.address` and, behind a colon, `server.port`.
            case address
        }

        /// Kind of the node.
        public var kind: Kind
        /// Name of the node, in the form that its kind states.
        public var name: ExactText

        /// Creates a node.
        public init(_ kind: Kind, _ name: ExactText) {
            self.kind = kind
            self.name = name
        }

        /// Orders nodes by name (bytes), then kind.
        public static func < (left: Node, right: Node) -> Bool {
            let order = left.name.order(right.name)
            return order == 0 ? left.kind.rawValue < right.kind.rawValue : order < 0
        }
    }

    /// Calls from one node to another, with counts and durations.
    public struct Edge: Sendable, Hashable {
        /// Calling node.
        public var caller: Node
        /// Called node.
        public var callee: Node
        /// `true` when one side reported no span and is known only from the attributes of the other side.
        public var isInferred: Bool
        /// Number of calls; a call counts once, however often its spans were reported.
        public var calls: UInt64 = 0
        /// Number of calls in which the caller's or the callee's span has status `error`.
        public var errors: UInt64 = 0
        /// Durations of the callers' `client` and `producer` spans, as far as they have one.
        public var callerLatency = LatencySketch()
        /// Durations of the callees' `server` and `consumer` spans, as far as they have one.
        public var calleeLatency = LatencySketch()

        /// Creates an edge without calls.
        public init(_ caller: Node, _ callee: Node, isInferred: Bool) {
            self.caller = caller
            self.callee = callee
            self.isInferred = isInferred
        }

        /// Orders edges by caller, then callee, observed ones before inferred ones.
        static func precedes(_ left: Edge, _ right: Edge) -> Bool {
            if left.caller != right.caller { return left.caller < right.caller }
            if left.callee != right.callee { return left.callee < right.callee }
            return !left.isInferred && right.isInferred
        }
    }

    /// Edges, ordered by caller, then callee, observed ones before inferred ones.
    public var edges: [Edge]
    /// Number of `client` and `producer` spans whose callee neither a span nor an attribute names.
    public var unknownCalls: UInt64
    /// Number of calls of edges beyond `SpanGroupLimit.groups`, which are not told apart.
    public var leftOutCalls: UInt64

    /// Time before and after the range of a scan in which the other side of a call is looked for: 300,000,000,000 ns, 5
    /// minutes. A callee may start before its caller when its clock is behind, and after the range when it waited in a
    /// queue.
    public static let lookaroundNano: UInt64 = 300_000_000_000

    /// Creates a graph from its edges and counts.
    public init(edges: [Edge] = [], unknownCalls: UInt64 = 0, leftOutCalls: UInt64 = 0) {
        self.edges = edges
        self.unknownCalls = unknownCalls
        self.leftOutCalls = leftOutCalls
    }
}

extension ClosedRange<UInt64> {
    /// Returns the range extended by `amount` at both ends, within the bounds of `UInt64`.
    func widened(by amount: UInt64) -> ClosedRange<UInt64> {
        let (end, overflow) = upperBound.addingReportingOverflow(amount)
        return (lowerBound > amount ? lowerBound - amount : 0)...(overflow ? .max : end)
    }
}
