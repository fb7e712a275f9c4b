import Foundation
import SpanModel
import SpanStorage
import SpanStorageSQLite
import Synchronization
import Testing

@testable import SpanStorageSQLite

/// Questions beside each other: the thread of a long one is held in its own body until the test lets it go.
@Suite(.timeLimit(.minutes(5))) struct SQLiteReadersTests {
    let folder = try! TemporaryFolder()

    /// Holds threads until it is opened.
    final class Gate: Sendable {
        private let state = Mutex((held: 0, isOpen: false))
        private let semaphore = DispatchSemaphore(value: 0)

        /// How many threads came to it.
        var held: Int { state.withLock { $0.held } }

        func hold() {
            let isOpen = state.withLock { state in
                state.held += 1
                return state.isOpen
            }
            if !isOpen { semaphore.wait() }
        }

        func open() {
            let held = state.withLock { state in
                state.isOpen = true
                return state.held
            }
            for _ in 0..<held { semaphore.signal() }
        }
    }

    func store(_ mode: SQLiteSpanStore.Mode = .readWrite) async throws -> SQLiteSpanStore {
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite)
        try await store.append([batch(trace: 1, count: 3, sender: SenderID(high: 1, low: 1), sequence: 7)])
        if mode == .readWrite { return store }
        await store.close()
        return try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: mode)
    }

    /// Scans that hold their reader at the gate; returns when each has come to it or waits for its turn.
    func longScans(_ count: Int, of store: SQLiteSpanStore, _ gate: Gate) async -> [Task<Int, any Error>] {
        let scans = (0..<count).map { _ in
            Task {
                try await store.scan(SpanScan(), into: 0) { spans, found in
                    gate.hold()
                    spans += found.count
                    return true
                }
            }
        }
        while gate.held < min(count, ReaderPool.Length.scan.most) { await Task.yield() }
        return scans
    }

    @Test(arguments: [.readWrite, .readOnly] as [SQLiteSpanStore.Mode])
    func `no look-up and no short question waits for long ones`(mode: SQLiteSpanStore.Mode) async throws {
        let store = try await store(mode)
        let gate = Gate()
        let scans = await longScans(5, of: store, gate)
        #expect(try await store.storedSequence(of: SenderID(high: 1, low: 1)) == 7)
        #expect(try await store.trace(TraceID(high: 1, low: 1)).count == 3)
        #expect(try await store.senders(nowUnixNano: 0).count == 1)
        if mode == .readWrite {
            try await store.append([batch(trace: 2, sender: SenderID(high: 1, low: 1), sequence: 8)])
            #expect(try await store.storedSequence(of: SenderID(high: 1, low: 1)) == 8)
        }
        // The other two have not begun.
        #expect(gate.held == ReaderPool.Length.scan.most)
        gate.open()
        for (index, scan) in scans.enumerated() {
            let found = try await scan.value
            #expect(index < ReaderPool.Length.scan.most ? found >= 3 : found == (mode == .readWrite ? 4 : 3))
        }
        await store.close()
    }

    @Test func `closing waits for what was asked, and answers it`() async throws {
        let store = try await store()
        let gate = Gate()
        let scans = await longScans(5, of: store, gate)
        let isClosed = Flag()
        let closing = Task {
            await store.close()
            isClosed.raise()
        }
        // From then on nothing is taken.
        while true {
            do { _ = try await store.trace(TraceID(high: 1, low: 1)) } catch {
                #expect(error.code == .closed)
                break
            }
            await Task.yield()
        }
        #expect(!isClosed.isRaised)
        gate.open()
        for scan in scans { #expect(try await scan.value == 3) }
        await closing.value
    }

    /// Holds tasks, and no threads, until it is opened.
    final class TaskGate: Sendable {
        private let (opened, opening) = AsyncStream<Void>.makeStream()

        func pass() async { for await _ in opened {} }
        func open() { opening.finish() }
    }

    /// Who was answered, in order.
    final class Order: Sendable {
        private let state = Mutex<[String]>([])
        var names: [String] { state.withLock { $0 } }
        func add(_ name: String) { state.withLock { $0.append(name) } }
    }

    /// A question that notes when its turn has come, and keeps its reader until the gate is open.
    func question(
        _ length: ReaderPool.Length, of store: SQLiteSpanStore, _ gate: TaskGate, _ name: String = "",
        _ order: Order = Order()
    ) async -> Task<Void, any Error> {
        let before = store.readers.counts
        let task = Task {
            try await store.readers.ask(length) { _ throws(SpanStoreError) in
                order.add(name)
                await gate.pass()
            }
        }
        while store.readers.counts.busy + store.readers.counts.waiting == before.busy + before.waiting {
            await Task.yield()
        }
        return task
    }

    @Test func `a look-up waits for no searches and scans, however many are slow, and a search is none`() async throws {
        let store = try await store()
        let gate = TaskGate()
        var held: [Task<Void, any Error>] = []
        for number in 0..<8 { held.append(await question(number < 6 ? .search : .scan, of: store, gate)) }
        let waiting = store.readers.counts.waiting
        let answers = Order()
        let lookUps = Task { () async throws -> Void in
            #expect(try await store.trace(TraceID(high: 1, low: 1)).count == 3)
            #expect(try await store.senders(nowUnixNano: 0).count == 1)
            #expect(try await store.services().count == 1)
            #expect(try await store.statistics().storedReports == 3)
            var one = SpanQuery()
            one.filter = .compare(.trace, .equal, .trace(TraceID(high: 1, low: 1))) ?? .all([])
            #expect(try await store.search(one).count == 3)
            answers.add("look-ups")
        }
        while answers.names.isEmpty, store.readers.counts.waiting == waiting { await Task.yield() }
        #expect(answers.names == ["look-ups"])
        let search = Task { try await store.search(SpanQuery()) }
        while store.readers.counts.waiting == waiting { await Task.yield() }
        gate.open()
        for task in held { try await task.value }
        try await lookUps.value
        #expect(try await search.value.count == 3)
        await store.close()
    }

    @Test func `whoever has waited longest is next, so that short questions without end keep no long one waiting`()
        async throws
    {
        let store = try await store()
        let order = Order()
        var (gates, held): ([TaskGate], [Task<Void, any Error>]) = ([], [])
        let first = ReaderPool.maxReaders
        for number in 0..<first {
            gates.append(TaskGate())
            held.append(await question(.lookUp, of: store, gates[number], "\(number)", order))
        }
        while order.names.count < first { await Task.yield() }
        let rest = TaskGate()
        for length in [.scan, .lookUp, .search, .lookUp, .lookUp] as [ReaderPool.Length] {
            held.append(await question(length, of: store, rest, "\(length)", order))
        }
        for number in 0..<3 {
            gates[number].open()
            while order.names.count < first + number + 1 { await Task.yield() }
        }
        #expect(order.names.suffix(3) == ["scan", "lookUp", "search"])
        rest.open()
        for gate in gates { gate.open() }
        for task in held { try await task.value }
        await store.close()
    }

    @Test func `a question that is cancelled while it waits leaves at once, and closing waits for it no longer`()
        async throws
    {
        let store = try await store()
        let gate = TaskGate()
        var held: [Task<Void, any Error>] = []
        for _ in 0..<ReaderPool.maxReaders { held.append(await question(.lookUp, of: store, gate)) }
        let (never, closed) = (Order(), Flag())
        var waiting: [Task<Void, any Error>] = []
        for length in ReaderPool.Length.allCases {
            waiting.append(await question(length, of: store, gate, "cancelled", never))
        }
        let last = await question(.scan, of: store, gate, "last", never)
        let closing = Task {
            await store.close()
            closed.raise()
        }
        for task in waiting { task.cancel() }
        let limit = ContinuousClock.now + .seconds(20)
        while store.readers.counts.waiting > 1, ContinuousClock.now < limit { await Task.yield() }
        #expect(store.readers.counts.waiting == 1)
        #expect(!closed.isRaised)
        gate.open()
        for task in waiting {
            let error = await #expect(throws: SpanStoreError.self) { try await task.value }
            #expect(error?.code == .cancelled)
        }
        for task in held { try await task.value }
        try await last.value
        #expect(never.names == ["last"])
        await closing.value
    }

    @Test(arguments: [true, false])
    func `a long question whose task is cancelled ends early`(isMerged: Bool) async throws {
        let store = try await store()
        for trace in UInt64(2)...5 { try await store.append([batch(trace: trace, count: 1000)]) }
        if isMerged { try await store.compact() }
        let questions: [(String, @Sendable (SQLiteReader) async throws -> Void)] = [
            ("search", { _ = try await $0.search(SpanQuery(order: .longest)) }),
            ("scan", { _ = try await $0.scan(SpanScan(), into: 0) { _, _ in true } }),
            ("operations", { _ = try await $0.operations(SpanScan()) }),
            ("latency", { _ = try await $0.latency(LatencyQuery()) }),
            ("dependencies", { _ = try await $0.dependencies(SpanScan()) }), ("check", { _ = try await $0.check() }),
        ]
        for (name, question) in questions {
            let task = Task {
                try await store.readers.ask(.scan) { reader throws(SpanStoreError) in
                    // Its turn has come; what was asked begins only now.
                    unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                    do { try await question(reader) } catch let error as SpanStoreError { throw error } catch {}
                }
            }
            let error = await #expect(throws: SpanStoreError.self, "\(name)") { try await task.value }
            #expect(error?.code == .cancelled, "\(name)")
        }
        #expect(try await store.operations(SpanScan()).groups.map(\.spans) == [4003])
        await store.close()
    }

    @Test func `after many questions at once one reader stays open`() async throws {
        let store = try await store()
        let gate = Gate()
        for scan in await longScans(3, of: store, gate) {
            gate.open()
            _ = try await scan.value
        }
        // A scan has its answer a moment before its reader is given back.
        while store.readers.counts.busy > 0 { await Task.yield() }
        #expect(store.readers.counts == (busy: 0, waiting: 0, idle: 1))
        await store.close()
        #expect(store.readers.counts == (busy: 0, waiting: 0, idle: 0))
    }

    /// How many descriptors this test's file has, by the names that the system has for them.
    func openFiles() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name))?
                .hasPrefix(folder.path) ?? false
        }
    }

    @Test(.enabled(if: hasProcessFolder))
    func `stores that are dropped without being closed give back their files and tasks`() async throws {
        weak var last: SQLiteWriter?
        for number in 0..<100 {
            let store = try await SQLiteSpanStore.open(path: folder.file("\(number).db"), mode: .readWrite)
            if number % 2 == 0 { try await store.append([batch(trace: 1)]) }
            if number % 10 == 0 { #expect(try await store.search(SpanQuery()).count == 1) }
            last = store.writer
            // So that the other tests have files to open, too.
            while number % 10 == 9, try openFiles() > 10 { await Task.yield() }
        }
        // A task ends a moment after what wakes it.
        while try openFiles() > 0 || last != nil { await Task.yield() }
        #expect(try openFiles() == 0)
    }

    static let hasProcessFolder = FileManager.default.fileExists(atPath: "/proc/self/fd")
}
