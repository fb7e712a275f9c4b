import SpanModel

/// Whether a sender is there, as far as the collectors that write to the store know.
public struct SenderPresence: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Nothing is known: a source without an id, or a store from before this was kept.
    public static let unknown = SenderPresence(rawValue: 0)
    /// It has a connection to a collector whose lease holds.
    public static let connected = SenderPresence(rawValue: 1)
    /// It ended in good order: everything it had is stored or told as dropped.
    public static let saidGoodbye = SenderPresence(rawValue: 2)
    /// Its last connection ended without a goodbye, or the collector did, and it has not come back: it crashed, was killed or
    /// cannot reach a collector. What it left running is not going to end.
    public static let gone = SenderPresence(rawValue: 3)
}

extension SenderPresence: CustomStringConvertible {
    /// `connected`, `said_goodbye`, `gone`, `unknown`.
    public var description: String {
        switch self {
        case .connected: "connected"
        case .saidGoodbye: "said_goodbye"
        case .gone: "gone"
        default: "unknown"
        }
    }
}

/// A sender came to a collector, or went from it.
public struct SenderChange: Sendable, Hashable {
    public var sender: SenderID
    /// What the sender says it is; empty to leave it as it is.
    public var agent: String
    public var presence: SenderPresence
    /// When, nanoseconds since 1970-01-01T00:00:00Z by the collector's clock.
    public var atUnixNano: UInt64

    public init(sender: SenderID, agent: String = "", presence: SenderPresence, atUnixNano: UInt64) {
        self.sender = sender
        self.agent = agent
        self.presence = presence
        self.atUnixNano = atUnixNano
    }
}
