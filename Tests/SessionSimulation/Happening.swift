/// What can happen in a world. Each is counted, since a fault that never occurs proves nothing.
package enum Happening: Int, CaseIterable, Sendable {
    // The network.
    /// Both ends see the connection end, each after as many of the other's bytes as still came.
    case cut
    /// The same, with an end inside a frame.
    case cutInsideFrame
    /// One end sees the connection end, the other nothing at all.
    case halfOpen
    /// From here on every byte is lost, and neither end is told.
    case swallowed
    /// No byte moves for a while.
    case delayed
    case connectRefused
    case connectUnanswered
    /// A connection reached the collector after a later one of the same sender.
    case reordered
    /// What a sender said on a connection came a second time, on a connection that nobody made.
    case duplicated

    // The collector.
    case collectorCrashed
    /// The same, between a commit and its ack.
    case crashedBeforeAck
    case drained
    case superseded
    /// A connection was told that a newer one of its sender is there.
    case outdated
    /// It stopped reading until the store had caught up.
    case readingPaused
    case pingedByCollector
    case givenUpByCollector

    // The store.
    case diskFull
    case storeFailed
    case storeStalled
    /// An invalid span was taken out of a batch.
    case spanRejected
    /// The store itself refused a span.
    case spanRefusedByStore
    /// A batch came that is stored already.
    case storedAlready

    // Senders.
    case senderCrashed
    case senderAbandoned
    case saidGoodbye
    case pingedBySender
    case givenUpBySender
    case droppedNewest
    case droppedOldest
    case waitedForRoom
    case spanTooLarge
    /// A batch waited for credit.
    case creditExhausted
    /// A batch went out over the credit, nothing being outstanding.
    case sentOverCredit
    /// A batch went out again on a later connection.
    case resent
    /// A batch was cut into parts for a collector with small frames.
    case split
    /// The same for one that takes no heavy batches.
    case splitByWeight
    /// Spans were reported as stored by a welcome, their ack having been lost.
    case settledByWelcome
    case compressedGzip
    case compressedZstd
    case compressedZstdStream

    // Work, for scale.
    case connections
    case batchesStored
    case spansStored
    case spansDropped

    /// What is done to a world, as against what follows from it.
    package static let faults: [Happening] = [
        .cut, .halfOpen, .swallowed, .delayed, .connectRefused, .connectUnanswered, .duplicated, .collectorCrashed,
        .drained, .diskFull, .storeStalled, .senderCrashed, .senderAbandoned,
    ]
}

/// How often each thing happened.
package struct Tally: Sendable, Equatable {
    private var counts = [Int](repeating: 0, count: Happening.allCases.count)

    package init() {}

    package subscript(_ happening: Happening) -> Int {
        get { counts[happening.rawValue] }
        set { counts[happening.rawValue] = newValue }
    }

    package mutating func add(_ other: Tally) {
        for index in counts.indices { counts[index] += other.counts[index] }
    }

    /// What never happened.
    package var missing: [Happening] { Happening.allCases.filter { self[$0] == 0 } }
}
