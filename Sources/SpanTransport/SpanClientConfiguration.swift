import Metrics
import SpanModel
import SpanSession
import SpanSpool

/// Where a `SpanClient` sends to and how much it holds.
public struct SpanClientConfiguration: Sendable {
    /// A name or an address.
    public var host: String
    /// 1 ... 65,535.
    public var port: Int
    /// Name and version of the program, for people.
    public var agent: String
    /// Shown to the collector; empty when it asks for none. Never logged.
    public var bearerToken: String
    /// A token travels in the clear without TLS: it is refused for a host that is not this machine, unless this is set.
    public var allowsTokenInClear: Bool
    /// New for each incarnation of a sender. A spool keeps its own: this is for one that is new.
    public var senderID: SenderID
    /// What batches may be compressed with, the best first; the collector takes the first that it has. Empty: nothing is
    /// compressed. The default is chosen by the numbers in docs/decisions/compression.md.
    public var compression: [Compression]
    /// Bounds of the queue, and when a batch is full.
    public var queue: SpanQueueLimits
    /// Where spans lie on disk until they are stored, so that they survive the process; `nil`: in memory alone. With a
    /// spool, `queue` says how batches are cut, and its bounds hold for what is kept in memory while the disk fails.
    public var spool: SpanSpoolConfiguration?
    /// Where the client's metrics go; `nil`: to the process's `MetricsSystem`. docs/spool.md has their names.
    public var metrics: (any MetricsFactory)?
    /// Sees every frame that is written, in order, on the client's event loop: for captures. `Hello` bears the token.
    public var frameObserver: (@Sendable (OutgoingFrame) -> Void)?
    public var timing: SessionTiming
    public var backoff: BackoffPolicy

    public init(
        host: String = "127.0.0.1", port: Int = 4319, agent: String = "spanwire-swift", bearerToken: String = "",
        allowsTokenInClear: Bool = false, senderID: SenderID = .random(),
        compression: [Compression] = [.zstdStream, .zstd, .gzip], queue: SpanQueueLimits = SpanQueueLimits(),
        timing: SessionTiming = SessionTiming(), backoff: BackoffPolicy = BackoffPolicy()
    ) {
        self.host = host
        self.port = port
        self.agent = agent
        self.bearerToken = bearerToken
        self.allowsTokenInClear = allowsTokenInClear
        self.senderID = senderID
        self.compression = compression
        self.queue = queue
        spool = nil
        metrics = nil
        frameObserver = nil
        self.timing = timing
        self.backoff = backoff
    }

    /// - Throws: `invalid_setting` with the setting's name and what it may be.
    func validate() throws(TransportError) {
        guard !host.isEmpty else { throw TransportError(.invalidSetting, "host is empty; name the collector's host") }
        guard (1...65_535).contains(port) else {
            throw TransportError(.invalidSetting, "port is \(port); it must be 1 to 65535")
        }
        guard senderID.isValid else {
            throw TransportError(.invalidSetting, "senderID is all zeros; take SenderID.random()")
        }
        guard bearerToken.isEmpty || allowsTokenInClear || isLoopback else {
            throw TransportError(
                .invalidSetting,
                "a bearer token would go to \(host) in the clear; use a local address, or allow it "
                    + "(allowsTokenInClear, --allow-token-in-clear)")
        }
    }

    private var isLoopback: Bool {
        host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
    }
}
