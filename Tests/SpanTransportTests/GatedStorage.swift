import Dispatch
import ProtoWire
import SpanSpool
import Synchronization

/// Keeps whoever comes by waiting on his own thread, as a disk that does not answer does.
final class Gate: Sendable {
    private struct State {
        var isClosed = false
        var waiting = 0
        var passed = 0
        var visit: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let opened = DispatchSemaphore(value: 0)
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation

    init() { (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1)) }

    /// How many came by and went on.
    var passed: Int { state.withLock(\.passed) }

    /// Called for each that goes on, on his thread.
    func onPass(_ visit: @escaping @Sendable () -> Void) { state.withLock { $0.visit = visit } }

    func close() { state.withLock { $0.isClosed = true } }

    func open() {
        let waiting = state.withLock { state in
            state.isClosed = false
            defer { state.waiting = 0 }
            return state.waiting
        }
        for _ in 0..<waiting { opened.signal() }
    }

    func pass() {
        let waits = state.withLock { state in
            if state.isClosed { state.waiting += 1 }
            return state.isClosed
        }
        if waits {
            arrival.yield()
            opened.wait()
        }
        let visit = state.withLock { state in
            state.passed += 1
            return state.visit
        }
        visit?()
    }

    /// Returns once somebody waits.
    func firstArrival() async { for await _ in arrivals { return } }
}

/// A spool's directory with gates before its files.
final class GatedStorage: SpoolStorage {
    private let storage: DirectoryStorage
    /// Before the segments are read.
    let reads = Gate()
    /// Before a ledger is written.
    let ledgerWrites = Gate()

    init(_ directory: String) throws(SpoolError) { storage = try DirectoryStorage(directory) }

    var place: String { storage.place }
    func names() throws(SpoolError) -> [String] { try storage.names() }
    func open(_ name: String, creates: Bool) throws(SpoolError) -> any SpoolFile {
        let isLedger = name.hasPrefix("ledger")
        return GatedFile(
            try storage.open(name, creates: creates), reads: isLedger ? nil : reads,
            writes: isLedger ? ledgerWrites : nil)
    }
    func remove(_ name: String) throws(SpoolError) { try storage.remove(name) }
    func sync() throws(SpoolError) { try storage.sync() }
    func release() { storage.release() }
}

final class GatedFile: SpoolFile {
    private let file: any SpoolFile
    private let reads: Gate?
    private let writes: Gate?

    init(_ file: any SpoolFile, reads: Gate?, writes: Gate?) {
        self.file = file
        self.reads = reads
        self.writes = writes
    }

    func size() throws(SpoolError) -> Int { try file.size() }
    func write(_ bytes: borrowing RawSpan, at offset: Int) throws(SpoolError) {
        writes?.pass()
        try file.write(bytes, at: offset)
    }
    func read(at offset: Int, upTo count: Int) throws(SpoolError) -> [UInt8] {
        reads?.pass()
        return try file.read(at: offset, upTo: count)
    }
    func truncate(to size: Int) throws(SpoolError) { try file.truncate(to: size) }
    func sync() throws(SpoolError) { try file.sync() }
}
