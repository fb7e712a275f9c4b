import SpanModel
import SpanSession

/// What a world is like: drawn from its seed.
struct Plan {
    var senders: Int
    /// Steps in which faults may occur.
    var faultySteps: Int
    /// Those that do, common ones more often.
    var faults: [Happening]
    /// Of so many occasions for a fault, one is taken.
    var calm: Int
    /// Whether welcomes name frame limits below what batches take, so that these are split.
    var hasSmallFrames: Bool
    /// The same by what batches weigh.
    var hasLightBatches: Bool
    /// Whether connections are repeated. Not where batches are split: a number that a sender skipped after a split could then
    /// be stored after all.
    var hasDuplicates: Bool
    var refusesConnections: Bool
    var compressions: [Compression]
    var creditBytes: ClosedRange<UInt64>
    /// Of the store.
    var refusesSpans: Bool
    var hasInvalidSpans: Bool
    /// Whether programs give spans up for reasons of their own, more of them than small frames can tell at once.
    var hasOwnReasons: Bool

    static let faults: [Happening] = [
        .cut, .cut, .cut, .halfOpen, .swallowed, .delayed, .collectorCrashed, .drained, .diskFull, .storeStalled,
        .senderCrashed, .senderAbandoned, .saidGoodbye,
    ]

    init(_ random: inout SplitMix64) {
        func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }
        senders = chance(4) ? Int.random(in: 3...6, using: &random) : Int.random(in: 1...2, using: &random)
        faultySteps = Int.random(in: 100...900, using: &random)
        // Every fault is absent from half the worlds.
        let chosen = Plan.faults.filter { _ in Bool.random(using: &random) }
        faults = chosen
        calm = Int.random(in: 1...5, using: &random)
        let splits = chance(4)
        let kind = Int.random(in: 0..<3, using: &random)
        hasSmallFrames = splits && kind != 0
        hasLightBatches = splits && kind != 1
        hasDuplicates = !splits && chance(3)
        refusesConnections = chance(2)
        compressions = chance(3) ? [] : Compression.all.filter { _ in Bool.random(using: &random) }
        creditBytes = chance(3) ? 0...200 : chance(2) ? 1000...3000 : 200...20_000
        refusesSpans = chance(3)
        hasInvalidSpans = chance(3)
        hasOwnReasons = chance(3)
    }
}
