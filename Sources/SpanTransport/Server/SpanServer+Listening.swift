import Logging
import NIOCore
import NIOPosix
import SpanSession
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A socket that takes connections.
struct Listener: Sendable {
    var channel: any Channel
    var address: TransportAddress
    var unixSocket: UnixSocket?
}

// Sockets, and what becomes of the connections they take.
extension SpanServer {
    func listen(at address: TransportAddress) async throws(TransportError) -> Listener {
        do {
            switch address {
            case .tcp(let host, let port):
                let channel = try await bootstrap(for: address).bind(host: host, port: port).get()
                let taken = TransportAddress.tcp(host: host, port: channel.localAddress?.port ?? port)
                return Listener(channel: channel, address: taken)
            case .unix(let path):
                let (socket, channel) = try await UnixSocket.bind(path, mode: configuration.socketMode) { socket in
                    try await bootstrap(for: address).withBoundSocket(socket.descriptor).get()
                }
                return Listener(channel: channel, address: address, unixSocket: socket)
            }
        } catch let error as TransportError {
            throw error
        } catch is SocketAddressError.UnknownHost {
            throw TransportError(
                .cannotListen,
                "\(address) cannot be listened on: no address is known for that name; give an address of this machine, "
                    + "such as 127.0.0.1, or 0.0.0.0 for all")
        } catch {
            throw TransportError(
                .cannotListen,
                "\(address) cannot be listened on (\(Self.reason(error))); choose another address or end what uses it")
        }
    }

    func stopListening() async {
        let (listeners, watch) = state.withLock { state in
            defer { (state.listeners, state.watch) = ([], nil) }
            return (state.listeners, state.watch)
        }
        watch?.cancel()
        for listener in listeners {
            // First the file, so that nobody finds a socket that refuses.
            listener.unixSocket?.remove()
            try? await listener.channel.close().get()
        }
    }

    private func bootstrap(for address: TransportAddress) -> ServerBootstrap {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    // With no descriptor left, accepting fails at once, and would be tried again at once.
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptBackoffHandler(shouldForwardIOErrorCaught: false) { [self] in pauseAfterFailure($0) })
                }
            }
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try setUp(channel, at: address) }
            }
        guard case .tcp = address else { return bootstrap }
        return bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
    }

    /// Options are set here and not by the bootstrap, which tells nobody when the system refuses one.
    ///
    /// - Throws: what closes the connection; it is in the log then.
    private func setUp(_ channel: any Channel, at address: TransportAddress) throws {
        do {
            guard let options = channel.syncOptions else { throw ChannelError.operationUnsupported }
            // A sender may end its own side and still wait for the last acks.
            try options.setOption(.allowRemoteHalfClosure, value: true)
            try options.setOption(.recvAllocator, value: BudgetedReads(budget, BudgetedReads.Gate(mostBytes: 0)))
            if address.isTCP { try options.setOption(.tcpOption(.tcp_nodelay), value: 1) }
            try accept(channel, at: address)
        } catch is TurnedAway {
            throw ChannelError.ioOnClosedChannel
        } catch {
            let reason = Self.reason(error)
            if let count = setUpLog.pass(reason) {
                logger.error(
                    "cannot set up a connection, and closes it",
                    metadata: [
                        "reason": "\(reason)", "address": "\(address)", "times": "\(count)",
                        "peer": "\(channel.remoteAddress.map { "\($0)" } ?? "unknown")",
                    ])
            }
            throw error
        }
    }

    /// A connection that is closed at once for want of room, of which the log has been told.
    private struct TurnedAway: Error {}

    private func accept(_ channel: any Channel, at address: TransportAddress) throws {
        let security = address.isTCP ? configuration.security : nil
        switch directory.admit() {
        case .seat(let seat):
            channel.closeFuture.whenComplete { _ in seat.left() }
            try security?.layer.addHandlers(to: channel)
            try channel.pipeline.syncOperations.addHandler(ServerConnection(server: self, channel: channel, seat: seat))
        case .turnedAway(let words):
            channel.closeFuture.whenComplete { [directory] _ in directory.lingererLeft() }
            try turnAway(channel, words, isSecured: security != nil)
        case .closed(let words):
            try turnAway(channel, words, isSecured: true)
        }
    }

    /// - Throws: `TurnedAway` where nothing can be said without more work than a connection is worth that there is no room
    ///   for; the channel is closed then.
    private func turnAway(_ channel: any Channel, _ words: String, isSecured: Bool) throws {
        if let count = turnedAwayLog.pass() {
            logger.warning(
                "no room for a connection; its sender comes back later",
                metadata: ["reason": "\(words)", "times": "\(count)"])
        }
        guard !isSecured else { throw TurnedAway() }
        let shortest = configuration.retryAfterOverload.retryAfterMilliseconds
        let delay = UInt32.random(in: shortest...UInt32(clamping: UInt64(shortest) * 2))
        let goAway = GoAway(.overloaded, words, retryAfterMilliseconds: delay)
        try channel.pipeline.syncOperations.addHandler(TurnedAwayConnection(goAway))
    }

    private func pauseAfterFailure(_ error: IOError) -> TimeAmount? {
        // The sender has thought better of it; the next one is there.
        guard error.errnoCode != ECONNABORTED else { return nil }
        if let count = acceptLog.pass() {
            logger.error(
                """
                cannot take connections for now; for want of descriptors raise the limit (ulimit -n, LimitNOFILE=) or \
                lower --max-connections
                """,
                metadata: ["reason": "\(SystemError.words(for: error.errnoCode))", "times": "\(count)"])
        }
        return .milliseconds(250)
    }
}
