import Logging
import NIOCore
import NIOPosix
import ProtoWire
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

/// Connections that a collector resets while the client is about to write large frames.
@Suite(.timeLimit(.minutes(5))) struct ResetConnectionTests {
    /// Welcomes, takes one batch, acknowledges it with much credit, and resets the connection at once.
    private final class ResettingCollector: ChannelInboundHandler, @unchecked Sendable {
        typealias InboundIn = ByteBuffer

        struct State {
            var storedSequence: UInt64 = 0
            var resets = 0
        }

        private let state: Shared
        // Used on the event loop alone.
        private var decoder = FrameDecoder(maxBatchBytes: 4 << 20)

        final class Shared: Sendable { let value = Mutex(State()) }

        init(_ state: Shared) { self.state = state }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            decoder.append(bytes.readableBytesSpan)
            while let head = try? decoder.nextFrame() {
                switch head.kind {
                case .hello:
                    let stored = state.value.withLock { $0.storedSequence }
                    write(
                        OutgoingFrame(
                            .welcome,
                            Welcome(storedSequence: stored, maxFrameBytes: 4 << 20, creditBytes: 1)),
                        context)
                case .batch:
                    guard let batch = try? Batch(decoding: decoder.payload) else { return }
                    state.value.withLock {
                        $0.storedSequence = batch.sequence
                        $0.resets += 1
                    }
                    // Long enough for the client's queue to be full again.
                    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                    context.eventLoop.scheduleTask(in: .milliseconds(50)) {
                        let context = bound.value
                        if let options = context.channel as? any SocketOptionProvider {
                            _ = options.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                        }
                        self.write(
                            OutgoingFrame(.ack, Ack(sequence: batch.sequence, creditBytes: 8 << 20)), context)
                        context.close(promise: nil)
                    }
                    return
                default: break
                }
            }
        }

        private func write(_ frame: OutgoingFrame, _ context: ChannelHandlerContext) {
            context.writeAndFlush(NIOAny(ByteBuffer(bytes: frame.bytes)), promise: nil)
        }
    }

    @Test func `a client whose connection is reset under a large frame goes on`() async throws {
        let state = ResettingCollector.Shared()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ResettingCollector(state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        var configuration = SpanClientConfiguration(
            port: try #require(server.localAddress?.port), compression: [],
            queue: SpanQueueLimits(maxBatchSpans: 512, maxBatchBytes: 1 << 20),
            backoff: BackoffPolicy(shortest: .milliseconds(1), longest: .milliseconds(5)))
        configuration.agent = "test"
        let client = try SpanClient(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        client.start()
        let reporter = client.reporter()
        let text = String(repeating: "text ", count: 80)
        let deadline = ContinuousClock.now + .seconds(60)
        var number: UInt64 = 0
        while state.value.withLock({ $0.resets }) < 20, ContinuousClock.now < deadline {
            for _ in 0..<4096 {
                number += 1
                reporter.report(
                    SpanRecord(
                        traceID: TraceID(high: 1, low: number), spanID: SpanID(number), name: "s", startTimeUnixNano: 1,
                        endTimeUnixNano: 2, attributes: [Attribute("text", .string(text))]))
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(state.value.withLock { $0.resets } >= 20)
        let report = await client.shutdown(within: .milliseconds(100))
        #expect(report.reportedSpans == Int(number))
        #expect(report.pendingSpans == 0)
        try await server.close()
    }
}
