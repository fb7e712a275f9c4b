import Foundation
import Logging
import NIOCore
import NIOPosix
import ProtoWire
import SpanModel
import SpanSession
import SpanSpool
import Synchronization
import Testing

@testable import SpanTransport

/// What tasks do that wait for a client when they are cancelled, and what a client does that has nothing to send but counts.
@Suite(.timeLimit(.minutes(5))) struct WaitingTests {
    static func span(_ number: UInt64, name: String = "op") -> SpanRecord {
        SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(number), name: name, startTimeUnixNano: 1,
            endTimeUnixNano: 2)
    }

    /// A client that nobody answers, with room for so many spans.
    static func client(room: Int, whenFull: FullQueuePolicy = .dropNewest) throws -> SpanClient {
        let client = try SpanClient(
            configuration: SpanClientConfiguration(
                port: 1, queue: SpanQueueLimits(maxQueuedSpans: room, whenFull: whenFull)),
            logger: SpanServerTests.logger)
        client.start()
        return client
    }

    /// Cancels a task once it waits for the client; it must come to its end by that alone.
    static func cancelled<Value: Sendable>(
        _ client: SpanClient, _ body: @escaping @Sendable () async -> Value
    ) async -> Value {
        let task = Task { await body() }
        while client.state.withLock({ $0.waiters.isEmpty }) { await Task.yield() }
        task.cancel()
        let value = await task.value
        #expect(client.state.withLock { $0.waiters.isEmpty })
        return value
    }

    /// Returns once the task is cancelled.
    static func cancellation() async {
        while !Task.isCancelled { await Task.yield() }
    }

    static let long = Duration.seconds(24 * 3600)

    @Test func `who waits for room and is cancelled is answered at once; the span is dropped and counted`() async throws
    {
        let client = try Self.client(room: 1)
        #expect(client.reporter().report(Self.span(1)))
        let isTaken = await Self.cancelled(client) {
            await client.reporter().report(Self.span(2), waitingUpTo: Self.long)
        }
        #expect(!isTaken)
        #expect(client.report.description == "reported 2, stored 0, rejected 0, dropped 1 (queue_full 1), pending 1")
        _ = await client.shutdown(within: .zero)
    }

    @Test func `who is cancelled before he comes is taken where there is room, and does not wait where there is none`()
        async throws
    {
        let client = try Self.client(room: 1)
        let task = Task {
            await Self.cancellation()
            let first = await client.reporter().report(Self.span(1), waitingUpTo: Self.long)
            let second = await client.reporter().report(Self.span(2), waitingUpTo: Self.long)
            return [first, second]
        }
        task.cancel()
        #expect(await task.value == [true, false])
        #expect(client.report.description == "reported 2, stored 0, rejected 0, dropped 1 (queue_full 1), pending 1")
        _ = await client.shutdown(within: .zero)
    }

    @Test func `a delivery that is cancelled says how many were taken, and counts the others`() async throws {
        let client = try Self.client(room: 2)
        let batch = SpanBatch(resourceSpans: [
            ResourceSpans(
                resource: nil,
                scopeSpans: [ScopeSpans(scope: nil, spans: (1...5).map { Self.span(UInt64($0)) })])
        ])
        let taken = await Self.cancelled(client) { await client.deliver(batch, within: Self.long) }
        #expect(taken == 2)
        #expect(client.report.description == "reported 5, stored 0, rejected 0, dropped 3 (queue_full 3), pending 2")
        _ = await client.shutdown(within: .zero)
    }

    @Test
    func
        `a delivery until the client is closed hands over nothing afterwards, and what was not handed over is not counted`()
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spanwire-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let spans = (1...400).map { Self.span(UInt64($0), name: String(repeating: "n", count: 4_000)) }
        let batch = SpanBatch(resourceSpans: [
            ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
        ])
        for hasSpool in [false, true] {
            var configuration = SpanClientConfiguration(port: 1, queue: SpanQueueLimits(maxQueuedSpans: 70))
            // Room for some sixty.
            if hasSpool { configuration.spool = SpanSpoolConfiguration(directory: folder, maxBytes: 256 << 10) }
            let client = try SpanClient(configuration: configuration, logger: SpanServerTests.logger)
            client.start()
            let delivery = Task { await client.deliverUntilClosed(batch, within: Self.long) }
            while client.state.withLock({ $0.waiters.isEmpty }) { await Task.yield() }
            let report = await client.shutdown(within: .zero)
            let handedOver = await delivery.value
            #expect(handedOver > 0 && handedOver < spans.count)
            #expect(report.reportedSpans == handedOver, "\(report)")
            #expect(report.spooledSpans == (hasSpool ? handedOver : 0), "\(report)")
            #expect(report.droppedSpans == (hasSpool ? 0 : handedOver), "\(report)")
            #expect(await client.deliverUntilClosed(batch, within: Self.long) == 0)
            #expect(client.report.reportedSpans == handedOver)
        }
    }

    @Test func `a flush that is cancelled tells what is known, and gives nothing up`() async throws {
        let client = try Self.client(room: 5)
        client.reporter().report(Self.span(1))
        let report = await Self.cancelled(client) { await client.flush(within: Self.long) }
        #expect(report.description == "reported 1, stored 0, rejected 0, dropped 0, pending 1")
        let end = await client.shutdown(within: .zero)
        #expect(end.description == "reported 1, stored 0, rejected 0, dropped 1 (shutdown 1), pending 0")
    }

    @Test func `a shutdown in a task that is cancelled delivers all the same`() async throws {
        let sink = HoldingSink()
        let server = SpanServer(configuration: .patient, sink: sink, logger: SpanServerTests.logger)
        let client = try SpanClient(
            configuration: SpanClientConfiguration(port: try await server.start()), logger: SpanServerTests.logger)
        client.start()
        client.reporter().report(Self.span(1))
        let ending = Task {
            await Self.cancellation()
            return await client.shutdown(within: .seconds(120))
        }
        ending.cancel()
        await sink.firstStore()
        sink.answerFromNowOn()
        #expect(await ending.value.description == "reported 1, stored 1, rejected 0, dropped 0, pending 0")
        await server.shutdown(within: .seconds(5))
    }

    // MARK: Drops

    @Test func `drops that are known when nothing else is to be sent are told at once`() async throws {
        let sink = DropSink()
        let server = SpanServer(configuration: .patient, sink: sink, logger: SpanServerTests.logger)
        var configuration = SpanClientConfiguration(
            port: try await server.start(), queue: SpanQueueLimits(maxBatchBytes: 500))
        // Nothing but the drop itself brings the driver.
        configuration.timing.silence = .seconds(3000)
        let client = try SpanClient(configuration: configuration, logger: SpanServerTests.logger)
        client.start()
        while client.connectionFault != nil { await Task.yield() }
        for number in 1...3 {
            let large = Self.span(UInt64(number), name: String(repeating: "n", count: 600))
            #expect(!client.reporter().report(large))
            #expect(await sink.next() == [DropCount(reason: "span_too_large", spans: 1)])
        }
        let report = await client.shutdown(within: .seconds(60))
        #expect(report.droppedSpans == 3)
        await server.shutdown(within: .seconds(5))
    }
}

/// Stores everything, and tells the drop counts of batches that have some.
private final class DropSink: SpanSink {
    private let counts: AsyncStream<[DropCount]>
    private let count: AsyncStream<[DropCount]>.Continuation

    init() { (counts, count) = AsyncStream.makeStream() }

    func next() async -> [DropCount] {
        for await counts in counts { return counts }
        return []
    }

    func findSender(
        _ sender: SenderID, connection: ServerConnectionID, agent: String,
        completion: @escaping @Sendable (SinkAnswer<UInt64>) -> Void
    ) {
        completion(.done(0))
    }

    func store(_ delivery: Delivery, completion: @escaping @Sendable (SinkAnswer<StoredBatch>) -> Void) {
        if !delivery.batch.dropped.isEmpty { count.yield(delivery.batch.dropped) }
        completion(.done(StoredBatch(sequence: delivery.batch.sequence)))
    }

    func connectionEnded(_ connection: ServerConnectionID, sender: SenderID?, saidGoodbye: Bool) {}
}
