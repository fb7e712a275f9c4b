import Logging
import ProtoWire
import SpanMerge
import SpanModel
import SpanSession
import SpanStorage
import SpanTransport
import Testing

@testable import SpanCollector

/// Client, server and collector over loopback, with the in-memory engine behind.
@Suite(.timeLimit(.minutes(5))) struct CollectorLoopbackTests {
    static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    static func span(_ trace: TraceID, _ number: UInt64, name: String = "op") -> SpanRecord {
        SpanRecord(
            traceID: trace, spanID: SpanID(number), name: name, kind: .server,
            startTimeUnixNano: 1_000 + number, endTimeUnixNano: 2_000 + number)
    }

    /// Runs a collector while `body` does, then ends it in good order.
    static func withCollector<Result: Sendable>(
        store: any SpanStore, settings: ServerSettings = ServerSettings(),
        _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let collector = CollectorService(
            store: store, configuration: SpanServerConfiguration(port: 0, session: settings), logger: logger,
            whenListening: { port.yield($0) })
        let running = Task { try await collector.run() }
        var iterator = ports.makeAsyncIterator()
        let number = try #require(await iterator.next())
        do {
            let result = try await body(number)
            running.cancel()
            try await running.value
            return result
        } catch {
            running.cancel()
            throw error
        }
    }

    static func client(
        _ port: Int, queue: SpanQueueLimits = SpanQueueLimits(),
        compression: [Compression] = SpanClientConfiguration().compression
    ) throws -> SpanClient {
        let client = try SpanClient(
            configuration: SpanClientConfiguration(
                port: port, compression: compression, queue: queue,
                backoff: BackoffPolicy(shortest: .milliseconds(5), longest: .milliseconds(50))
            ),
            resource: Resource(attributes: [Attribute("service.name", "shop")]), logger: logger)
        client.start()
        return client
    }

    @Test func `what a client reports is stored once, and the shutdown's report says so`() async throws {
        let store = InMemorySpanStore()
        let trace = TraceID.random()
        let report = try await Self.withCollector(store: store) { port in
            let client = try Self.client(port)
            let reporter = client.reporter(for: InstrumentationScope(name: "test"))
            for number in 1...2_000 { #expect(reporter.report(Self.span(trace, UInt64(number)))) }
            return await client.shutdown(within: .seconds(20))
        }
        #expect(report.storedSpans == 2_000)
        #expect(report.pendingSpans == 0)
        #expect(report.droppedSpans == 0)
        let spans = try await store.trace(trace)
        #expect(spans.count == 2_000)
        #expect(spans.first?.service == "shop")
        #expect(try await store.senders(nowUnixNano: WallClock.nowUnixNano()).map(\.storedReports) == [2_000])
    }

    @Test func `the store knows who is connected, who came back, and who is gone without a goodbye`() async throws {
        let store = InMemorySpanStore()
        let (staying, leaving) = (SenderID(high: 1, low: 1), SenderID(high: 1, low: 2))
        try await Self.withCollector(store: store) { port in
            func connect(_ sender: SenderID) throws -> SpanClient {
                let client = try SpanClient(
                    configuration: SpanClientConfiguration(port: port, agent: "test/2", senderID: sender),
                    logger: Self.logger)
                client.start()
                return client
            }
            func wait(for presences: [SenderPresence]) async throws {
                let deadline = ContinuousClock.now.advanced(by: .seconds(30))
                while try await store.senders(nowUnixNano: WallClock.nowUnixNano()).map(\.presence) != presences,
                    .now < deadline
                {
                    try await Task.sleep(for: .milliseconds(5))
                }
                #expect(try await store.senders(nowUnixNano: WallClock.nowUnixNano()).map(\.presence) == presences)
            }
            let (one, two) = (try connect(staying), try connect(leaving))
            try await wait(for: [.connected, .connected])
            #expect(try await store.senders(nowUnixNano: WallClock.nowUnixNano()).map(\.agent) == ["test/2", "test/2"])
            // A newer connection of the same sender takes over; the end of the older one is not the sender's.
            let again = try connect(staying)
            again.reporter().report(Self.span(.random(), 1))
            #expect(await again.flush(within: .seconds(20)).storedSpans == 1, "the newer connection is there")
            _ = await two.shutdown(within: .seconds(20))
            try await wait(for: [.connected, .saidGoodbye])
            _ = await one.shutdown(within: .seconds(1))
            try await wait(for: [.connected, .saidGoodbye])
            withExtendedLifetime(again) {}
        }
        // The collector ended before the sender did.
        #expect(try await store.senders(nowUnixNano: WallClock.nowUnixNano()).map(\.presence) == [.gone, .saidGoodbye])
    }

    @Test(arguments: [[.zstdStream], [.zstd], [.gzip], []] as [[Compression]], [true, false])
    func `whatever compression is agreed on, all spans arrive`(offered: [Compression], isAccepted: Bool) async throws {
        let store = InMemorySpanStore()
        let trace = TraceID.random()
        let accepted = isAccepted ? Compression.all : []
        let report = try await Self.withCollector(
            store: store, settings: ServerSettings(creditBytes: 20_000, compressions: accepted)
        ) { port in
            let client = try Self.client(
                port, queue: SpanQueueLimits(maxBatchSpans: 50), compression: offered)
            let reporter = client.reporter(for: InstrumentationScope(name: "test"))
            for number in 1...1_000 { reporter.report(Self.span(trace, UInt64(number))) }
            return await client.shutdown(within: .seconds(60))
        }
        #expect(report.storedSpans == 1_000)
        let spans = try await store.trace(trace)
        #expect(spans.map(\.span.spanID.value) == (1...1_000).map { $0 })
    }

    @Test func `a flush returns when everything reported before is stored`() async throws {
        let store = InMemorySpanStore()
        let trace = TraceID.random()
        try await Self.withCollector(store: store) { port in
            let client = try Self.client(port)
            let reporter = client.reporter()
            for number in 1...10 { reporter.report(Self.span(trace, UInt64(number))) }
            let report = await client.flush(within: .seconds(20))
            #expect(report.storedSpans == 10)
            #expect(try await store.trace(trace).count == 10)
            _ = await client.shutdown(within: .seconds(20))
        }
    }

    @Test func `a batch leaves after its delay without anybody's flush`() async throws {
        let store = InMemorySpanStore()
        let trace = TraceID.random()
        try await Self.withCollector(store: store) { port in
            var queue = SpanQueueLimits()
            queue.maxBatchDelay = .milliseconds(20)
            let client = try Self.client(port, queue: queue)
            client.reporter().report(Self.span(trace, 1))
            while client.report.storedSpans == 0 { await Task.yield() }
            #expect(try await store.trace(trace).count == 1)
            _ = await client.shutdown(within: .seconds(20))
        }
    }

    @Test func `a span with an invalid id is rejected alone and the client is told`() async throws {
        let store = InMemorySpanStore()
        let trace = TraceID.random()
        let report = try await Self.withCollector(store: store) { port in
            let client = try Self.client(port)
            let reporter = client.reporter()
            reporter.report(Self.span(trace, 1))
            reporter.report(Self.span(.invalid, 2))
            reporter.report(Self.span(trace, 3))
            return await client.shutdown(within: .seconds(20))
        }
        #expect(report.storedSpans == 2)
        #expect(report.rejectedSpans == 1)
        #expect(!report.rejectionReason.isEmpty)
        #expect(try await store.trace(trace).map(\.span.spanID) == [SpanID(1), SpanID(3)])
    }

    @Test func `a full queue drops the newest, counts it, and the count reaches the store`() async throws {
        let store = InMemorySpanStore()
        let trace = TraceID.random()
        var queue = SpanQueueLimits()
        queue.maxQueuedSpans = 10
        let limits = queue
        let report = try await Self.withCollector(store: store) { port in
            let client = try SpanClient(
                configuration: SpanClientConfiguration(port: port, queue: limits), logger: Self.logger)
            let reporter = client.reporter()
            for number in 1...25 { reporter.report(Self.span(trace, UInt64(number))) }
            client.start()
            return await client.shutdown(within: .seconds(20))
        }
        #expect(report.storedSpans == 10)
        #expect(report.dropped == [DropCount(reason: DropReason.queueFull.rawValue, spans: 15)])
        #expect(
            try await store.senders(nowUnixNano: WallClock.nowUnixNano()).first?.dropped == [
                DropCount(reason: "queue_full", spans: 15)
            ])
    }

    @Test func `without a collector the shutdown ends at its limit and says what was not stored`() async throws {
        // A port that was free a moment ago.
        let port = try await Self.withCollector(store: InMemorySpanStore()) { $0 }
        let client = try Self.client(port)
        client.reporter().report(Self.span(.random(), 1))
        let report = await client.shutdown(within: .milliseconds(100))
        #expect(report.storedSpans == 0)
        #expect(report.dropped == [DropCount(reason: DropReason.shutdown.rawValue, spans: 1)])
        #expect(report.pendingSpans == 0)
    }

    @Test func `spans reported while the collector is away arrive when it is there again, once`() async throws {
        let store = InMemorySpanStore()
        let trace = TraceID.random()
        let port = try await Self.withCollector(store: store) { $0 }
        let client = try Self.client(port)
        let reporter = client.reporter()
        for number in 1...100 { reporter.report(Self.span(trace, UInt64(number))) }
        _ = await client.flush(within: .milliseconds(50))
        #expect(client.report.pendingSpans == 100)
        let collector = CollectorService(
            store: store, configuration: SpanServerConfiguration(port: port), logger: Self.logger)
        let running = Task { try await collector.run() }
        let report = await client.shutdown(within: .seconds(20))
        running.cancel()
        try await running.value
        #expect(report.storedSpans == 100)
        #expect(try await store.trace(trace).count == 100)
    }

    @Test func `a wrong token is refused for good: the spans are dropped as refused and counted`() async throws {
        let store = InMemorySpanStore()
        let settings = ServerSettings(bearerTokens: ["right"])
        let report = try await Self.withCollector(store: store, settings: settings) { port in
            let client = try SpanClient(
                configuration: SpanClientConfiguration(port: port, bearerToken: "wrong"), logger: Self.logger)
            client.start()
            client.reporter().report(Self.span(.random(), 1))
            return await client.shutdown(within: .seconds(20))
        }
        #expect(report.storedSpans == 0)
        #expect(report.dropped == [DropCount(reason: DropReason.refused.rawValue, spans: 1)])
    }

    @Test func `a store that fails sends the sender away; it comes again and nothing is lost or twice`() async throws {
        let store = FlakyStore()
        let trace = TraceID.random()
        let report = try await Self.withCollector(store: store) { port in
            var queue = SpanQueueLimits()
            queue.maxBatchSpans = 10
            let client = try Self.client(port, queue: queue)
            let reporter = client.reporter()
            for number in 1...200 { reporter.report(Self.span(trace, UInt64(number))) }
            return await client.shutdown(within: .seconds(30))
        }
        #expect(report.storedSpans == 200)
        #expect(try await store.inner.trace(trace).count == 200)
        #expect(try await store.inner.senders(nowUnixNano: WallClock.nowUnixNano()).map(\.storedReports) == [200])
    }

    @Test func `a client keeps within what a collector takes in a batch, of which it hears with every welcome`()
        async throws
    {
        let store = InMemorySpanStore()
        let trace = TraceID.random()
        let settings = ServerSettings(maxBatchWeight: 40)
        let report = try await Self.withCollector(store: store, settings: settings) { port in
            let client = try Self.client(port)
            for number in 1...500 {
                var span = Self.span(trace, UInt64(number))
                span.attributes = (0..<number % 40).map { Attribute("key \($0)", .bool(true)) }
                span.events = (0..<number % 7).map { SpanEvent(timeUnixNano: UInt64($0), name: "event") }
                client.reporter().report(span)
            }
            return await client.shutdown(within: .seconds(60))
        }
        #expect(report.description == "reported 500, stored 500, rejected 0, dropped 0, pending 0")
        #expect(try await store.trace(trace).count == 500)
    }
}
