import SpanModel

/// Presence of a sender, as far as the collectors that write to the store know.
public struct SenderPresence: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Nothing is known: a source without an id, or a store from before presence was kept.
    public static let unknown = SenderPresence(rawValue: 0)
    /// The sender has a connection to a collector whose lease holds.
    public static let connected = SenderPresence(rawValue: 1)
    /// The sender ended in good order: everything it had is stored or reported as dropped.
    public static let saidGoodbye = SenderPresence(rawValue: 2)
    /// The sender's last connection ended without a goodbye, or its collector ended, and the sender has not come back:
    /// it crashed, was killed, or cannot reach a collector. Spans that it left running will not end.
    public static let gone = SenderPresence(rawValue: 3)
}

extension SenderPresence: CustomStringConvertible {
    /// Name of the presence: `connected`, `said_goodbye`, `gone` or `unknown`.
    public var description: String {
        switch self {
        case .connected: "connected"
        case .saidGoodbye: "said_goodbye"
        case .gone: "gone"
        default: "unknown"
        }
    }
}

/// Arrival of a sender at a collector, or its departure.
public struct SenderChange: Sendable, Hashable {
    /// Sender that arrived or left.
    public var sender: SenderID
    /// Description that the sender gives of itself; empty to keep the known one.
    public var agent: String
    /// Presence of the sender after the change.
    public var presence: SenderPresence
    /// Time of the change by the collector's clock, nanoseconds since 1970-01-01T00:00:00Z.
    public var atUnixNano: UInt64

    /// Creates a change.
    public init(sender: SenderID, agent: String = "", presence: SenderPresence, atUnixNano: UInt64) {
        self.sender = sender
        self.agent = agent
        self.presence = presence
        self.atUnixNano = atUnixNano
    }
}
