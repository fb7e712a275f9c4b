import SpanTransport

/// What a `LoadGenerator` puts on a collector.
public struct LoadPlan: Sendable {
    /// Where the collector is, and how a sender proves who it is; queue and sender id are set anew for each sender.
    public var client: SpanClientConfiguration
    /// Senders, each with a connection of its own; 1 ... 10,000.
    public var connections: Int
    /// Spans per batch, 1 ... 65,536.
    public var batchSpans: Int
    /// Spans per second of all connections together; `nil`: as many as the collector takes.
    public var rate: Double?
    /// What a sender does with spans that find no room in its queue.
    public var whenFull: LoadWhenFull
    /// How many spans a sender's queue holds, acknowledged ones excepted; `nil`: sixteen batches without a rate, four
    /// million spans with one.
    public var queueSpans: Int?
    /// How many spans of all senders together, after which the load ends; `nil` for as many as the duration allows.
    public var total: Int?
    /// How long a time the spans are to come from, ending when the load begins: their times run through it evenly while
    /// `total` are handed over. `nil`: each ends now.
    public var spread: Duration?
    /// How long is measured, at the most.
    public var duration: Duration
    /// How long the load runs before that.
    public var warmUp: Duration
    /// How long the last acks are waited for in the end.
    public var finish: Duration

    public init(
        client: SpanClientConfiguration, connections: Int = 2, batchSpans: Int = 512, rate: Double? = nil,
        whenFull: LoadWhenFull = .wait, queueSpans: Int? = nil, total: Int? = nil, spread: Duration? = nil,
        duration: Duration = .seconds(10),
        warmUp: Duration = .seconds(1), finish: Duration = .seconds(10)
    ) {
        self.client = client
        self.connections = connections
        self.batchSpans = batchSpans
        self.rate = rate
        self.whenFull = whenFull
        self.queueSpans = queueSpans
        self.total = total
        self.spread = spread
        self.duration = duration
        self.warmUp = warmUp
        self.finish = finish
    }
}

/// What a sender does with spans that find no room in its queue.
public enum LoadWhenFull: String, Sendable, CaseIterable {
    /// Waits for room; with a rate, what is late is handed over later.
    case wait
    /// Drops and counts them.
    case dropNewest = "drop-newest"
    /// Drops and counts what has waited longest.
    case dropOldest = "drop-oldest"
}
