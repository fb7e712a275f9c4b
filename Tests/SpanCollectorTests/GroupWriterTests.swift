import Logging
import NIOCore
import SpanModel
import SpanStorage
import Synchronization
import Testing

@testable import SpanCollector
@testable import SpanSession
@testable import SpanTransport

/// The one task that commits, with what waits for it laid out beforehand.
@Suite struct GroupWriterTests {
    /// What each connection was answered, in order: the sequence, or `nil` for a refusal.
    private final class Answers: Sendable {
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

    private func hand(
        _ name: String, of connection: UInt64, _ sequence: UInt64, to writer: GroupWriter, _ answers: Answers
    ) {
        let span = CollectorLoopbackTests.span(TraceID(high: 7, low: 7), connection * 100 + sequence, name: name)
        let spans = SpanBatch(resourceSpans: [
            ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil, spans: [span])])
        ])
        let batch = ReceivedBatch(sequence: sequence, spans: spans)
        let delivery = Delivery(
            connection: ConnectionID(rawValue: connection), sender: SenderID(high: 1, low: connection), agent: "",
            batch: batch)
        writer.store(delivery) { answers.note(connection, $0) }
    }

    @Test("a batch that the engine cannot keep fails with what follows it on its connection, and with nothing else")
    func poison() async throws {
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

    @Test("a group that fails for want of room is refused whole, and so is what its connections bring after it")
    func diskFull() async throws {
        let store = FlakyStore(failures: 1)
        let writer = GroupWriter(store: store, logger: CollectorLoopbackTests.logger)
        let answers = Answers()
        hand("good", of: 1, 1, to: writer, answers)
        hand("good", of: 2, 1, to: writer, answers)
        // A look-up ends the group, so that what follows is judged apart.
        writer.findSender(SenderID(high: 1, low: 1), connection: ConnectionID(rawValue: 1), agent: "") { _ in }
        hand("good", of: 1, 2, to: writer, answers)
        hand("good", of: 3, 1, to: writer, answers)
        writer.finish()
        await writer.run()
        #expect(answers[1] == [nil, nil])
        #expect(answers[2] == [nil])
        #expect(answers[3] == [1])
    }

    @Test("while the store fails one line says so now and then, with how much failed, and each reason has its own")
    func failureLines() async throws {
        let lines = SpoolLoopbackTests.Lines()
        let writer = GroupWriter(
            store: FlakyStore(failures: 100), failureLog: LogGate(interval: .hours(1)),
            logger: Logger(label: "test", factory: { _ in lines }))
        let answers = Answers()
        // A look-up ends each group.
        for number in 1...101 {
            let connection = UInt64(number)
            writer.findSender(
                SenderID(high: 1, low: connection), connection: ConnectionID(rawValue: connection), agent: ""
            ) { _ in }
            hand(number <= 100 ? "good" : "poison", of: connection, 1, to: writer, answers)
        }
        writer.finish()
        await writer.run()
        for connection in 1...101 { #expect(answers[UInt64(connection)] == [nil]) }
        let failures = lines.all.filter { $0.contains("the store took nothing of a group") }
        #expect(failures.count == 2, "\(failures)")
        #expect(failures.first?.contains("disk_full") == true && failures.last?.contains("engine_failed") == true)
    }
}

/// Whether a collector cares for the memory of its process.
@Suite struct MemoryKeeperTests {
    @Test("a collector in a service leaves the service's memory alone, unless it is told that the process is its own")
    func choice() {
        let store = FlakyStore()
        let (configuration, logger) = (SpanServerConfiguration(), CollectorLoopbackTests.logger)
        let embedded = CollectorService(store: store, configuration: configuration, logger: logger)
        #expect(embedded.writer?.keeper.withLock { $0 != nil } == false)
        let own = CollectorService(
            store: store, configuration: configuration, returnsFreedMemory: true, logger: logger)
        #expect(own.writer?.keeper.withLock { $0 != nil } == true)
    }

    @Test("memory is returned when more than half of the limit is resident, twice a second at the most")
    func returning() {
        let start = ContinuousClock.now
        let resident = Mutex<Int?>(100)
        let returned = Mutex(0)
        var keeper = MemoryKeeper(
            limitBytes: 1000, now: start, residentBytes: { resident.withLock(\.self) },
            giveBack: { returned.withLock { $0 += 1 } })
        func commit(at milliseconds: Int, resident bytes: Int?) -> Int {
            resident.withLock { $0 = bytes }
            keeper.committed(now: start + .milliseconds(milliseconds))
            return returned.withLock(\.self)
        }
        #expect(commit(at: 100, resident: 900) == 0)
        #expect(commit(at: 500, resident: 500) == 0)
        #expect(commit(at: 1000, resident: nil) == 0)
        #expect(commit(at: 1500, resident: 501) == 1)
        #expect(commit(at: 1999, resident: 900) == 1)
        #expect(commit(at: 2000, resident: 900) == 2)
    }
}
