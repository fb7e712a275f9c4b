import Logging
import NIOCore
import SpanMerge
import SpanModel
import SpanStorage
import Synchronization
import Testing

@testable import SpanCollector
@testable import SpanSession
@testable import SpanTransport

/// The one task that commits, with what waits for it laid out beforehand.
@Suite(.timeLimit(.minutes(5))) struct GroupWriterTests {
    /// What each connection was answered, in order: the sequence, or `nil` for a refusal.
    fileprivate final class Answers: Sendable {
        private let state = Mutex<[UInt64: [UInt64?]]>([:])

        func note(_ connection: UInt64, _ answer: SinkAnswer<StoredBatch>) {
            state.withLock { state in
                if case .done(let batch) = answer {
                    state[connection, default: []].append(batch.sequence)
                } else {
                    state[connection, default: []].append(nil)
                }
            }
        }

        subscript(connection: UInt64) -> [UInt64?] { state.withLock { $0[connection] ?? [] } }
    }

    fileprivate func hand(
        _ name: String, of connection: UInt64, _ sequence: UInt64, to writer: GroupWriter, _ answers: Answers,
        then next: @escaping @Sendable () -> Void = {}
    ) {
        let span = CollectorLoopbackTests.span(TraceID(high: 7, low: 7), connection * 100 + sequence, name: name)
        let spans = SpanBatch(resourceSpans: [
            ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil, spans: [span])])
        ])
        let batch = ReceivedBatch(sequence: sequence, spans: spans)
        let delivery = Delivery(
            connection: ServerConnectionID(rawValue: connection), sender: SenderID(high: 1, low: connection), agent: "",
            batch: batch)
        writer.store(delivery) { answer in
            answers.note(connection, answer)
            next()
        }
    }

    @Test
    func `a batch that the engine cannot keep fails with what follows it on its connection, and with nothing else`()
        async throws
    {
        // Its own doing, and a damaged row of its sender.
        for code in [SpanStoreError.Code.engineFailed, .corrupt] {
            let store = FlakyStore(failures: 0, poisonCode: code)
            let writer = GroupWriter(store: store, logger: CollectorLoopbackTests.logger)
            let answers = Answers()
            hand("good", of: 1, 1, to: writer, answers)
            hand("poison", of: 2, 1, to: writer, answers)
            hand("good", of: 1, 2, to: writer, answers)
            hand("good", of: 2, 2, to: writer, answers)
            hand("good", of: 3, 1, to: writer, answers)
            writer.finish()
            await writer.run()
            #expect(answers[1] == [1, 2])
            #expect(answers[2] == [nil, nil])
            #expect(answers[3] == [1])
            #expect(try await store.inner.trace(TraceID(high: 7, low: 7)).count == 3)
        }
    }

    @Test func `a group that fails for want of room is refused whole, and so is what its connections bring after it`()
        async throws
    {
        let store = FlakyStore(failures: 1)
        let writer = GroupWriter(store: store, logger: CollectorLoopbackTests.logger)
        let answers = Answers()
        hand("good", of: 1, 1, to: writer, answers)
        // What comes with the refusal is in a later group.
        hand("good", of: 2, 1, to: writer, answers) {
            self.hand("good", of: 1, 2, to: writer, answers)
            self.hand("good", of: 3, 1, to: writer, answers)
        }
        writer.finish()
        await writer.run()
        #expect(answers[1] == [nil, nil])
        #expect(answers[2] == [nil])
        #expect(answers[3] == [1])
    }

    @Test
    func `while the store fails one line says so now and then, with how much failed, and each reason has its own`()
        async throws
    {
        let lines = SpoolLoopbackTests.Lines()
        let writer = GroupWriter(
            store: FlakyStore(failures: 100), failureLog: LogGate(interval: .hours(1)),
            logger: Logger(label: "test", factory: { _ in lines }))
        let answers = Answers()
        let running = Task { await writer.run() }
        // One after the other, so that each is a group.
        for number in 1...101 {
            await withCheckedContinuation { continuation in
                hand(number <= 100 ? "good" : "poison", of: UInt64(number), 1, to: writer, answers) {
                    continuation.resume()
                }
            }
        }
        writer.finish()
        await running.value
        for connection in 1...101 { #expect(answers[UInt64(connection)] == [nil]) }
        let failures = lines.all.filter { $0.contains("the store took nothing of a group") }
        #expect(failures.count == 2, "\(failures)")
        #expect(failures.first?.contains("disk_full") == true && failures.last?.contains("engine_failed") == true)
    }

    // MARK: Look-ups

    private func find(_ sender: UInt64, _ connection: UInt64, _ writer: GroupWriter) async -> SinkAnswer<UInt64> {
        await withCheckedContinuation { continuation in
            writer.findSender(
                SenderID(high: 1, low: sender), connection: ServerConnectionID(rawValue: connection), agent: "test/1"
            ) { continuation.resume(returning: $0) }
        }
    }

    private func sequence(_ answer: SinkAnswer<UInt64>) -> UInt64? {
        if case .done(let sequence) = answer { sequence } else { nil }
    }

    @Test func `a look-up that the store is slow to answer holds up no commit`() async throws {
        let store = GatedStore()
        let writer = GroupWriter(store: store, logger: CollectorLoopbackTests.logger)
        let running = Task { await writer.run() }
        await store.hold(.lookUps)
        async let found = find(9, 90, writer)
        await store.waitUntilHeld()
        let answers = Answers()
        await withCheckedContinuation { continuation in
            hand("good", of: 1, 1, to: writer, answers) { continuation.resume() }
        }
        #expect(answers[1] == [1])
        await store.release()
        #expect(sequence(await found) == 0)
        writer.finish()
        await running.value
    }

    @Test func `a sender is looked up when its batches that came before are stored, and others at once`() async throws {
        let store = GatedStore()
        let writer = GroupWriter(store: store, logger: CollectorLoopbackTests.logger)
        let running = Task { await writer.run() }
        await store.hold(.appends)
        let answers = Answers()
        hand("good", of: 1, 1, to: writer, answers)
        await store.waitUntilHeld()
        // In the next group.
        hand("good", of: 1, 2, to: writer, answers)
        let answered = Answers()
        writer.findSender(SenderID(high: 1, low: 1), connection: ServerConnectionID(rawValue: 2), agent: "") { answer in
            answered.note(
                2, self.sequence(answer).map { .done(StoredBatch(sequence: $0)) } ?? .refused(retryAfter: .zero))
        }
        #expect(sequence(await find(7, 70, writer)) == 0)
        #expect(answered[2] == [])
        await store.release()
        while answered[2].isEmpty { await Task.yield() }
        #expect(answered[2] == [2])
        #expect(answers[1] == [1, 2])
        writer.finish()
        await running.value
    }

    @Test func `who was superseded or has gone is not looked up`() async throws {
        let store = GatedStore()
        let writer = GroupWriter(store: store, logger: CollectorLoopbackTests.logger)
        let running = Task { await writer.run() }
        await store.hold(.lookUps)
        async let first = find(8, 80, writer)
        await store.waitUntilHeld()
        let answered = Answers()
        // All wait behind the first; the last of each sender alone is of use.
        for (sender, connection) in [(1, 2), (2, 3), (1, 4)] as [(UInt64, UInt64)] {
            writer.findSender(
                SenderID(high: 1, low: sender), connection: ServerConnectionID(rawValue: connection), agent: ""
            ) { answer in
                let stored = self.sequence(answer).map { StoredBatch(sequence: $0) }
                answered.note(connection, stored.map { .done($0) } ?? .refused(retryAfter: .zero))
            }
        }
        writer.connectionEnded(ServerConnectionID(rawValue: 3), sender: SenderID(high: 1, low: 2), saidGoodbye: false)
        await store.release()
        while answered[4].isEmpty { await Task.yield() }
        #expect(sequence(await first) == 0)
        #expect(answered[2] == [nil] && answered[3] == [nil] && answered[4] == [0])
        writer.finish()
        await running.value
    }

    @Test func `what comes after the end is refused and not left without an answer`() async throws {
        let writer = GroupWriter(store: InMemorySpanStore(), logger: CollectorLoopbackTests.logger)
        writer.finish()
        await writer.run()
        #expect(sequence(await find(1, 1, writer)) == nil)
        let answers = Answers()
        hand("good", of: 1, 1, to: writer, answers)
        #expect(answers[1] == [nil])
    }

    // MARK: Presence

    private final class Clock: Sendable {
        private let seconds = Atomic<UInt64>(1000)
        func advance(_ by: UInt64) { seconds.wrappingAdd(by, ordering: .sequentiallyConsistent) }
        func set(_ to: UInt64) { seconds.store(to, ordering: .sequentiallyConsistent) }
        var nowUnixNano: UInt64 { seconds.load(ordering: .sequentiallyConsistent) * 1_000_000_000 }
    }

    private func presences(_ store: any SpanStore, _ clock: Clock) async throws -> [SenderPresence] {
        try await store.senders(nowUnixNano: clock.nowUnixNano).map(\.presence)
    }

    /// Lets the writer go on until the store says so; without an end where it never does, which the suite's limit ends.
    private func wait(
        for expected: [SenderPresence], _ store: any SpanStore, _ clock: Clock
    ) async throws {
        while try await presences(store, clock) != expected { await Task.yield() }
    }

    @Test
    func `a collector that runs renews its lease; one that stands still lapses, and says all anew when it goes on`()
        async throws
    {
        let (store, clock) = (InMemorySpanStore(), Clock())
        let writer = GroupWriter(
            store: store, logger: CollectorLoopbackTests.logger, nowUnixNano: { clock.nowUnixNano })
        let running = Task { await writer.run() }
        _ = await find(1, 1, writer)
        _ = await find(2, 2, writer)
        try await wait(for: [.connected, .connected], store, clock)
        clock.advance(29)
        #expect(try await presences(store, clock) == [.connected, .connected])
        clock.advance(1)
        #expect(try await presences(store, clock) == [.gone, .gone])
        writer.renewLease()
        try await wait(for: [.connected, .connected], store, clock)
        // Another collector starts while it stands still, and forgets it.
        clock.advance(100)
        let another = CollectorLease(collector: .random(), renewedAtUnixNano: clock.nowUnixNano)
        try await store.note([], by: another)
        writer.connectionEnded(ServerConnectionID(rawValue: 2), sender: SenderID(high: 1, low: 2), saidGoodbye: true)
        try await wait(for: [.connected, .saidGoodbye], store, clock)
        // The clock is set back: what was given later than now does not hold, until it is renewed.
        clock.set(500)
        #expect(try await presences(store, clock) == [.gone, .saidGoodbye])
        writer.renewLease()
        try await wait(for: [.connected, .saidGoodbye], store, clock)
        writer.finish()
        await running.value
        #expect(try await presences(store, clock) == [.gone, .saidGoodbye])
    }

    @Test func `what the store could not note is noted with the next lease`() async throws {
        let (store, clock) = (GatedStore(), Clock())
        await store.failNotes(true)
        let writer = GroupWriter(
            store: store, logger: CollectorLoopbackTests.logger, nowUnixNano: { clock.nowUnixNano })
        let running = Task { await writer.run() }
        await store.waitForNotes(1)
        _ = await find(1, 1, writer)
        writer.renewLease()
        await store.waitForNotes(2)
        await store.failNotes(false)
        writer.renewLease()
        try await wait(for: [.connected], store, clock)
        writer.finish()
        await running.value
        #expect(try await presences(store, clock) == [.gone])
    }

    /// Hands over a batch of a connection as soon as the one before it is answered, each a second later, until it is ended:
    /// a collector at rest is not what a test sees, however long the machine lets the test wait.
    private final class Pump: Sendable {
        private let connection: UInt64
        private let tests: GroupWriterTests
        private let writer: GroupWriter
        private let clock: Clock
        private let hasEnded = Atomic(false)

        init(_ connection: UInt64, _ tests: GroupWriterTests, _ writer: GroupWriter, _ clock: Clock) {
            self.connection = connection
            self.tests = tests
            self.writer = writer
            self.clock = clock
        }

        func end() { hasEnded.store(true, ordering: .sequentiallyConsistent) }

        func next(_ sequence: UInt64) {
            if hasEnded.load(ordering: .sequentiallyConsistent) { return }
            clock.advance(1)
            tests.hand("good", of: connection, sequence, to: writer, Answers()) { self.next(sequence + 1) }
        }
    }

    @Test func `a collector that never comes to rest notes who came all the same, and renews its lease`() async throws {
        let (store, clock) = (GatedStore(), Clock())
        let writer = GroupWriter(
            store: store, logger: CollectorLoopbackTests.logger, nowUnixNano: { clock.nowUnixNano })
        let running = Task { await writer.run() }
        await store.waitForNotes(1)
        // Two connections that always have a batch under way; the clock stands while one is held.
        await store.hold(.appends)
        let pumps = [UInt64(1), 2].map { Pump($0, self, writer, clock) }
        defer { for pump in pumps { pump.end() } }
        for pump in pumps { pump.next(1) }
        await store.waitUntilHeld()
        _ = await find(9, 9, writer)
        let foundAt = clock.nowUnixNano
        await store.release()
        let sender = SenderID(high: 1, low: 9)
        while await store.noted[sender] == nil { await Task.yield() }
        // Once it has waited for a second, before any other group: of two batches at the most.
        let notedAt = try #require(await store.noted[sender])
        #expect((foundAt...foundAt + 3_000_000_000).contains(notedAt))
        await store.hold(.appends)
        await store.waitUntilHeld()
        let (count, renewedAt) = (await store.noteCount, clock.nowUnixNano)
        writer.renewLease()
        await store.release()
        await store.waitForNotes(count + 1)
        #expect((renewedAt...renewedAt + 3_000_000_000).contains(await store.renewedAtUnixNano))
        for pump in pumps { pump.end() }
        writer.finish()
        await running.value
    }
}
