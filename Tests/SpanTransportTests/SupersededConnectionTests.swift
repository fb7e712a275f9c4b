import NIOCore
import NIOPosix
import SpanModel
import SpanSession
import SpanTransport
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Connections that take a sender over and are gone at once.
@Suite(.timeLimit(.minutes(5))) struct SupersededConnectionTests {
    /// Notes who is asked for after its connection's end was told.
    private final class OrderSink: SpanSink {
        struct Notes {
            var finds = 0
            var ended: Set<ServerConnectionID> = []
            var late: [ServerConnectionID] = []
        }

        let notes = Mutex(Notes())

        func findSender(
            _ sender: SenderID, connection: ServerConnectionID, agent: String,
            completion: @escaping @Sendable (SinkAnswer<UInt64>) -> Void
        ) {
            notes.withLock { notes in
                notes.finds += 1
                if notes.ended.contains(connection) { notes.late.append(connection) }
            }
            completion(.done(0))
        }

        func store(_ delivery: Delivery, completion: @escaping @Sendable (SinkAnswer<StoredBatch>) -> Void) {
            completion(.done(StoredBatch(sequence: delivery.batch.sequence)))
        }

        func connectionEnded(_ connection: ServerConnectionID, sender: SenderID?, saidGoodbye: Bool) {
            notes.withLock { _ = $0.ended.insert(connection) }
        }
    }

    @Test func `the end of a connection is the last that a sink hears of it, also while it takes a sender over`()
        async throws
    {
        let sink = OrderSink()
        let server = SpanServer(
            configuration: .patient, sink: sink, logger: SpanServerTests.logger)
        let port = try await server.start()
        let rounds = 100
        for _ in 0..<rounds {
            let sender = SenderID.random()
            var hello: [UInt8] = []
            OutgoingFrame(.hello, Hello(senderID: sender)).append(to: &hello)
            let answers = FrameReader()
            let older = try await Self.connect(port, answers)
            try await older.writeAndFlush(ByteBuffer(bytes: hello)).get()
            _ = await answers.next(.welcome)
            let newer = try await Self.connect(port, FrameReader())
            // Reset right behind its Hello.
            newer.writeAndFlush(ByteBuffer(bytes: hello), promise: nil)
            try await newer.close().get()
            try? await older.close().get()
        }
        await server.shutdown(within: .seconds(5))
        let notes = sink.notes.withLock { $0 }
        #expect(notes.finds >= rounds)
        #expect(notes.late == [])
    }

    private static func connect(_ port: Int, _ answers: FrameReader) async throws -> any Channel {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { $0.pipeline.addHandler(answers) }
            .connect(host: "127.0.0.1", port: port).get()
        let options = try #require(channel as? any SocketOptionProvider)
        try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        return channel
    }
}
