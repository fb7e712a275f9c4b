import SpanSession

/// What a `LoadGenerator` puts on a collector.
public struct LoadPlan: Sendable {
    /// Where the collector is.
    public var host: String
    /// 1 ... 65,535.
    public var port: Int
    /// Senders, each with a connection of its own; 1 ... 10,000.
    public var connections: Int
    /// Spans per batch, 1 ... 65,536.
    public var batchSpans: Int
    /// What is offered to the collector, the best first; empty: nothing is compressed.
    public var compression: [Compression]
    /// Spans per second of all connections together; `nil`: as many as the collector takes.
    public var rate: Double?
    /// How long is measured.
    public var duration: Duration
    /// How long the load runs before that.
    public var warmUp: Duration
    /// Shown to the collector; empty when it asks for none.
    public var bearerToken: String
    /// Name and version of the program, for people.
    public var agent: String

    public init(
        host: String = "127.0.0.1", port: Int, connections: Int = 2, batchSpans: Int = 512,
        compression: [Compression] = [.zstdStream], rate: Double? = nil, duration: Duration = .seconds(10),
        warmUp: Duration = .seconds(1), bearerToken: String = "", agent: String = "spanwire-load"
    ) {
        self.host = host
        self.port = port
        self.connections = connections
        self.batchSpans = batchSpans
        self.compression = compression
        self.rate = rate
        self.duration = duration
        self.warmUp = warmUp
        self.bearerToken = bearerToken
        self.agent = agent
    }
}
