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

/// A client whose disk does not answer: who reports a span does not notice, and the event loop neither.
@Suite(.timeLimit(.minutes(5))) struct SpoolThreadTests {
    private static func span(_ number: UInt64, name: String = "op") -> SpanRecord {
        SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(number), name: name, startTimeUnixNano: 1,
            endTimeUnixNano: 2)
    }

    private func withClient(
        maxBytes: Int = 1 << 30, prepare: (GatedStorage) -> Void = { _ in },
        _ body: (SpanClient, GatedStorage, MultiThreadedEventLoopGroup, BatchLog) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sink = HoldingSink()
        sink.answerFromNowOn()
        let server = SpanServer(configuration: .patient, sink: sink, logger: SpanServerTests.logger)
        let port = try await server.start()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let sent = BatchLog()
        var configuration = SpanClientConfiguration(port: port, compression: [])
        configuration.spool = SpanSpoolConfiguration(directory: folder, maxBytes: maxBytes, sync: .never)
        configuration.queue.maxBatchSpans = 10
        configuration.queue.maxBatchDelay = .zero
        configuration.frameObserver = { sent.note($0) }
        let storage = try GatedStorage(folder)
        let client = try SpanClient(
            configuration: configuration, group: group, logger: SpanServerTests.logger, openStorage: { _ in storage })
        prepare(storage)
        client.start()
        try await body(client, storage, group, sent)
        await server.shutdown(within: .seconds(5))
        try await group.shutdownGracefully()
    }

    @Test func `while the disk keeps a reader waiting, spans are taken and the event loop runs`() async throws {
        try await withClient { storage in
            storage.reads.close()
        } _: { client, storage, group, sent in
            let reporter = client.reporter()
            #expect(reporter.report(Self.span(1)))
            await storage.reads.firstArrival()
            for number in 2...500 { #expect(reporter.report(Self.span(UInt64(number)))) }
            let loop = group.next()
            for _ in 0..<10 { try await loop.submit {}.get() }
            #expect(sent.batches.isEmpty)
            #expect(client.report.pendingSpans == 500)
            storage.reads.open()
            let report = await client.shutdown(within: .seconds(60))
            #expect(report.description == "reported 500, stored 500, rejected 0, dropped 0, pending 0")
            #expect(sent.spans == 500)
        }
    }

    @Test func `while the disk keeps the ledger waiting, spans are taken, the event loop runs, and no batch goes out`()
        async throws
    {
        try await withClient { storage in
            storage.ledgerWrites.close()
        } _: { client, storage, group, sent in
            let reporter = client.reporter()
            #expect(reporter.report(Self.span(1)))
            // The number of the first batch is being written.
            await storage.ledgerWrites.firstArrival()
            for number in 2...500 { #expect(reporter.report(Self.span(UInt64(number)))) }
            let loop = group.next()
            for _ in 0..<10 { try await loop.submit {}.get() }
            #expect(sent.batches.isEmpty)
            storage.ledgerWrites.open()
            let report = await client.shutdown(within: .seconds(60))
            #expect(report.description == "reported 500, stored 500, rejected 0, dropped 0, pending 0")
            let numbers = sent.batches.map(\.sequence)
            #expect(numbers == Array(1...UInt64(numbers.count)))
            #expect(sent.spans == 500)
        }
    }

    @Test func `a full spool is read though spans are dropped all the time, each of which is written down`()
        async throws
    {
        try await withClient(maxBytes: 256 << 10) { storage in
            storage.reads.close()
        } _: { client, storage, _, _ in
            let reporter = client.reporter()
            let large = Self.span(1, name: String(repeating: "n", count: 2000))
            while reporter.report(large) {}
            await storage.reads.firstArrival()
            // While the ledger is written, one more finds no room: so there is always something to be written.
            let writes = Atomic(0)
            storage.ledgerWrites.onPass {
                // Were nothing read for it, it would go on for ever.
                guard storage.reads.passed < 4, writes.add(1, ordering: .relaxed).newValue < 500_000 else { return }
                reporter.report(large)
            }
            storage.reads.open()
            while storage.reads.passed < 4, writes.load(ordering: .relaxed) < 500_000 { await Task.yield() }
            let report = await client.shutdown(within: .seconds(120))
            #expect(storage.reads.passed >= 4 && writes.load(ordering: .relaxed) < 500_000)
            #expect(report.pendingSpans == 0 && report.spooledSpans == 0)
            #expect(report.storedSpans + Int(report.droppedSpans) == report.reportedSpans)
        }
    }

    @Test func `a shutdown does not wait for a disk for ever, and what is in the spool is still counted`() async throws
    {
        try await withClient { storage in
            storage.ledgerWrites.close()
        } _: { client, storage, _, sent in
            #expect(client.reporter().report(Self.span(1)))
            await storage.ledgerWrites.firstArrival()
            let report = await client.shutdown(within: .zero)
            #expect(report.reportedSpans == 1 && report.storedSpans == 0 && report.pendingSpans == 1)
            #expect(sent.batches.isEmpty)
            storage.ledgerWrites.open()
            // The end comes later, and is the same.
            let later = await client.shutdown(within: .seconds(60))
            #expect(later.description == "reported 1, stored 0, rejected 0, dropped 0, pending 0, spooled 1")
        }
    }
}

/// The batches that a client wrote.
final class BatchLog: Sendable {
    private let frames = Mutex<[Batch]>([])

    func note(_ frame: OutgoingFrame) {
        guard frame.head.kind == .batch, let batch = try? Batch(decoding: frame.payload + frame.trailer) else { return }
        frames.withLock { $0.append(batch) }
    }

    var batches: [Batch] { frames.withLock(\.self) }
    var spans: Int { batches.reduce(0) { $0 + $1.spans.spanCount } }
}
