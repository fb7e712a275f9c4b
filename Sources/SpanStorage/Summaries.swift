import SpanModel

/// A service that spans came from.
public struct ServiceSummary: Sendable, Hashable {
    /// `service.name`; empty for spans whose resource has none.
    public var name: String
    /// How many merged spans it has.
    public var spans: UInt64
    /// The latest start among them, nanoseconds since 1970-01-01T00:00:00Z.
    public var newestStartUnixNano: UInt64

    public init(name: String, spans: UInt64, newestStartUnixNano: UInt64) {
        self.name = name
        self.spans = spans
        self.newestStartUnixNano = newestStartUnixNano
    }
}

/// A sender that batches came from.
public struct SenderSummary: Sendable, Hashable {
    /// `SenderID.none` stands for all sources without an id.
    public var sender: SenderID
    /// What it said it is, as of the batch stored last.
    public var agent: String
    /// The highest sequence that is stored.
    public var storedSequence: UInt64
    /// Span reports that were merged; copies in further batches count, resent batches do not.
    public var storedReports: UInt64
    /// Spans that the sender had to give up, sorted by reason (bytes), each reason once.
    public var dropped: [DropCount]
    /// Span reports that the collector had to refuse one by one, such as for an id that is none.
    public var rejectedReports: UInt64
    /// Whether it is there.
    public var presence: SenderPresence
    /// When a batch or a change of its presence was received last, nanoseconds since 1970-01-01T00:00:00Z.
    public var lastSeenUnixNano: UInt64
    /// Whose spans it reported while they ran, sorted; at most 256. So a span without an end is known to be abandoned,
    /// without a word about senders in what is merged.
    public var runningSources: [SpanSource]
    /// It reported running spans of further sources, which are not kept apart.
    public var hasMoreRunningSources: Bool

    public init(
        sender: SenderID, agent: String = "", storedSequence: UInt64 = 0, storedReports: UInt64 = 0,
        dropped: [DropCount] = [], rejectedReports: UInt64 = 0, presence: SenderPresence = .unknown,
        lastSeenUnixNano: UInt64 = 0, runningSources: [SpanSource] = [], hasMoreRunningSources: Bool = false
    ) {
        self.sender = sender
        self.agent = agent
        self.storedSequence = storedSequence
        self.storedReports = storedReports
        self.dropped = dropped
        self.rejectedReports = rejectedReports
        self.presence = presence
        self.lastSeenUnixNano = lastSeenUnixNano
        self.runningSources = runningSources
        self.hasMoreRunningSources = hasMoreRunningSources
    }
}
