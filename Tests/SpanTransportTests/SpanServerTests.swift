import Dispatch
import Logging
import NIOCore
import NIOPosix
import ProtoWire
import SpanModel
import SpanSession
import SpanTransport
import Testing

/// A server over loopback, with a sink that answers when it is told to.
@Suite(.timeLimit(.minutes(5))) struct SpanServerTests {
    static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    static func server(_ sink: HoldingSink) -> SpanServer {
        SpanServer(configuration: .patient, sink: sink, logger: logger)
    }

    /// Connects, says hello and sends `count` empty batches in one go.
    static func send(_ count: UInt64, to port: Int) async throws -> (any Channel, FrameReader) {
        let answers = FrameReader()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { $0.pipeline.addHandler(answers) }
            .connect(host: "127.0.0.1", port: port).get()
        var bytes: [UInt8] = []
        OutgoingFrame(.hello, Hello(senderID: .random())).append(to: &bytes)
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
        _ = await answers.next(.welcome)
        bytes = []
        for number in 0..<count { OutgoingFrame(.batch, Batch(sequence: number + 1)).append(to: &bytes) }
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        return (channel, answers)
    }

    @Test func `a sender far ahead of the store is not read, however small its batches are; it loses none`()
        async throws
    {
        let sink = HoldingSink()
        let server = Self.server(sink)
        let count: UInt64 = 200_000
        let (channel, answers) = try await Self.send(count, to: try await server.start())
        // What is read at once, four times 64 KiB in frames of at least 8 bytes, may come on top of the limit.
        let bound = 1024 + (256 << 10) / 8
        DispatchQueue.global().asyncAfter(deadline: .now() + 0.5) { sink.answerFromNowOn() }
        var last: UInt64 = 0
        while last < count { last = try Ack(decoding: await answers.next(.ack)).sequence }
        #expect(sink.mostHeld <= bound)
        channel.close(promise: nil)
        await server.shutdown(within: .seconds(5))
    }

    @Test func `when the limit of a shutdown comes, a sender that waits for an ack is told to come back`() async throws
    {
        let sink = HoldingSink()
        let server = Self.server(sink)
        let (channel, answers) = try await Self.send(1, to: try await server.start())
        await sink.firstStore()
        async let ended: Void = server.shutdown(within: .milliseconds(50))
        let goAway = try GoAway(decoding: await answers.next(.goAway))
        #expect(goAway.code == .shuttingDown)
        #expect(goAway.retryAfterMilliseconds > 0)
        channel.close(promise: nil)
        await ended
    }

    /// Waits until nobody holds the object.
    static func freed(_ object: () -> AnyObject?) async -> Bool {
        let limit = ContinuousClock.now + .seconds(60)
        while object() != nil, ContinuousClock.now < limit { await Task.yield() }
        return object() == nil
    }

    @Test func `a server that was never started is freed with the last that holds it`() async {
        weak var server: SpanServer?
        do { server = Self.server(HoldingSink()) }
        #expect(await Self.freed { server })
    }

    @Test func `a server that is dropped while it listens goes on; after its shutdown nothing of it is left`()
        async throws
    {
        weak var dropped: SpanServer?
        let port: Int
        do {
            let sink = HoldingSink()
            sink.answerFromNowOn()
            let server = Self.server(sink)
            port = try await server.start()
            dropped = server
        }
        let (channel, answers) = try await Self.send(1, to: port)
        #expect(try Ack(decoding: await answers.next(.ack)).sequence == 1)
        channel.close(promise: nil)
        do {
            let server = try #require(dropped)
            await server.shutdown(within: .seconds(5))
        }
        #expect(await Self.freed { dropped })
    }

    @Test func `a client that was shut down, or never started, is freed with the last that holds it`() async throws {
        for isStarted in [false, true] {
            weak var dropped: SpanClient?
            do {
                let client = try SpanClient(
                    configuration: SpanClientConfiguration(port: 1), logger: Self.logger)
                dropped = client
                client.reporter().report(
                    SpanRecord(traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "a", startTimeUnixNano: 1))
                if isStarted {
                    client.start()
                    _ = await client.shutdown(within: .milliseconds(20))
                }
            }
            #expect(await Self.freed { dropped })
        }
    }
}
