import Logging
import NIOCore
import NIOPosix
import SpanCompression
import SpanModel
import SpanSession
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where a `SpanServer` listens and what it grants.
public struct SpanServerConfiguration: Sendable {
    /// A name or an address of this machine.
    public var host: String
    /// 0 ... 65,535; 0 takes a free one.
    public var port: Int
    /// Limits, tokens, compressions and times of every connection. Without a codec the system's zlib and libzstd are
    /// used; to have none, leave `compressions` empty.
    public var session: ServerSettings
    /// How soon senders that were sent away by a shutdown may come back.
    public var retryAfterShutdown: Duration
    /// How many bytes of what is delivered may be held at once, over all connections: frames that are not complete, and
    /// batches that the sink has not answered for. One frame may be held on top. Beyond it connections are not read.
    public var maxHeldBytes = 256 << 20
    /// How many bytes all connections together keep for speed: buffers for the next frame, zstd's windows. With many
    /// connections each keeps less, and takes smaller windows.
    public var maxKeptBytes = 128 << 20

    public init(
        host: String = "127.0.0.1", port: Int = 4319, session: ServerSettings = ServerSettings(),
        retryAfterShutdown: Duration = .seconds(1)
    ) {
        self.host = host
        self.port = port
        self.session = session
        self.retryAfterShutdown = retryAfterShutdown
    }
}

/// Accepts senders over TCP and hands their batches to a sink; acknowledges what the sink says is durable.
///
/// ```swift
/// let server = SpanServer(configuration: SpanServerConfiguration(port: 0), sink: sink, logger: logger)
/// let port = try await server.start()
/// // …
/// await server.shutdown(within: .seconds(10))
/// ```
public final class SpanServer: Sendable {
    public let configuration: SpanServerConfiguration
    private let group: any EventLoopGroup
    let sink: any SpanSink
    let logger: Logger
    let directory = ConnectionDirectory()
    let budget: ReceiveBudget
    private let listener = Mutex<(any Channel)?>(nil)

    /// - Parameter group: where connections live; NIO's shared threads unless given.
    public init(
        configuration: SpanServerConfiguration, sink: any SpanSink,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, logger: Logger
    ) {
        var configuration = configuration
        configuration.session.codec = configuration.session.codec ?? SystemCompression()
        self.configuration = configuration
        self.sink = sink
        self.group = group
        self.logger = logger
        budget = ReceiveBudget(limit: configuration.maxHeldBytes)
    }

    /// Begins to listen. Once.
    ///
    /// - Returns: the port, of interest when 0 was asked for.
    /// - Throws: `cannot_listen`.
    @discardableResult
    public func start() async throws(TransportError) -> Int {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            // A sender may end its own side and still wait for the last acks.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ServerConnection(server: self, channel: channel))
                }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
        } catch {
            throw TransportError(
                .cannotListen,
                "\(configuration.host):\(configuration.port) cannot be listened on (\(Self.reason(error))); "
                    + "choose another address or end what uses it")
        }
        listener.withLock { $0 = channel }
        return channel.localAddress?.port ?? configuration.port
    }

    /// Ends in good order: takes no new connection, acknowledges what was taken, sends the senders away with a delay.
    ///
    /// - Parameter limit: after which senders that still wait for acks are sent away without them; their connections are
    ///   closed within a second then.
    public func shutdown(within limit: Duration) async {
        let channel = listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
        try? await channel?.close().get()
        let open = directory.all()
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

    /// How many connections are open.
    public var connectionCount: Int { directory.all().count }

    /// Tells connections that they may read again.
    func wake(_ connections: [ConnectionID]) {
        for id in connections { directory.handle(of: id)?.perform { $0.readAgain() } }
    }

    static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return String(describing: error) }
        // Proof: strerror returns a string that lives at least until this thread's next call of it.
        guard let words = unsafe strerror(error.errnoCode) else { return "error \(error.errnoCode)" }
        return unsafe String(cString: words)
    }
}

/// The open connections, and which of them speaks for a sender.
final class ConnectionDirectory: Sendable {
    private struct State {
        var lastID: UInt64 = 0
        var open: [ConnectionID: ServerConnectionHandle] = [:]
        var bySender: [SenderID: ConnectionID] = [:]
    }

    private let state = Mutex(State())

    func nextID() -> ConnectionID {
        state.withLock { state in
            state.lastID += 1
            return ConnectionID(rawValue: state.lastID)
        }
    }

    func add(_ handle: ServerConnectionHandle) {
        state.withLock { $0.open[handle.id] = handle }
    }

    /// Makes a connection the one of its sender.
    ///
    /// - Returns: the one that was, if it is still open.
    func claim(_ sender: SenderID, for handle: ServerConnectionHandle) -> ServerConnectionHandle? {
        state.withLock { state in
            let previous = state.bySender.updateValue(handle.id, forKey: sender)
            return previous.flatMap { state.open[$0] }
        }
    }

    func remove(_ id: ConnectionID, sender: SenderID?) {
        state.withLock { state in
            state.open[id] = nil
            if let sender, state.bySender[sender] == id { state.bySender[sender] = nil }
        }
    }

    func handle(of id: ConnectionID) -> ServerConnectionHandle? { state.withLock { $0.open[id] } }

    /// How many are open.
    var count: Int { state.withLock { $0.open.count } }

    func all() -> [ServerConnectionHandle] { state.withLock { Array($0.open.values) } }
}
