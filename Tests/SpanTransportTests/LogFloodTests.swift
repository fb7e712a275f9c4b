import LogRecording
import Logging
import NIOCore
import SpanModel
import SpanSession
import Synchronization
import Testing

@testable import SpanTransport

/// What happens again and again is in the log now and then.
@Suite(.timeLimit(.minutes(5))) struct LogFloodTests {
    /// A store that is full.
    final class FullSink: SpanSink {
        private let refusals: AsyncStream<Void>
        private let refusal: AsyncStream<Void>.Continuation

        init() { (refusals, refusal) = AsyncStream.makeStream(bufferingPolicy: .unbounded) }

        /// Returns after so many refusals more.
        func refuse(_ count: Int) async {
            var left = count
            for await _ in refusals {
                left -= 1
                if left == 0 { return }
            }
        }

        func findSender(
            _ sender: SenderID, connection: ServerConnectionID, agent: String,
            completion: @escaping @Sendable (SinkAnswer<UInt64>) -> Void
        ) {
            completion(.done(0))
        }

        func store(_ delivery: Delivery, completion: @escaping @Sendable (SinkAnswer<StoredBatch>) -> Void) {
            completion(.refused(retryAfter: .milliseconds(1)))
            refusal.yield()
        }

        func connectionEnded(_ connection: ServerConnectionID, sender: SenderID?, saidGoodbye: Bool) {}
    }

    @Test func `a sender that is welcomed and sent away all the time has few lines on either side`() async throws {
        let sink = FullSink()
        let (serverLog, clientLog) = (RecordedLog(), RecordedLog())
        var configuration = SpanServerConfiguration.patient
        configuration.addresses = [.tcp(host: "127.0.0.1", port: 0)]
        let server = SpanServer(configuration: configuration, sink: sink, logger: serverLog.logger)
        let port = try await server.start()
        let client = try SpanClient(
            configuration: SpanClientConfiguration(
                port: port, backoff: BackoffPolicy(shortest: .milliseconds(1), longest: .milliseconds(5))),
            logger: clientLog.logger)
        let start = ContinuousClock.now
        client.start()
        client.reporter().report(SpanRecord(traceID: .random(), spanID: .random(), name: "op", startTimeUnixNano: 1))
        await sink.refuse(50)
        // A line of a kind in ten seconds; on a slow machine these are some.
        let windows = 1 + Int((ContinuousClock.now - start) / .seconds(10))
        _ = await client.shutdown(within: .zero)
        await server.shutdown(within: .seconds(5))
        func lines(_ words: String, in log: RecordedLog) -> Int {
            log.lines.count { !$0.hasPrefix("debug") && !$0.hasPrefix("trace") && $0.contains(words) }
        }
        #expect((1...windows).contains(lines("connection ends by a fault", in: serverLog)), "\(serverLog.lines)")
        // Each reason apart: it was sent away, and the connection may be gone before that is read.
        #expect((1...3 * windows).contains(lines("not connected", in: clientLog)), "\(clientLog.lines)")
        #expect(lines("connected", in: clientLog) <= 2 * 3 * windows + 1, "\(clientLog.lines)")
    }
}
