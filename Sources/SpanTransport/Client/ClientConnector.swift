import Logging
import NIOCore
import NIOPosix
import SpanSession
import Synchronization

/// Opens a client's connections, each with the certificates, keys and token that the files have at that time.
final class ClientConnector: Sendable {
    /// A connection that is open; a TLS handshake may still be under way.
    struct Opening: Sendable {
        var channel: any Channel
        /// The token that this connection shows to the collector.
        var bearerToken: String
    }

    private let configuration: SpanClientConfiguration
    private let logger: Logger
    /// The last token that could be read.
    private let token: Mutex<String>
    private let failureLog = LogGate()
    /// Files that others may read, as far as they were logged.
    private let loggedExposures = Mutex<Set<String>>([])

    /// - Parameter token: what is shown until its file, if it has one, can be read again.
    init(configuration: SpanClientConfiguration, token: String, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        self.token = Mutex(token)
    }

    /// - Parameter initialize: adds the handlers behind those of the security, on the event loop.
    func connect(
        on eventLoop: any EventLoop, _ initialize: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<Opening> {
        guard configuration.security != nil || configuration.tokenFile != nil else {
            return open(nil, configuration.bearerToken, on: eventLoop, initialize)
        }
        // Not on the event loop: a file may be far away, and the system's trusted certificates are many.
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { [self] in
            (configuration.security?.layer.prepare(), readToken())
        }
        .flatMap { [self] security, token in open(security, token, on: eventLoop, initialize) }
    }

    /// Words for the fault of a connection, without secrets; `nil` where there is nothing to say but that it is
    /// closed.
    func words(for error: any Error, on channel: (any Channel)?) -> String? {
        if let channel, let words = configuration.security?.layer.words(for: error, on: channel) { return words }
        let address = configuration.address
        switch error {
        case let error as TransportError: return error.message
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first?.error {
                return "could not connect to \(address) (\(SpanServer.reason(first)))"
            }
            return "could not connect to \(address): no address is known for that name"
        case ChannelError.connectTimeout: return "could not connect to \(address): no answer came"
        case let error as IOError where channel == nil:
            return "could not connect to \(address) (\(SystemError.words(for: error.errnoCode)))"
        default: return nil
        }
    }

    private func open(
        _ security: PreparedSecurity?, _ bearerToken: String, on eventLoop: any EventLoop,
        _ initialize: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<Opening> {
        logExposures(security?.exposures ?? [])
        if let warning = security?.warning, failureLog.pass("security") != nil {
            logger.error("cannot use the new certificate files", metadata: ["reason": "\(warning)"])
        }
        let address = configuration.address
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.timing.patience))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try security?.addHandlers(channel, address)
                    try initialize(channel)
                }
            }
        let channel =
            switch address {
            case .tcp(let host, let port):
                bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).connect(host: host, port: port)
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            }
        return channel.map { Opening(channel: $0, bearerToken: bearerToken) }
    }

    /// Files are read with every connection, and each is told of once.
    private func logExposures(_ exposures: [String]) {
        for words in exposures where loggedExposures.withLock({ $0.insert(words).inserted }) {
            logger.warning("a secret is not kept", metadata: ["reason": "\(words)"])
        }
    }

    private func readToken() -> String {
        guard let path = configuration.tokenFile else { return configuration.bearerToken }
        do throws(TransportError) {
            let contents = try BearerTokenFile.readOne(path, awaitsWriter: false)
            logExposures([contents.exposure].compactMap(\.self))
            return token.withLock { token in
                token = contents.tokens.first ?? token
                return token
            }
        } catch {
            if failureLog.pass("token") != nil {
                logger.error(
                    "cannot read the token; the last one stays in use until the file is right",
                    metadata: ["reason": "\(error.message)"])
            }
            return token.withLock(\.self)
        }
    }
}
