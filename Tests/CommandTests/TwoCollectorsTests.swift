import Foundation
import Logging
import SpanMerge
import SpanModel
import SpanSession
import SpanStorage
import SpanTransport
import Testing

@testable import SpanStorageSQLite

/// Two collectors, each a process of its own, on one file.
@Suite(.timeLimit(.minutes(5))) struct TwoCollectorsTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func client(_ port: Int, _ sender: UInt64) throws -> SpanClient {
        let client = try SpanClient(
            configuration: SpanClientConfiguration(
                port: port, agent: "test/\(sender)", senderID: SenderID(high: 1, low: sender)),
            resource: Resource(attributes: [Attribute("service.name", "shop")]), logger: logger)
        client.start()
        return client
    }

    private static func span(_ trace: UInt64, _ number: UInt64, end: UInt64 = 0) -> SpanRecord {
        SpanRecord(
            traceID: TraceID(high: 5, low: trace), spanID: SpanID(number), name: "op", kind: .server,
            startTimeUnixNano: 1_000 + number, endTimeUnixNano: end)
    }

    /// Reports spans of a trace and waits until they are stored.
    private static func report(_ client: SpanClient, _ spans: [SpanRecord]) async {
        let reporter = client.reporter()
        for span in spans { reporter.report(span) }
        #expect(await client.flush(within: .seconds(60)).pendingSpans == 0)
    }

    private static func presences(_ store: SQLiteSpanStore, at now: UInt64) async throws -> [UInt64: SenderPresence] {
        var all: [UInt64: SenderPresence] = [:]
        for sender in try await store.senders(nowUnixNano: now) { all[sender.sender.low] = sender.presence }
        return all
    }

    private static func now() -> UInt64 { UInt64(Date().timeIntervalSince1970 * 1e9) }

    /// Waits for what another process does.
    private static func wait(
        _ store: SQLiteSpanStore, at time: UInt64? = nil, until isReached: ([UInt64: SenderPresence]) -> Bool
    ) async throws {
        while !isReached(try await presences(store, at: time ?? now())) { await Task.yield() }
    }

    /// When the lease of the collector that a sender is connected to lapses.
    private static func lapse(_ path: String, of sender: UInt64) throws -> UInt64 {
        let connection = try Connection(path: path, mode: .readOnly)
        let statement = try connection.prepare(
            """
            SELECT k.lapses_at_unix_nano FROM collector k JOIN sender_connection c ON c.collector_id = k.id
            WHERE c.sender_id = ?1
            """)
        statement.bind(0, blob: 1, sender)
        return try statement.step() ? statement.unsigned(0) : 0
    }

    @Test
    func `spans in halves, one sender on both and a delete are one store; who was with a killed collector is gone`()
        async throws
    {
        let first = try RunningCollector()
        let second = try RunningCollector(store: first.store)
        let ports = (try first.start([]), try second.start([]))
        let one = try Self.client(ports.0, 1)
        let two = try Self.client(ports.1, 2)
        let store = try await SQLiteSpanStore.open(path: first.store, mode: .readOnly)
        try await Self.wait(store) { $0[1] == .connected && $0[2] == .connected }

        // Halves: begun by way of the one, ended by way of the other, at the same time.
        async let begun: Void = Self.report(one, (1...600).map { Self.span($0 % 20, $0) })
        async let ended: Void = Self.report(two, (1...600).map { Self.span($0 % 20, $0, end: 9_000 + $0) })
        _ = await (begun, ended)
        for trace in UInt64(0)..<20 {
            let found = try await store.trace(TraceID(high: 5, low: trace))
            #expect(found.map(\.span.spanID.value) == (1...600).filter { $0 % 20 == trace })
            #expect(found.allSatisfy { $0.span.endTimeUnixNano == 9_000 + $0.span.spanID.value })
        }

        // One sender, by way of the one and then of the other: its numbers go on where they were.
        for port in [ports.0, ports.1, ports.0] {
            let moving = try Self.client(port, 3)
            await Self.report(moving, [Self.span(50, UInt64(port))])
            _ = await moving.shutdown(within: .seconds(60))
        }
        let moved = try #require(try await store.senders(nowUnixNano: Self.now()).first { $0.sender.low == 3 })
        #expect(moved.storedReports == 3 && moved.storedSequence == 3)
        #expect(try await store.trace(TraceID(high: 5, low: 50)).count == 2)
        try await Self.wait(store) { $0[3] == .saidGoodbye }

        // A third process deletes a trace; both leave out what comes of it later.
        let deleted = try SpanwireCommand.run(["delete", TraceID(high: 5, low: 7).hex, "--store", first.store])
        #expect(deleted.words.contains("30 spans deleted"))
        await Self.report(one, [Self.span(7, 7), Self.span(60, 1)])
        await Self.report(two, [Self.span(7, 27), Self.span(60, 2)])
        #expect(try await store.trace(TraceID(high: 5, low: 7)).isEmpty)
        #expect(try await store.trace(TraceID(high: 5, low: 60)).count == 2)

        // The one is killed and never comes back. Whatever the other notes renews its lease.
        first.crash()
        let lapse = try Self.lapse(first.store, of: 1)
        let four = try Self.client(ports.1, 4)
        try await Self.wait(store, at: lapse) { $0[4] == .connected }
        let found = try await Self.presences(store, at: lapse)
        #expect(found == [1: .gone, 2: .connected, 3: .saidGoodbye, 4: .connected])
        #expect(second.stop() == 0)
        // It ended in order, and its lease with it.
        #expect(try await Self.presences(store, at: Self.now())[2] == .gone)
        #expect(try await store.check().faults == [])
        await store.close()
        for client in [one, two, four] { _ = await client.shutdown(within: .zero) }
    }

    @Test
    func
        `where the memory that two collectors share is deleted the first stores nothing more, and nothing stored is lost`()
        async throws
    {
        let first = try RunningCollector()
        let second = try RunningCollector(store: first.store)
        let one = try Self.client(try first.start([]), 1)
        await Self.report(one, (1...50).map { Self.span(1, $0) })
        try FileManager.default.removeItem(atPath: first.store + "-shm")
        let two = try Self.client(try second.start([]), 2)
        for number in UInt64(0)..<5 {
            one.reporter().report(Self.span(2, number + 1))
            await Self.report(two, (1...20).map { Self.span(3, number * 20 + $0) })
        }
        try first.wait(for: "store.db-shm, without which")
        #expect(await one.flush(within: .zero).pendingSpans == 5)
        // It does not end in good order, and says so.
        #expect(first.stop() == 1)
        #expect(second.stop() == 0)
        let store = try await SQLiteSpanStore.open(path: first.store, mode: .readOnly)
        #expect(try await store.check().faults == [])
        var counts: [Int] = []
        for trace in UInt64(1)...3 { counts.append(try await store.trace(TraceID(high: 5, low: trace)).count) }
        #expect(counts == [50, 0, 100])
        await store.close()
        for client in [one, two] { _ = await client.shutdown(within: .zero) }
    }
}
