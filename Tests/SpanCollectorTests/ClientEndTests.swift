import Logging
import MetricsTestKit
import NIOCore
import NIOPosix
import ProtoWire
import SpanCollector
import SpanModel
import SpanSession
import SpanStorage
import SpanTransport
import Testing

/// What a client still does, and still counts, when it has nobody to send to any more.
@Suite(.timeLimit(.minutes(5))) struct ClientEndTests {
    @Test func `limits hold, and a client ends, when the group of its event loop was shut down first`() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = try SpanClient(
            configuration: SpanClientConfiguration(port: 1), group: group, logger: CollectorLoopbackTests.logger)
        client.start()
        try await group.shutdownGracefully()
        client.reporter().report(CollectorLoopbackTests.span(.random(), 1, name: "op"))
        #expect(await client.flush(within: .milliseconds(10)).pendingSpans == 1)
        let report = await client.shutdown(within: .milliseconds(10))
        #expect(report.reportedSpans == 1 && report.storedSpans == 0)
        #expect(!client.reporter().report(CollectorLoopbackTests.span(.random(), 2, name: "op")))
    }

    @Test(arguments: [false, true])
    func `what a client drops after it was refused, or shut down, is in its metrics too`(isRefused: Bool) async throws {
        let metrics = TestMetrics()
        let settings = ServerSettings(bearerTokens: ["right"])
        try await CollectorLoopbackTests.withCollector(store: InMemorySpanStore(), settings: settings) { port in
            var configuration = SpanClientConfiguration(port: port, bearerToken: isRefused ? "wrong" : "right")
            configuration.metrics = metrics
            let client = try SpanClient(configuration: configuration, logger: CollectorLoopbackTests.logger)
            client.start()
            let reporter = client.reporter()
            reporter.report(CollectorLoopbackTests.span(.random(), 1, name: "op"))
            _ = await client.flush(within: .seconds(30))
            if !isRefused { _ = await client.shutdown(within: .seconds(30)) }
            for number in 2...11 {
                #expect(!reporter.report(CollectorLoopbackTests.span(.random(), UInt64(number), name: "op")))
            }
            let reason = isRefused ? "refused" : "shutdown"
            let dropped = try metrics.expectCounter("spanwire.client.spans.dropped", [("reason", reason)])
            #expect(dropped.totalValue == (isRefused ? 11 : 10))
            #expect(client.report.droppedSpans == (isRefused ? 11 : 10))
            if isRefused { _ = await client.shutdown(within: .seconds(30)) }
        }
    }
}
