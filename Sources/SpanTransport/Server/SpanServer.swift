import Logging
import NIOCore
import NIOPosix
import SpanCompression
import SpanModel
import SpanSession
import Synchronization

/// Accepts senders over TCP, TLS and Unix sockets and hands their batches to a sink; acknowledges what the sink says is
/// durable.
///
/// A server that was started listens until it is shut down, whether somebody holds it or not. After `shutdown` nothing
/// of it is left but what its owner holds.
///
/// ```swift
/// let server = SpanServer(configuration: SpanServerConfiguration(port: 0), sink: sink, logger: logger)
/// let port = try await server.start()
/// // …
/// await server.shutdown(within: .seconds(10))
/// ```
public final class SpanServer: Sendable {
    struct State {
        var listeners: [Listener] = []
        var tokens: FileBacked<BearerTokenFile.Contents>?
        var watch: RepeatedTask?
    }

    /// The settings that the server was made with.
    public let configuration: SpanServerConfiguration
    private let ownGroup: (any EventLoopGroup)?
    let sink: any SpanSink
    let logger: Logger
    let directory: ConnectionDirectory
    let state = Mutex(State())
    /// The gate of lines about connections that find no room, which may be every one.
    let turnedAwayLog = LogGate()
    let acceptLog = LogGate()
    /// The gates of faults: of senders that were let in, and of strangers, who cannot keep those out of the log.
    let senderFaultLog = LogGate()
    let strangerFaultLog = LogGate()
    let setUpLog = LogGate()
    let budget: ReceiveBudget

    /// Creates a server that does not listen before `start`.
    ///
    /// - Parameters:
    ///   - configuration: addresses, limits, tokens and TLS.
    ///   - sink: stores what arrives.
    ///   - group: where connections live; `nil` for NIO's shared threads, which `start` makes if need be.
    ///   - logger: takes what an operator should know.
    public init(
        configuration: SpanServerConfiguration, sink: any SpanSink,
        group: (any EventLoopGroup)? = nil, logger: Logger
    ) {
        var configuration = configuration
        configuration.session.codec = configuration.session.codec ?? SystemCompression()
        self.configuration = configuration
        self.sink = sink
        ownGroup = group
        self.logger = logger
        budget = ReceiveBudget(
            limit: configuration.maxHeldBytes, maxFrameBytes: Int(configuration.session.maxFrameBytes))
        directory = ConnectionDirectory(
            maxConnections: configuration.maxConnections, maxHandshakes: configuration.maxHandshakes)
    }

    /// Begins to listen. Once.
    ///
    /// - Returns: the port of the first TCP address, of interest when 0 was asked for; 0 without one.
    /// - Throws: `cannot_listen`, `invalid_setting`, `out_of_descriptors`.
    @discardableResult
    public func start() async throws(TransportError) -> Int {
        try configuration.validate()
        if ownGroup == nil { _ = try EventLoops.shared() }
        if let path = configuration.tokenFile {
            let tokens = try FileBacked(paths: [path]) { current throws(TransportError) in
                try BearerTokenFile.read(path, awaitsWriter: current == nil)
            }
            state.withLock { $0.tokens = tokens }
            logExposure([tokens.value.exposure].compactMap(\.self))
        }
        logExposure(configuration.security?.layer.exposures ?? [])
        for address in configuration.addresses {
            do throws(TransportError) {
                let listener = try await listen(at: address)
                state.withLock { $0.listeners.append(listener) }
            } catch {
                await stopListening()
                throw error
            }
        }
        watchFiles()
        return addresses.lazy.compactMap { if case .tcp(_, let port) = $0 { port } else { nil } }.first ?? 0
    }

    /// The addresses listened on, with the ports that were taken; none before `start` and after `shutdown`.
    public var addresses: [TransportAddress] { state.withLock { $0.listeners.map(\.address) } }

    /// Ends in good order: takes no new connection, acknowledges what was taken, sends the senders away with a delay.
    ///
    /// - Parameter limit: after which senders that still wait for acks are sent away without them; their connections
    ///   are closed within a second then.
    public func shutdown(within limit: Duration) async {
        await stopListening()
        let open = directory.all()
        guard !open.isEmpty else { return }
        let retryAfter = configuration.retryAfterShutdown
        let closed = open.map { handle in
            handle.perform { $0.drain(retryAfter: retryAfter) }
            return handle.channel.closeFuture
        }
        let timer = group.next().scheduleTask(in: TimeAmount(limit)) { [directory] in
            for handle in directory.all() { handle.perform { $0.cut(retryAfter: retryAfter) } }
        }
        for future in closed { try? await future.get() }
        timer.cancel()
    }

    /// Not before `start` has seen that there is room for the shared ones.
    var group: any EventLoopGroup { ownGroup ?? MultiThreadedEventLoopGroup.singleton }

    /// The number of open connections.
    public var connectionCount: Int { directory.all().count }

    /// Tells connections that they may read again, or that they have to go.
    func wake(_ connections: [ServerConnectionID]) {
        for id in connections { directory.handle(of: id)?.perform { $0.readAgain() } }
    }

    /// Looks in a moment for connections that make others wait, and again for as long as somebody waits.
    func sweepSoon() {
        group.next().scheduleTask(in: HeldFrames.sweepInterval) { [weak self] in
            guard let self else { return }
            let (wakes, goesOn) = budget.sweep(now: .now())
            wake(wakes)
            if goesOn { sweepSoon() }
        }
    }

    static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return String(describing: error) }
        return SystemError.words(for: error.errnoCode)
    }
}
