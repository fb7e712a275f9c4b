import SpanModel

/// Who calls whom.
public struct DependencyGraph: Sendable, Hashable {
    /// A service, or what stands in for one that reports no spans.
    public struct Node: Sendable, Hashable, Comparable {
        /// What it is.
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

        public var kind: Kind
        /// What its kind says.
        public var name: ExactText

        public init(_ kind: Kind, _ name: ExactText) {
            self.kind = kind
            self.name = name
        }

        /// By name (bytes), then kind.
        public static func < (left: Node, right: Node) -> Bool {
            let order = left.name.order(right.name)
            return order == 0 ? left.kind.rawValue < right.kind.rawValue : order < 0
        }
    }

    /// Calls from one node to another.
    public struct Edge: Sendable, Hashable {
        /// Who calls.
        public var caller: Node
        /// Who is called.
        public var callee: Node
        /// One side reported no span: it is known from the attributes of the other side's alone.
        public var isInferred: Bool
        /// How many, each counted once however often it was reported.
        public var calls: UInt64 = 0
        /// Those of which the caller's or the callee's span has status `error`.
        public var errors: UInt64 = 0
        /// Durations of the callers' `client` and `producer` spans, those that have one.
        public var callerLatency = LatencySketch()
        /// Durations of the callees' `server` and `consumer` spans, those that have one.
        public var calleeLatency = LatencySketch()

        public init(_ caller: Node, _ callee: Node, isInferred: Bool) {
            self.caller = caller
            self.callee = callee
            self.isInferred = isInferred
        }

        /// By caller, then callee, those that are not inferred first.
        static func precedes(_ left: Edge, _ right: Edge) -> Bool {
            if left.caller != right.caller { return left.caller < right.caller }
            if left.callee != right.callee { return left.callee < right.callee }
            return !left.isInferred && right.isInferred
        }
    }

    /// By caller, then callee, those that are not inferred first.
    public var edges: [Edge]
    /// `client` and `producer` spans of which neither a callee's span nor an attribute tells whom they called.
    public var unknownCalls: UInt64
    /// Calls of further edges, which are not told apart; see `SpanGroupLimit`.
    public var leftOutCalls: UInt64

    /// How much earlier than the range a callee may start (its clock may be behind), and how much later (it may have
    /// waited in a queue), to be found as the callee of a call that starts within the range: 5 minutes.
    public static let lookaroundNano: UInt64 = 300_000_000_000

    public init(edges: [Edge] = [], unknownCalls: UInt64 = 0, leftOutCalls: UInt64 = 0) {
        self.edges = edges
        self.unknownCalls = unknownCalls
        self.leftOutCalls = leftOutCalls
    }
}

extension ClosedRange<UInt64> {
    /// The range with so much more on both sides, held within `UInt64`.
    func widened(by amount: UInt64) -> ClosedRange<UInt64> {
        let (end, overflow) = upperBound.addingReportingOverflow(amount)
        return (lowerBound > amount ? lowerBound - amount : 0)...(overflow ? .max : end)
    }
}
