import ProtoWire
import SpanModel
import SpanSession

@testable import SpanSpool

/// A sender with a spool and a collector, on a network that cuts, with crashes of either side between any two writes, a
/// disk that fails, and smaller frames from time to time: all from one seed.
struct SpoolSimulation {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// What survives the collector.
    struct Store {
        var storedSequence: UInt64 = 0
        var committed: [Int: Int] = [:]
        var dropped: UInt64 = 0
        var waiting: [ReceivedBatch] = []
    }

    var random: SplitMix64
    var now = SessionInstant.at(.seconds(1))
    let storage = MemoryStorage()
    var process: Process
    var client: ClientSession
    var store = Store()
    var server: ServerSession?
    var connection: ClientConnectionID?
    var wanted: ClientConnectionID?
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    var hasFaults = true
    let framesVary: Bool
    /// The ledger is written later, as by a thread of its own; what stands on it waits.
    let defersWrites: Bool
    var waitingFrames: [(bytes: [UInt8], place: UInt64)] = []
    var neededPlace: UInt64 = 0
    var writtenPlace: UInt64 = 0
    /// Dropped when the ledger was written the last time, and what crashes made a process forget since.
    var droppedThen = 0
    var forgottenDrops: UInt64 = 0
    let configuration: SpanSpoolConfiguration
    static let batching = SpanQueueLimits(maxBatchSpans: 5, maxBatchBytes: 700, maxBatchDelay: .milliseconds(20))

    var offered = 0
    var taken: Set<Int> = []
    var refused = 0
    var crashes = 0
    var outcome: ClientOutcome?

    init(seed: UInt64) throws(SpoolError) {
        random = SplitMix64(seed: seed)
        framesVary = seed % 3 == 0
        defersWrites = seed / 8 % 2 == 1
        var configuration = smallSegments(seed % 4 == 0 ? .dropOldest : .dropNewest, hasRoom: seed % 2 == 1)
        configuration.sync = seed % 5 == 0 ? .everyBatch : .never
        self.configuration = configuration
        process = try Process(storage, configuration, batching: Self.batching, defersWrites: defersWrites)
        client = SpoolSimulation.session(process, seed)
    }

    private static func session(_ process: Process, _ seed: UInt64) -> ClientSession {
        var settings = ClientSettings(senderID: process.sender, seed: seed)
        settings.tellsNumbers = true
        var session = ClientSession(settings: settings)
        let left = process.takeRestored()
        session.restore(left.batches, highestSequence: process.highestSequence, dropped: left.dropped)
        return session
    }

    mutating func run() throws {
        try perform(client.start(now: now))
        for _ in 0..<Int.random(in: 100...400, using: &random) { try step() }
        hasFaults = false
        storage.fail(nil)
        // The last process starts without anything in memory: what is on disk is all there is.
        try crash()
        _ = process.spool.flush()
        var steps = 0
        var saidGoodbye = false
        while outcome == nil {
            steps += 1
            if steps > 50_000 { throw Failure(description: "deadlock: \(client.isIdle), \(process.report)") }
            if !saidGoodbye, process.spool.isDrained, process.spool.syncDeadline == nil {
                saidGoodbye = true
                try perform(client.reportDropped(process.takeDropped(), now: now))
                try perform(client.goodbye(now: now))
            }
            try step()
        }
        try checkEnd()
    }

    private func checkEnd() throws(Failure) {
        guard outcome == .saidGoodbye else { throw Failure(description: "ended by \(outcome!)") }
        guard process.heldSpans == 0 else { throw Failure(description: "\(process.heldSpans) spans are held") }
        let stored = Set(store.committed.keys)
        guard stored.isSubset(of: taken) else { throw Failure(description: "spans were stored that were not taken") }
        // A sender that could not write a number down may send twice; without that, once is once.
        if let twice = store.committed.first(where: { $0.value > 1 }), !hadDiskFaults {
            throw Failure(description: "span \(twice.key) was stored \(twice.value) times")
        }
        let lost = taken.count - stored.count
        let given = UInt64(lost + refused)
        let isTold = store.dropped <= given && store.dropped + forgottenDrops >= given
        guard isTold || hadDiskFaults && store.dropped + forgottenDrops >= UInt64(lost) else {
            throw Failure(description: "\(given) spans were dropped, the collector heard of \(store.dropped)")
        }
        if configuration.maxBytes > 1 << 20, !framesVary, lost > 0 {
            throw Failure(description: "\(lost) spans were lost with room for all")
        }
    }

    var hadDiskFaults = false

    private mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<25 where hasFaults: try offer()
        case 25..<45: try feedClient()
        case 45..<60: try moveToServer()
        case 60..<75: try moveToClient()
        case 75..<85: try runStore()
        case 85..<87 where hasFaults: try cut()
        case 87 where hasFaults: try crash()
        case 88 where hasFaults: crashCollector()
        case 89 where hasFaults && framesVary: breakDisk()
        case 90..<95 where defersWrites: writeLedger()
        default: try passTime()
        }
    }

    private mutating func writeLedger() {
        guard let journal = process.takeWork() else { return }
        writtenPlace = journal.perform()
        process.worked()
        droppedThen = process.report.droppedSpans
        while let first = waitingFrames.first, first.place <= writtenPlace {
            toServer += first.bytes
            waitingFrames.removeFirst()
        }
    }

    private mutating func expect(_ place: UInt64) { neededPlace = defersWrites ? place : 0 }

    private mutating func send(_ frame: OutgoingFrame) {
        if [.batch, .goodbye].contains(frame.head.kind), neededPlace > writtenPlace {
            waitingFrames.append((frame.bytes, neededPlace))
        } else {
            toServer += frame.bytes
        }
    }

    private mutating func offer() throws {
        // Large ones fill segments.
        let size = Int.random(in: 0..<8, using: &random) == 0 ? 600 : Int.random(in: 0...60, using: &random)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            defer { offered += 1 }
            do throws(SpoolError) {
                let before = process.report.droppedSpans
                switch try process.append(offered, offered % 4 == 0 ? cart : shop, nameBytes: size, now: now) {
                case .taken: taken.insert(offered)
                case .full:
                    process.dropForRoom()
                    refused += 1
                case .tooLarge: refused += 1
                }
                _ = before
            } catch {
                // The memory queue's affair.
            }
        }
    }

    private mutating func feedClient() throws {
        if let job = process.nextSync(now: now) {
            try job.perform()
            process.synced(job, nil, now: now)
        }
        try perform(client.reportDropped(process.takeDropped(), now: now))
        while client.wantsBatch, let batch = process.takeBatch(now: now) { try perform(client.send(batch, now: now)) }
        guard let wanted else { return }
        self.wanted = nil
        if hasFaults, Bool.random(using: &random) {
            try perform(client.connectionClosed(wanted, now: now))
            return
        }
        connection = wanted
        (toServer, toClient, waitingFrames) = ([], [], [])
        // What came on an earlier connection has come to its end by now.
        commit(store.waiting.count)
        let limit = framesVary ? Int.random(in: 150...900, using: &random) : 2000
        var settings = ServerSettings(
            maxFrameBytes: 2000, creditBytes: UInt64.random(in: 0...3000, using: &random))
        settings.setFrameLimit(unclamped: UInt32(limit))
        server = ServerSession(settings: settings, now: now)
        try perform(client.connectionOpened(wanted, now: now))
    }

    private mutating func moveToServer() throws {
        guard server != nil else { return }
        let count = Int.random(in: 0...toServer.count, using: &random)
        let bytes = Array(toServer.prefix(count))
        toServer.removeFirst(count)
        try perform(server!.received(bytes.rawSpan, now: now))
    }

    private mutating func moveToClient() throws {
        guard let connection else { return }
        let count = Int.random(in: 0...toClient.count, using: &random)
        let bytes = Array(toClient.prefix(count))
        toClient.removeFirst(count)
        try perform(client.received(bytes.rawSpan, on: connection, now: now))
        if toClient.isEmpty, server == nil, self.connection == connection {
            self.connection = nil
            try perform(client.connectionClosed(connection, now: now))
        }
    }

    private mutating func runStore() throws {
        let stored = commit(Int.random(in: 1...4, using: &random))
        if hasFaults, Int.random(in: 0..<20, using: &random) == 0 { crashCollector() }
        guard !stored.isEmpty, server != nil else { return }
        try perform(server!.batchesStored(stored.map { StoredBatch(sequence: $0) }, now: now))
    }

    @discardableResult
    private mutating func commit(_ count: Int) -> [UInt64] {
        var stored: [UInt64] = []
        for batch in store.waiting.prefix(count) where batch.sequence > store.storedSequence {
            store.storedSequence = batch.sequence
            for span in (try! batch.decoded()).spans { store.committed[Int(span.spanID.value) - 1, default: 0] += 1 }
            store.dropped += batch.dropped.reduce(0) { $0 + $1.spans }
            stored.append(batch.sequence)
        }
        store.waiting.removeFirst(min(count, store.waiting.count))
        return stored
    }

    private mutating func cut() throws {
        guard let connection else { return }
        if Bool.random(using: &random) { try moveToServer() }
        server = nil
        guard self.connection == connection else { return }
        self.connection = nil
        try perform(client.connectionClosed(connection, now: now))
    }

    private mutating func crashCollector() {
        server = nil
        store.waiting = []
    }

    /// kill -9, and the next start; now and then the last write was only half done.
    private mutating func crash() throws {
        crashes += 1
        if let connection, Bool.random(using: &random) {
            // What was on its way may still arrive.
            self.connection = connection
            try moveToServer()
        }
        (connection, wanted, server) = (nil, nil, nil)
        (waitingFrames, neededPlace, writtenPlace) = ([], 0, 0)
        if let journal = process.takeWork(), Bool.random(using: &random) {
            // Killed while the ledger was written: between two writes or removals.
            let before = storage.operationCount
            journal.perform()
            storage.rewind(to: Int.random(in: before...storage.operationCount, using: &random))
        }
        if defersWrites { forgottenDrops += UInt64(max(process.report.droppedSpans - droppedThen, 0)) }
        droppedThen = 0
        storage.fail(nil)
        process = try Process(storage, configuration, batching: Self.batching, defersWrites: defersWrites)
        if !hadDiskFaults, !process.findings.isEmpty {
            throw Failure(description: "a spool was found damaged: \(process.findings)")
        }
        let seed = random.next()
        client = SpoolSimulation.session(process, seed)
        try perform(client.start(now: now))
    }

    private mutating func breakDisk() {
        hadDiskFaults = true
        let bytes = Int.random(in: 0...40, using: &random)
        storage.fail(Bool.random(using: &random) ? .diskFull : nil, after: bytes)
    }

    private mutating func passTime() throws {
        now = now.advanced(by: .milliseconds(Int.random(in: 1...30, using: &random)))
        if wanted == nil, toServer.isEmpty, toClient.isEmpty, store.waiting.isEmpty,
            let due = [client.nextDeadline, process.nextDeadline, process.syncDeadline].compactMap({ $0 }).min()
        {
            now = max(now, due)
        }
        try perform(client.timeout(now: now))
        if server != nil { try perform(server!.timeout(now: now)) }
    }

    private mutating func perform(_ actions: [ClientAction]) throws {
        for action in actions {
            switch action {
            case .connect(let number): wanted = number
            case .send(let frame): send(frame)
            case .close(let number):
                if wanted == number { wanted = nil }
                if connection == number {
                    connection = nil
                    server = nil
                }
            case .numbered(let batch): expect(process.spool.numbered(batch))
            case .unnumbered(let sequence): expect(process.spool.unnumbered(sequence))
            case .acknowledged(let sequence):
                guard sequence <= store.storedSequence else {
                    throw Failure(description: "\(sequence) was acknowledged, \(store.storedSequence) is stored")
                }
                process.acknowledged(through: sequence)
            case .settled(let receipt): process.spool.settle(receipt)
            case .finished(let outcome): self.outcome = outcome
            case .welcomed, .partialSuccess: break
            case .disconnected(let error):
                guard [.connectionLost, .goneAway, .timedOut].contains(error.code) else {
                    throw Failure(description: "the client found a fault: \(error)")
                }
            }
        }
    }

    private mutating func perform(_ actions: [ServerAction]) throws {
        for action in actions {
            switch action {
            case .lookUpSender:
                // The store has come to its end with the sender's older connections.
                guard server != nil else { continue }
                commit(store.waiting.count)
                try perform(server!.senderFound(storedSequence: store.storedSequence, now: now))
            case .store(let batch): store.waiting.append(batch)
            case .send(let frame): toClient += frame.bytes
            case .fault(let error):
                guard error.code == .timedOut else {
                    throw Failure(description: "the server found a fault: \(error)")
                }
            case .close: server = nil
            }
        }
    }
}
