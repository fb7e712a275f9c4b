import NIOCore
import SpanSession
import Synchronization

/// The part of a server's connection that other threads hold.
final class ServerConnectionHandle: Sendable {
    let id: ServerConnectionID
    let channel: any Channel
    private let connection: NIOLoopBoundBox<ServerConnection?>
    private let answers = Mutex<[SinkAnswer<StoredBatch>]>([])

    init(id: ServerConnectionID, channel: any Channel) {
        self.id = id
        self.channel = channel
        connection = .makeEmptyBox(eventLoop: channel.eventLoop)
    }

    /// Ties the handle to its connection, on the event loop.
    func bind(_ connection: ServerConnection) { self.connection.value = connection }

    /// The connection is gone; what is asked of it from now on is not done.
    func unbind() { connection.value = nil }

    /// Does something on the connection's event loop, unless it is gone; then `next`, in any case.
    func perform(
        _ body: @escaping @Sendable (ServerConnection) -> Void, then next: (@Sendable () -> Void)? = nil
    ) {
        channel.eventLoop.execute { [connection] in
            if let connection = connection.value { body(connection) }
            next?()
        }
    }

    /// Answers that come while the event loop is busy are told to the session together, and so acknowledged by one
    /// frame.
    func stored(_ answer: SinkAnswer<StoredBatch>) {
        let isFirst = answers.withLock { answers in
            answers.append(answer)
            return answers.count == 1
        }
        guard isFirst else { return }
        channel.eventLoop.execute { [self] in
            let all = answers.withLock { answers in
                defer { answers = [] }
                return answers
            }
            connection.value?.batchesStored(all)
        }
    }
}
