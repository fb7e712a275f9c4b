import SpanSession

/// The settings of a `SpanServer`: where it listens, whom it lets in and what it grants.
public struct SpanServerConfiguration: Sendable {
    /// Names or addresses of this machine, and paths of Unix sockets; at least one. Port 0 takes a free one.
    public var addresses: [TransportAddress]
    /// Limits, tokens, compressions and times of every connection. Without a codec the system's zlib and libzstd are
    /// used; to have none, leave `compressions` empty.
    public var session: ServerSettings
    /// The delay after which senders that a shutdown sent away may come back.
    public var retryAfterShutdown: Duration
    /// The bytes of what is delivered that may be held at once, over all connections: frames that are not complete, and
    /// batches that the sink has not answered for. It has shares, so that peers which begin frames and do not complete
    /// them keep nobody else waiting (transport rule 17); at least eight times `session.maxFrameBytes`, or it may be
    /// exceeded by a few frames.
    public var maxHeldBytes = 256 << 20
    /// The bytes that all connections together keep for speed: buffers for the next frame, zstd's windows. With many
    /// connections each keeps less, and takes smaller windows.
    public var maxKeptBytes = 128 << 20

    /// TLS for TCP connections; `nil`: they go in the clear.
    public var security: ServerSecurity?
    /// A file with the bearer tokens that are let in, one a line, in place of `session.bearerTokens`; `nil`: those.
    /// `BearerTokenText` has the rules. A file that breaks them is an error at the start; later the list stays as it
    /// was.
    public var tokenFile: String?
    /// The interval at which certificate, key and token files are looked at for changes; a change counts when two looks
    /// in a row find the same. `.zero`: not by themselves, only by `SpanServer.reload()`.
    public var reloadInterval = Duration.seconds(5)

    /// The permissions of Unix sockets, such as 0o660: who may write may connect.
    public var socketMode: UInt16 = 0o600
    /// The number of connections that may be open, at least 1. Each takes a file descriptor, 5 KiB (by TLS 25), and
    /// what it has of its credit in use. The default, 10,000, is far above what a collector on a few cores serves well,
    /// and far below what would take a machine's memory when all are idle: it is there to stop a flood.
    public var maxConnections = 10_000
    /// The number of connections that may be without a welcome, at least 1: nobody knows yet who they are, and each may
    /// make us hold 64 KiB and the state of a TLS handshake. The default, 1,024, keeps that under 64 MiB and some.
    public var maxHandshakes = 1_024
    /// The delay after which senders that found the server full may come back; each is told up to twice as much by
    /// chance, so that they do not all come at once.
    public var retryAfterOverload = Duration.seconds(5)

    /// Makes settings for one TCP address, in the clear.
    public init(
        host: String = "127.0.0.1", port: Int = 4319, session: ServerSettings = ServerSettings(),
        retryAfterShutdown: Duration = .seconds(1)
    ) {
        addresses = [.tcp(host: host, port: port)]
        self.session = session
        self.retryAfterShutdown = retryAfterShutdown
    }

    /// - Parameters:
    ///   - addresses: at least one.
    ///   - session: limits, tokens, compressions and times of every connection.
    public init(addresses: [TransportAddress], session: ServerSettings = ServerSettings()) {
        self.init(session: session)
        self.addresses = addresses
    }

    /// - Throws: `invalid_setting` with the setting's name and what it may be.
    func validate() throws(TransportError) {
        guard !addresses.isEmpty else { throw TransportError(.invalidSetting, "addresses is empty; name at least one") }
        for address in addresses { try address.validate(ports: 0...65_535) }
        guard maxConnections >= 1, maxHandshakes >= 1 else {
            throw TransportError(.invalidSetting, "maxConnections and maxHandshakes must be at least 1")
        }
        guard socketMode <= 0o777 else {
            throw TransportError(.invalidSetting, "socketMode must be 0 to 0o777")
        }
    }
}
