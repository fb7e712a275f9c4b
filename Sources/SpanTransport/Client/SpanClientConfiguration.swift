import Metrics
import SpanModel
import SpanSession
import SpanSpool

/// The settings of a `SpanClient`: the collector's address, how much is held, and how it is sent.
public struct SpanClientConfiguration: Sendable {
    /// The collector's address; a port is 1 ... 65,535.
    public var address: TransportAddress
    /// The name and version of the program, for people.
    public var agent: String
    /// TLS for a TCP connection; `nil`: it goes in the clear. A Unix socket takes none.
    public var security: ClientSecurity?
    /// The token that is shown to the collector; empty when it asks for none. Never logged.
    public var bearerToken: String
    /// A file with the token that is shown to the collector in place of `bearerToken`, on a line of its own, beside
    /// comments (`#`) at most; `BearerTokenText` has the rules. It is read at the start and anew for every connection,
    /// so that a token can be changed while the service runs. What cannot be read leaves the last one in use.
    public var tokenFile: String?
    /// A token travels in the clear without TLS: it is refused for a host that is not this machine, unless this is set.
    public var allowsTokenInClear: Bool
    /// The sender's identity, new for each incarnation. A spool keeps its own: this is for one that is new.
    public var senderID: SenderID
    /// The compressions for batches, the best first; the collector takes the first that it has. Empty: nothing is
    /// compressed. The default is chosen by the numbers in docs/decisions/compression.md.
    public var compression: [Compression]
    /// The bounds of the queue, and of a batch.
    public var queue: SpanQueueLimits
    /// The spool on disk in which spans lie until they are stored, so that they survive the process; `nil`: in memory
    /// alone. With a spool, `queue` says how batches are cut, and its bounds hold for what is kept in memory while the
    /// disk fails.
    public var spool: SpanSpoolConfiguration?
    /// The factory of the client's metrics; `nil` for the process's `MetricsSystem`. docs/spool.md has their names.
    public var metrics: (any MetricsFactory)?
    /// Sees every frame that is written, in order, on the client's event loop: for captures. `Hello` bears the token.
    public var frameObserver: (@Sendable (OutgoingFrame) -> Void)?
    /// Sees what becomes of every batch, on the client's event loop: for measuring.
    package var receiptObserver: (@Sendable (BatchReceipt) -> Void)?
    /// The times that the session waits.
    public var timing: SessionTiming
    /// The delays between attempts to connect.
    public var backoff: BackoffPolicy

    /// Makes settings for a collector at a TCP address, in the clear and without a spool.
    public init(
        host: String = "127.0.0.1", port: Int = 4319, agent: String = "spanwire-swift", bearerToken: String = "",
        allowsTokenInClear: Bool = false, senderID: SenderID = .random(),
        compression: [Compression] = [.zstdStream, .zstd, .gzip], queue: SpanQueueLimits = SpanQueueLimits(),
        timing: SessionTiming = SessionTiming(), backoff: BackoffPolicy = BackoffPolicy()
    ) {
        address = .tcp(host: host, port: port)
        self.agent = agent
        self.bearerToken = bearerToken
        self.allowsTokenInClear = allowsTokenInClear
        self.senderID = senderID
        self.compression = compression
        self.queue = queue
        spool = nil
        metrics = nil
        frameObserver = nil
        receiptObserver = nil
        self.timing = timing
        self.backoff = backoff
    }

    /// Settings for an address, everything else as it is by default.
    public init(address: TransportAddress, agent: String = "spanwire-swift") {
        self.init(agent: agent)
        self.address = address
    }

    /// Looks at all settings, and reads the token's file.
    ///
    /// - Returns: the token to show until the file can be read again; empty for none.
    /// - Throws: `invalid_setting` with the setting's name and what it may be.
    func validate() throws(TransportError) -> String {
        try address.validate(ports: 1...65_535)
        try security?.layer.validate(address)
        guard senderID.isValid else {
            throw TransportError(.invalidSetting, "senderID is all zeros; take SenderID.random()")
        }
        var token = bearerToken
        if let tokenFile { token = try BearerTokenFile.readOne(tokenFile, awaitsWriter: true).tokens.first ?? token }
        guard token.isEmpty || security != nil || allowsTokenInClear || address.isLocal else {
            throw TransportError(
                .invalidSetting,
                "a bearer token would go to \(address) in the clear; use TLS (security, --tls) or a local address, or "
                    + "allow it (allowsTokenInClear, --allow-token-in-clear)")
        }
        return token
    }
}
