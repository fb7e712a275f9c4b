import SpanModel
import SpanSession
import Synchronization

/// The open connections, which of them speaks for a sender, and how many more there may be.
final class ConnectionDirectory: Sendable {
    private struct State {
        var lastID: UInt64 = 0
        var open: [ServerConnectionID: ServerConnectionHandle] = [:]
        var bySender: [SenderID: (id: ServerConnectionID, number: UInt64)] = [:]
        var seats = 0
        var handshakes = 0
        var turnedAway = 0
    }

    private let maxConnections: Int
    private let maxHandshakes: Int
    private let state = Mutex(State())

    /// The number of connections that are turned away and may linger until they have read why.
    private static let maxTurnedAway = 64

    init(maxConnections: Int, maxHandshakes: Int) {
        self.maxConnections = maxConnections
        self.maxHandshakes = maxHandshakes
    }

    /// The fate of a connection that was accepted.
    enum Admission {
        /// There is room for it.
        case seat(Seat)
        /// There is none: it is told so in these words and closed. Its place is given back by `lingererLeft`.
        case turnedAway(String)
        /// There is none, not even for the words.
        case closed(String)
    }

    /// Finds room for a connection.
    func admit() -> Admission {
        state.withLock { state in
            let words: String
            if state.seats >= maxConnections {
                words = "the collector has all the connections that it may have (\(maxConnections))"
            } else if state.handshakes >= maxHandshakes {
                words =
                    "the collector has \(maxHandshakes) connections that it has not welcomed yet, and may have no more"
            } else {
                state.seats += 1
                state.handshakes += 1
                return .seat(Seat(self))
            }
            guard state.turnedAway < Self.maxTurnedAway else { return .closed(words) }
            state.turnedAway += 1
            return .turnedAway(words)
        }
    }

    /// One that was turned away is gone.
    func lingererLeft() { state.withLock { $0.turnedAway -= 1 } }

    /// A connection's place among those that may be there.
    final class Seat: Sendable {
        private let directory: ConnectionDirectory
        private let isInHandshake = Mutex(true)

        init(_ directory: ConnectionDirectory) { self.directory = directory }

        /// The connection is welcomed.
        func welcomed() {
            let wasInHandshake = isInHandshake.withLock { isInHandshake in
                defer { isInHandshake = false }
                return isInHandshake
            }
            if wasInHandshake { directory.state.withLock { $0.handshakes -= 1 } }
        }

        /// The connection is gone. Once.
        func left() {
            welcomed()
            directory.state.withLock { $0.seats -= 1 }
        }
    }

    func nextID() -> ServerConnectionID {
        state.withLock { state in
            state.lastID += 1
            return ServerConnectionID(rawValue: state.lastID)
        }
    }

    func add(_ handle: ServerConnectionHandle) {
        state.withLock { $0.open[handle.id] = handle }
    }

    /// Which connection is its sender's.
    enum Claim {
        /// The one that claims it.
        case first
        /// The one that claims it, in place of this one.
        case supersedes(ServerConnectionHandle)
        /// Another one, which is newer.
        case outdated
    }

    /// Makes a connection the one of its sender, unless a newer one is open.
    ///
    /// - Parameter number: `Hello.connection`; 0 for not known.
    func claim(_ sender: SenderID, number: UInt64, for handle: ServerConnectionHandle) -> Claim {
        state.withLock { state in
            let known = state.bySender[sender]
            let previous = known.flatMap { state.open[$0.id] }
            if let known, let previous, previous.id != handle.id, number != 0, known.number >= number {
                return .outdated
            }
            state.bySender[sender] = (handle.id, number)
            guard let previous, previous.id != handle.id else { return .first }
            return .supersedes(previous)
        }
    }

    func remove(_ id: ServerConnectionID, sender: SenderID?) {
        state.withLock { state in
            state.open[id] = nil
            if let sender, state.bySender[sender]?.id == id { state.bySender[sender] = nil }
        }
    }

    func handle(of id: ServerConnectionID) -> ServerConnectionHandle? { state.withLock { $0.open[id] } }

    /// The number of open connections.
    var count: Int { state.withLock { $0.open.count } }

    func all() -> [ServerConnectionHandle] { state.withLock { Array($0.open.values) } }
}
