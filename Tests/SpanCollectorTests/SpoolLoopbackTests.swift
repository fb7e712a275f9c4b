import Foundation
import Logging
import Metrics
import MetricsTestKit
import ProtoWire
import SpanCollector
import SpanModel
import SpanSession
import SpanSpool
import SpanStorage
import SpanTransport
import Synchronization
import Testing

/// Clients with a spool, against a collector over loopback or none.
@Suite(.timeLimit(.minutes(5))) struct SpoolLoopbackTests {
    static func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    /// - Parameter port: 1 where nobody listens.
    static func client(
        _ port: Int = 1, _ folder: String, metrics: (any MetricsFactory)? = nil, token: String = "",
        queue: SpanQueueLimits = SpanQueueLimits(maxBatchSpans: 50), sync: SpoolSync = .never, maxBytes: Int = 1 << 30,
        whenFull: FullQueuePolicy = .dropNewest, logger: Logger = CollectorLoopbackTests.logger
    ) throws -> SpanClient {
        var configuration = SpanClientConfiguration(
            port: port, bearerToken: token, queue: queue,
            backoff: BackoffPolicy(shortest: .milliseconds(5), longest: .milliseconds(50)))
        configuration.spool = SpanSpoolConfiguration(
            directory: folder, maxBytes: maxBytes, sync: sync, whenFull: whenFull)
        configuration.metrics = metrics
        let client = try SpanClient(
            configuration: configuration, resource: Resource(attributes: [Attribute("service.name", "shop")]),
            logger: logger)
        client.start()
        return client
    }

    static func span(_ trace: TraceID, _ number: Int, name: String = "op") -> SpanRecord {
        CollectorLoopbackTests.span(trace, UInt64(number), name: name)
    }

    @Test(arguments: [SpoolSync.never, .interval(.milliseconds(5)), .everyBatch])
    func `what one client could not send, the next one with the spool does`(sync: SpoolSync) async throws {
        try await Self.withFolder { folder in
            let store = InMemorySpanStore()
            let trace = TraceID.random()
            let first = try Self.client(1, folder, sync: sync)
            for number in 1...300 { #expect(first.reporter().report(Self.span(trace, number))) }
            let early = await first.shutdown(within: .zero)
            #expect(early.description == "reported 300, stored 0, rejected 0, dropped 0, pending 0, spooled 300")
            let sender = first.senderID
            try await CollectorLoopbackTests.withCollector(store: store) { port in
                let second = try Self.client(port, folder, sync: sync)
                #expect(second.senderID == sender)
                for number in 301...400 { second.reporter().report(Self.span(trace, number)) }
                let flushed = await second.flush(within: .seconds(30))
                #expect(flushed.storedSpans == 400 && flushed.pendingSpans == 0)
                let report = await second.shutdown(within: .seconds(30))
                #expect(
                    report.description
                        == "reported 100, stored 400, rejected 0, dropped 0, pending 0, of these from earlier 300")
            }
            #expect(try await store.trace(trace).count == 400)
            #expect(try await store.senders(nowUnixNano: 0).map(\.storedReports) == [400])
            let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(left == ["ledger.0", "ledger.1", "lock"])
        }
    }

    @Test
    func `a client that runs while the collector comes, with more on disk than it holds in memory, sends all of it`()
        async throws
    {
        try await Self.withFolder { folder in
            let store = InMemorySpanStore()
            let trace = TraceID.random()
            let settings = ServerSettings(creditBytes: 5_000)
            let first = try Self.client(1, folder)
            for number in 1...5_000 { first.reporter().report(Self.span(trace, number)) }
            _ = await first.shutdown(within: .zero)
            let report = try await CollectorLoopbackTests.withCollector(store: store, settings: settings) { port in
                let second = try Self.client(port, folder)
                return await second.shutdown(within: .seconds(60))
            }
            #expect(report.storedSpans == 5_000 && report.recoveredSpans == 5_000)
            #expect(try await store.trace(trace).count == 5_000)
        }
    }

    @Test func `a directory that another client has is refused in words`() async throws {
        try await Self.withFolder { folder in
            let first = try Self.client(1, folder)
            do {
                _ = try Self.client(1, folder)
                Issue.record("two clients share a spool")
            } catch let error as TransportError {
                #expect(error.code == .spoolUnusable)
                #expect(error.message.contains("used by another process"))
            }
            _ = await first.shutdown(within: .zero)
            _ = await (try Self.client(1, folder)).shutdown(within: .zero)
        }
    }

    @Test func `a client that is refused for good keeps its spans, and those that come, for the next start`()
        async throws
    {
        try await Self.withFolder { folder in
            let store = InMemorySpanStore()
            let trace = TraceID.random()
            var settings = ServerSettings()
            settings.bearerTokens = ["right"]
            try await CollectorLoopbackTests.withCollector(store: store, settings: settings) { port in
                let first = try Self.client(port, folder, token: "wrong")
                #expect(first.reporter().report(Self.span(trace, 1)))
                _ = await first.flush(within: .seconds(30))
                #expect(first.reporter().report(Self.span(trace, 2)))
                let report = await first.shutdown(within: .seconds(30))
                #expect(report.spooledSpans == 2 && report.droppedSpans == 0)
                let second = try Self.client(port, folder, token: "right")
                #expect(await second.shutdown(within: .seconds(30)).storedSpans == 2)
            }
            #expect(try await store.trace(trace).count == 2)
        }
    }

    @Test func `what a full spool gave up reaches the collector with the next client`() async throws {
        try await Self.withFolder { folder in
            let store = InMemorySpanStore()
            let trace = TraceID.random()
            let first = try Self.client(1, folder, maxBytes: 1)
            let name = String(repeating: "n", count: 1000)
            var taken = 0
            for number in 1...1000 where first.reporter().report(Self.span(trace, number, name: name)) { taken += 1 }
            let inSpool = taken
            let waited = await first.reporter().report(
                Self.span(trace, 1001, name: name), waitingUpTo: .milliseconds(5))
            #expect(!waited && taken < 1000)
            let early = await first.shutdown(within: .zero)
            #expect(early.dropped == [DropCount(reason: "spool_full", spans: UInt64(1001 - taken))])
            #expect(early.spooledSpans == taken)
            try await CollectorLoopbackTests.withCollector(store: store) { port in
                let second = try Self.client(port, folder)
                #expect(await second.shutdown(within: .seconds(30)).storedSpans == inSpool)
            }
            #expect(try await store.senders(nowUnixNano: 0).map(\.dropped) == [early.dropped])
        }
    }

    @Test func `counters, gauges and one line in the log say what became of spans`() async throws {
        try await Self.withFolder { folder in
            let store = InMemorySpanStore()
            let trace = TraceID.random()
            let first = TestMetrics()
            let lines = Lines()
            let away = try Self.client(
                1, folder, metrics: first, maxBytes: 1, logger: Logger(label: "test", factory: { _ in lines }))
            let name = String(repeating: "n", count: 1000)
            var taken = 0
            for number in 1...1000 where away.reporter().report(Self.span(trace, number, name: name)) { taken += 1 }
            _ = await away.shutdown(within: .milliseconds(200))
            let dropped = try first.expectCounter("spanwire.client.spans.dropped", [("reason", "spool_full")])
            #expect(dropped.totalValue == Int64(1000 - taken))
            #expect(try first.expectGauge("spanwire.client.spool.spans").lastValue == Double(taken))
            #expect(try first.expectGauge("spanwire.client.spool.bytes").lastValue ?? 0 > Double(taken) * 1000)
            #expect(try first.expectGauge("spanwire.client.queue.spans").lastValue == 0)
            let drops = lines.all.filter { $0.contains("spans dropped") }
            #expect(drops.count >= 1 && drops.count <= 2)
            #expect(drops.last?.contains("spool_full") == true)
            let second = TestMetrics()
            try await CollectorLoopbackTests.withCollector(store: store) { port in
                let client = try Self.client(port, folder, metrics: second)
                client.reporter().report(Self.span(.invalid, 1))
                _ = await client.shutdown(within: .seconds(30))
            }
            // Refused spans were stored as far as the acks said, and are counted beside.
            #expect(try second.expectCounter("spanwire.client.spans.stored").totalValue == Int64(taken + 1))
            #expect(try second.expectCounter("spanwire.client.spans.rejected").totalValue == 1)
            #expect(try second.expectGauge("spanwire.client.spool.spans").lastValue == 0)
        }
    }

    #if os(Linux)
        /// Whether this user may mount: mostly root alone.
        static let canMount: Bool = {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            guard unsafe mount("tmpfs", folder.path, "tmpfs", 0, "size=256k") == 0 else { return false }
            unsafe umount2(folder.path, Int32(MNT_DETACH))
            return true
        }()

        @Test(.enabled(if: canMount, "a small disk takes the right to mount"))
        func `while the disk is full spans go to the memory queue; when there is room again, to the spool`()
            async throws
        {
            try await Self.withFolder { folder in
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                try #require(unsafe mount("tmpfs", folder, "tmpfs", 0, "size=256k") == 0)
                defer { unsafe umount2(folder, Int32(MNT_DETACH)) }
                let store = InMemorySpanStore()
                let trace = TraceID.random()
                let lines = Lines()
                let metrics = TestMetrics()
                try await CollectorLoopbackTests.withCollector(store: store) { port in
                    let client = try Self.client(
                        port, folder + "/spool", metrics: metrics,
                        logger: Logger(label: "test", factory: { _ in lines }))
                    let reporter = client.reporter()
                    #expect(reporter.report(Self.span(trace, 1)))
                    _ = await client.flush(within: .seconds(30))
                    let ballast = URL(fileURLWithPath: folder + "/ballast")
                    // As much as there is room for, in ever smaller pieces.
                    _ = FileManager.default.createFile(atPath: ballast.path, contents: nil)
                    let handle = try FileHandle(forWritingTo: ballast)
                    for piece in [4096, 64, 1] { while (try? handle.write(contentsOf: Data(count: piece))) != nil {} }
                    let name = String(repeating: "n", count: 1000)
                    for number in 2...300 { #expect(reporter.report(Self.span(trace, number, name: name))) }
                    let full = await client.flush(within: .seconds(30))
                    #expect(full.storedSpans == 300 && full.droppedSpans == 0)
                    try FileManager.default.removeItem(at: ballast)
                    try handle.close()
                    var number = 300
                    while !lines.all.contains(where: { $0.contains("the spool is written again") }) {
                        number += 1
                        reporter.report(Self.span(trace, number))
                        _ = await client.flush(within: .seconds(30))
                    }
                    let report = await client.shutdown(within: .seconds(30))
                    #expect(report.storedSpans == number && report.droppedSpans == 0)
                    #expect(try await store.trace(trace).count == number)
                }
                let failures = lines.all.filter { $0.contains("the spool cannot be written") }
                #expect(failures.count == 1 && failures[0].contains("disk_full"))
                #expect(try metrics.expectCounter("spanwire.client.spool.failures").totalValue >= 1)
            }
        }
    #endif

    /// A log in memory.
    final class Lines: LogHandler {
        private let lines = Mutex<[String]>([])
        var metadata: Logger.Metadata {
            get { [:] }
            set { _ = newValue }
        }
        var logLevel: Logger.Level {
            get { .info }
            set { _ = newValue }
        }
        var all: [String] { lines.withLock(\.self) }
        subscript(metadataKey _: String) -> Logger.Metadata.Value? {
            get { nil }
            set { _ = newValue }
        }
        func log(event: LogEvent) {
            lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }
}
