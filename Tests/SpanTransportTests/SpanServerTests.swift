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

    @Test("a sender far ahead of the store is not read, however small its batches are; it loses none")
    func smallBatches() async throws {
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

    @Test("when the limit of a shutdown comes, a sender that waits for an ack is told to come back")
    func shutdownLimit() async throws {
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
}
