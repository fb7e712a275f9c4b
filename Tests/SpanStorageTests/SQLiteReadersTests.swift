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
        while gate.held < min(count, ReaderPool.maxLong) { await Task.yield() }
        return scans
    }

    @Test(
        "no look-up and no short question waits for long ones",
        arguments: [.readWrite, .readOnly] as [SQLiteSpanStore.Mode])
    func beside(mode: SQLiteSpanStore.Mode) async throws {
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
        #expect(gate.held == ReaderPool.maxLong)
        gate.open()
        for (index, scan) in scans.enumerated() {
            let found = try await scan.value
            #expect(index < ReaderPool.maxLong ? found >= 3 : found == (mode == .readWrite ? 4 : 3))
        }
        await store.close()
    }

    @Test("closing waits for what was asked, and answers it")
    func closing() async throws {
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

    @Test("after many questions at once one reader stays open")
    func memory() async throws {
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

    @Test(
        "stores that are dropped without being closed give back their files and tasks", .enabled(if: hasProcessFolder))
    func dropped() async throws {
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
