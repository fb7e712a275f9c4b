import ProtoWire
import SpanCompression
import SpanModel

@testable import SpanSession

/// A sender and a collector with a network and a store that fail, all from one seed: connections are cut at any byte, the
/// collector crashes between commit and ack, the store stalls and refuses, frames become smaller.
struct Simulation {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// The collector's store: what is in `committed` survives a crash, what is in `queue` does not.
    struct Store {
        enum Job {
            case lookUp(UInt64)
            case commit(UInt64, ReceivedBatch)
        }
        var queue: [Job] = []
        var storedSequence: UInt64 = 0
        var committed: [Int: Int] = [:]
        var dropped: UInt64 = 0
    }

    var random: SplitMix64
    var now = SessionInstant.at(.seconds(1))
    var client: ClientSession
    var queue: SpanQueue
    var store = Store()
    var server: ServerSession?
    var serverConnection: UInt64 = 0
    var clientConnection: ConnectionNumber?
    var wanted: ConnectionNumber?
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    var hasFaults = true
    let frameSizesVary: Bool
    let compresses: Bool

    var offered = 0
    var taken: Set<Int> = []
    var refusedByQueue = 0
    var spansOfBatch: [UInt64: [Int]] = [:]
    var acknowledged: [UInt64: Int] = [:]
    var outcome: ClientOutcome?
    var tooLargeForCollector = 0

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        frameSizesVary = seed % 3 == 0
        compresses = seed % 2 == 0
        client = ClientSession(
            settings: ClientSettings(
                senderID: aliceID, compressions: [.zstdStream, .zstd, .gzip],
                codec: compresses ? SystemCompression() : nil, seed: seed))
        queue = SpanQueue(
            limits: SpanQueueLimits(
                maxQueuedBytes: 6000, maxQueuedSpans: 60, maxBatchSpans: 5, maxBatchBytes: 600,
                maxBatchDelay: .milliseconds(50)))
    }

    mutating func run() throws(Failure) {
        try perform(client.start(now: now))
        for _ in 0..<Int.random(in: 50...250, using: &random) { try step() }
        hasFaults = false
        _ = queue.flush()
        var steps = 0
        var saidGoodbye = false
        while outcome == nil {
            steps += 1
            if steps > 20_000 { throw Failure(description: "deadlock: \(client.state), \(queue.report)") }
            if !saidGoodbye, queue.queuedSpans == 0 {
                saidGoodbye = true
                try perform(client.reportDropped(queue.takeDropped(), now: now))
                try perform(client.goodbye(now: now))
                continue
            }
            try step()
        }
        try checkEnd()
    }

    private func checkEnd() throws(Failure) {
        guard outcome == .saidGoodbye else { throw Failure(description: "ended by \(outcome!)") }
        let stored = Set(store.committed.keys)
        guard stored.isSubset(of: taken), stored.count + tooLargeForCollector == taken.count else {
            throw Failure(description: "\(taken.subtracting(stored).count) spans were lost")
        }
        if !frameSizesVary, let twice = store.committed.first(where: { $0.value > 1 }) {
            throw Failure(description: "span \(twice.key) was stored \(twice.value) times")
        }
        let report = queue.report
        guard report.pendingSpans == 0, report.storedSpans == stored.count, queue.queuedBytes == 0 else {
            throw Failure(description: "the report \(report) is not what the store has: \(stored.count)")
        }
        let given = UInt64(refusedByQueue + tooLargeForCollector)
        guard store.dropped == given || frameSizesVary && store.dropped >= given else {
            throw Failure(description: "\(given) spans were dropped, the collector heard of \(store.dropped)")
        }
    }

    private mutating func step() throws(Failure) {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20 where hasFaults: offer()
        case 20..<40: try feedClient()
        case 40..<60: try moveToServer()
        case 60..<80: try moveToClient()
        case 80..<90: try runStore()
        case 90..<92 where hasFaults: try cut()
        case 92 where hasFaults: try crash()
        case 93 where hasFaults: try failStore()
        case 94 where hasFaults: try drain()
        default: try passTime()
        }
        if let server, server.heldBytes > 20_000 { throw Failure(description: "the collector holds too much") }
    }

    private mutating func offer() {
        let record = span(offered, name: String(repeating: "n", count: Int.random(in: 0...300, using: &random)))
        switch queue.append(record.encoded().rawSpan, origin: origin, now: now) {
        case .taken, .batchReady: taken.insert(offered)
        case .full:
            queue.drop(.queueFull)
            refusedByQueue += 1
        case .tooLarge: refusedByQueue += 1
        }
        offered += 1
    }

    private mutating func feedClient() throws(Failure) {
        try perform(client.reportDropped(queue.takeDropped(), now: now))
        while client.wantsBatch, let batch = queue.nextBatch(now: now) {
            guard let decoded = try? SpanBatch(decoding: batch.payload) else {
                throw Failure(description: "a batch of the queue does not decode")
            }
            spansOfBatch[batch.ordinal] = decoded.spans.map { Int($0.spanID.value) - 1 }
            try perform(client.send(batch, now: now))
        }
        if let wanted {
            self.wanted = nil
            if Bool.random(using: &random) && hasFaults {
                try perform(client.connectionClosed(wanted, now: now))
            } else {
                connect(wanted)
                try perform(client.connectionOpened(wanted, now: now))
            }
        }
    }

    private mutating func connect(_ number: ConnectionNumber) {
        clientConnection = number
        toServer = []
        toClient = []
        serverConnection += 1
        let limit = frameSizesVary ? UInt32.random(in: 1024...1400, using: &random) : 2000
        let credit = UInt64.random(in: 0...3000, using: &random)
        var settings = ServerSettings(maxFrameBytes: limit, creditBytes: credit)
        if compresses {
            // Each connection may agree on another one, or none.
            settings.codec = SystemCompression()
            settings.compressions = [[.zstdStream], [.zstd], [.gzip], []].randomElement(using: &random)!
            settings.windowLog = 17
        }
        server = ServerSession(settings: settings, now: now)
        if frameSizesVary {
            // Smaller than the settings allow, so that batches have to be split.
            server?.simulatedFrameLimit(Int.random(in: 120...700, using: &random))
        }
    }

    private static func piece(_ bytes: inout [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        let count = Int.random(in: 0...min(bytes.count, 800), using: &random)
        defer { bytes.removeFirst(count) }
        return Array(bytes.prefix(count))
    }

    private mutating func moveToServer() throws(Failure) {
        let bytes = Simulation.piece(&toServer, &random)
        guard server != nil else { return }
        try perform(server!.received(bytes.rawSpan, now: now))
    }

    private mutating func moveToClient() throws(Failure) {
        guard let clientConnection else { return }
        let bytes = Simulation.piece(&toClient, &random)
        try perform(client.received(bytes.rawSpan, on: clientConnection, now: now))
        if toClient.isEmpty, server == nil, self.clientConnection == clientConnection {
            self.clientConnection = nil
            try perform(client.connectionClosed(clientConnection, now: now))
        }
    }

    private mutating func runStore() throws(Failure) {
        var stored: [StoredBatch] = []
        var answered: UInt64 = 0
        for _ in 0..<Int.random(in: 1...4, using: &random) where !store.queue.isEmpty {
            switch store.queue.removeFirst() {
            case .lookUp(let connection):
                guard connection == serverConnection, server != nil else { continue }
                try perform(server!.senderFound(storedSequence: store.storedSequence, now: now))
            case .commit(let connection, let batch):
                guard batch.sequence > store.storedSequence else {
                    throw Failure(description: "batch \(batch.sequence) came to the store twice")
                }
                store.storedSequence = batch.sequence
                for span in batch.spans.spans { store.committed[Int(span.spanID.value) - 1, default: 0] += 1 }
                store.dropped += batch.dropped.reduce(0) { $0 + $1.spans }
                if connection == serverConnection {
                    stored.append(StoredBatch(sequence: batch.sequence))
                    answered = connection
                }
            }
        }
        // A crash may come between the commit and the ack.
        if hasFaults, Int.random(in: 0..<30, using: &random) == 0 { try crash() }
        if !stored.isEmpty, answered == serverConnection, server != nil {
            try perform(server!.batchesStored(stored, now: now))
        }
    }

    /// The network is cut; some of the bytes under way still arrive.
    private mutating func cut() throws(Failure) {
        guard let connection = clientConnection else { return }
        if Bool.random(using: &random) { try moveToServer() }
        if Bool.random(using: &random) { try moveToClient() }
        server?.connectionClosed(now: now)
        server = nil
        guard clientConnection == connection else { return }
        clientConnection = nil
        try perform(client.connectionClosed(connection, now: now))
    }

    private mutating func crash() throws(Failure) {
        try cut()
        server = nil
        store.queue = []
    }

    private mutating func failStore() throws(Failure) {
        guard server?.isOpen == true else { return }
        store.queue.removeAll {
            if case .commit(let connection, _) = $0 { connection == serverConnection } else { false }
        }
        try perform(server!.batchFailed(retryAfter: .milliseconds(20), now: now))
    }

    private mutating func drain() throws(Failure) {
        guard server != nil else { return }
        try perform(server!.drain(retryAfter: .milliseconds(5), now: now))
    }

    private mutating func passTime() throws(Failure) {
        var next = now.advanced(by: .milliseconds(Int.random(in: 1...40, using: &random)))
        let isQuiet = wanted == nil && toServer.isEmpty && toClient.isEmpty && store.queue.isEmpty
        if hasFaults ? Int.random(in: 0..<10, using: &random) == 0 : isQuiet {
            let deadlines = [client.nextDeadline, server?.nextDeadline, queue.nextDeadline].compactMap { $0 }
            next = max(next, deadlines.min() ?? next)
        }
        now = next
        try perform(client.timeout(now: now))
        if server != nil { try perform(server!.timeout(now: now)) }
    }

    private mutating func perform(_ actions: [ClientAction]) throws(Failure) {
        for action in actions {
            switch action {
            case .connect(let number): wanted = number
            case .send(let frame): toServer += frame.bytes
            case .close(let number):
                if wanted == number { wanted = nil }
                if clientConnection == number {
                    clientConnection = nil
                    server?.connectionClosed(now: now)
                    server = nil
                }
            case .settled(let receipt):
                queue.settle(receipt)
                if receipt.dropReason == .spanTooLarge {
                    tooLargeForCollector += receipt.spans
                } else {
                    acknowledged[receipt.ordinal, default: 0] += receipt.spans
                    let stored = spansOfBatch[receipt.ordinal]!.filter { store.committed[$0] != nil }.count
                    guard acknowledged[receipt.ordinal]! <= stored else {
                        throw Failure(description: "batch \(receipt.ordinal) was acknowledged before it was stored")
                    }
                }
            case .finished(let outcome): self.outcome = outcome
            case .welcomed, .partialSuccess, .numbered, .unnumbered, .acknowledged: break
            case .disconnected(let error):
                if [.connectionLost, .goneAway, .timedOut].contains(error.code) { break }
                throw Failure(description: "the client found a fault: \(error)")
            }
        }
    }

    private mutating func perform(_ actions: [ServerAction]) throws(Failure) {
        for action in actions {
            switch action {
            case .lookUpSender: store.queue.append(.lookUp(serverConnection))
            case .store(let batch): store.queue.append(.commit(serverConnection, batch))
            case .send(let frame): toClient += frame.bytes
            case .fault(let error):
                if [.timedOut, .storeFailed].contains(error.code) { break }
                throw Failure(description: "the server found a fault: \(error)")
            case .close: server = nil
            }
        }
    }
}

let origin = EncodedOrigin(
    resource: Resource(attributes: [Attribute("service.name", .string("shop"))]),
    scope: InstrumentationScope(name: "http"))

extension ServerSession {
    /// Says a smaller limit in `Welcome` than settings can name.
    mutating func simulatedFrameLimit(_ bytes: Int) { settings.maxFrameBytes = UInt32(bytes) }
}
