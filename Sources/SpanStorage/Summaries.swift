import SpanModel

/// Counts of a service that reported spans.
public struct ServiceSummary: Sendable, Hashable {
    /// Value of `service.name`; empty for spans whose resource has none.
    public var name: String
    /// Number of the service's merged spans.
    public var spans: UInt64
    /// Latest start among the service's spans, nanoseconds since 1970-01-01T00:00:00Z.
    public var newestStartUnixNano: UInt64

    /// Creates a summary of a service.
    public init(name: String, spans: UInt64, newestStartUnixNano: UInt64) {
        self.name = name
        self.spans = spans
        self.newestStartUnixNano = newestStartUnixNano
    }
}

/// State and counts of a sender.
public struct SenderSummary: Sendable, Hashable {
    /// Identity of the sender; `SenderID.none` stands for all sources without an id.
    public var sender: SenderID
    /// Description that the sender gave of itself last.
    public var agent: String
    /// Highest stored sequence.
    public var storedSequence: UInt64
    /// Number of span reports that were merged; copies in further batches count, resent batches do not.
    public var storedReports: UInt64
    /// Spans that the sender had to drop, each reason once, sorted by reason (bytes).
    public var dropped: [DropCount]
    /// Number of span reports that were refused one by one, such as for an id that is not valid.
    public var rejectedReports: UInt64
    /// Presence of the sender.
    public var presence: SenderPresence
    /// Time at which a batch or a change of presence was received last, nanoseconds since 1970-01-01T00:00:00Z.
    public var lastSeenUnixNano: UInt64
    /// Sources whose running spans the sender reported, sorted; at most 256. They tell which spans without an end are
    /// abandoned, without a word about senders in merged spans.
    public var runningSources: [SpanSource]
    /// `true` when the sender reported running spans of further sources, which are not kept apart.
    public var hasMoreRunningSources: Bool

    /// Creates the summary of `sender`.
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
