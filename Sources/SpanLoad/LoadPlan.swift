import SpanTransport

/// The load that a `LoadGenerator` puts on a collector.
public struct LoadPlan: Sendable {
    /// The collector's address, and how a sender proves who it is; queue and sender id are set anew for each sender.
    public var client: SpanClientConfiguration
    /// Senders, each with a connection of its own; 1 ... 10,000.
    public var connections: Int
    /// Spans per batch, 1 ... 65,536.
    public var batchSpans: Int
    /// Spans per second of all connections together; `nil`: as many as the collector takes.
    public var rate: Double?
    /// The fate of spans that find no room in a sender's queue.
    public var whenFull: LoadWhenFull
    /// The number of spans that a sender's queue holds, acknowledged ones excepted; `nil`: sixteen batches without a
    /// rate, four million spans with one.
    public var queueSpans: Int?
    /// The number of spans of all senders together after which the load ends; `nil` for as many as the duration allows.
    public var total: Int?
    /// The span of time that the spans are to come from, ending when the load begins: their times run through it evenly
    /// while `total` are handed over. `nil`: each ends now.
    public var spread: Duration?
    /// The longest time that is measured.
    public var duration: Duration
    /// The time for which the load runs before it is measured.
    public var warmUp: Duration
    /// The time for which the last acks are waited for in the end.
    public var finish: Duration

    /// Makes a plan; everything else is as it is by default.
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

/// The fate of spans that find no room in a sender's queue.
public enum LoadWhenFull: String, Sendable, CaseIterable {
    /// Waits for room; with a rate, what is late is handed over later.
    case wait
    /// Drops and counts them.
    case dropNewest = "drop-newest"
    /// Drops and counts what has waited longest.
    case dropOldest = "drop-oldest"
}
