import ProtoWire
import SpanModel
import SpanSession

/// One incarnation of a program that reports spans.
struct Sender {
    /// A span for which there was no room, offered again later.
    struct Waiting {
        var number: Int
        var bytes: [UInt8]
        var attempts = 0
    }

    let number: Int
    let waitsForRoom: Bool
    var client: ClientSession
    var queue: SpanQueue

    /// Asked for and neither open nor refused.
    var wanted: ClientConnectionID?
    /// The `id` of the connection that is open.
    var connection: Int?

    var offered = 0
    /// Of each span that was offered: whether the queue took it.
    var taken: [Bool] = []
    var waiting: Waiting?
    /// The valid spans of each batch that was handed over, and how many others it has.
    var spansOfBatch: [UInt64: [Int]] = [:]
    var invalidOfBatch: [UInt64: Int] = [:]
    var acknowledgedOfBatch: [UInt64: Int] = [:]
    /// What the last welcome chose.
    var compression = Compression.identity
    /// While the actions of a welcome are performed.
    var isWelcoming = false
    var isLeaving = false
    var saidGoodbye = false
    var outcome: ClientOutcome?
    /// Whether the outcome was looked at.
    var isJudged = false

    init(number: Int, plan: Plan, random: inout SplitMix64) {
        self.number = number
        waitsForRoom = Int.random(in: 0..<3, using: &random) == 0
        client = ClientSession(
            settings: ClientSettings(
                senderID: SenderID(high: 0xA11C_E000_0000_0000, low: UInt64(number) + 1), agent: "world",
                compressions: Compression.all.shuffled(using: &random),
                codec: plan.compressions.isEmpty ? nil : World.codec, seed: random.next()))
        // A large one lets more into a connection than the collector may hold, once it is decompressed.
        let isLarge = Int.random(in: 0..<4, using: &random) == 0
        queue = SpanQueue(
            limits: SpanQueueLimits(
                maxQueuedBytes: isLarge ? 40_000 : Int.random(in: 1500...6000, using: &random),
                maxQueuedSpans: isLarge ? 400 : Int.random(in: 10...60, using: &random),
                maxBatchSpans: Int.random(in: 1...8, using: &random), maxBatchBytes: 600,
                maxBatchDelay: .milliseconds(50),
                whenFull: Bool.random(using: &random) ? .dropNewest : .dropOldest))
    }
}

/// What the collector's disk has of one sender; outlives every crash.
struct Ledger {
    var storedSequence: UInt64 = 0
    /// How often each span was stored, by its number.
    var stored: [Int] = []
    var refusedByStore: Set<Int> = []
    /// Invalid spans that were taken out of stored batches.
    var rejected = 0
    var dropped: [String: UInt64] = [:]
    /// What came under each number, stored or not: it must never change.
    var contents: [UInt64: Content] = [:]

    struct Content: Equatable {
        var spans: [UInt64]
        var rejected: Int
        var dropped: [DropCount]
    }

    /// Whether the span came to the store, which kept or refused it.
    func has(_ number: Int) -> Bool { number < stored.count && stored[number] > 0 || refusedByStore.contains(number) }

    var storedCount: Int { stored.reduce(0) { $0 + ($1 > 0 ? 1 : 0) } }
    /// What senders may have been told is stored: refusals are told by acks, which may be lost.
    var settledCount: Int { storedCount + refusedByStore.count + rejected }
}

/// What waits for the store, in order.
enum Job {
    case lookUp(connection: Int, sender: Int)
    case commit(connection: Int, sender: Int, ReceivedBatch)

    var connection: Int {
        switch self {
        case .lookUp(let connection, _), .commit(let connection, _, _): connection
        }
    }
}
