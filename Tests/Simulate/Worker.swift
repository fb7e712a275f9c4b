import FuzzProperties
import SessionSimulation

/// What a run of seeds came to.
struct Result: Sendable {
    var seeds = 0
    var steps = 0
    var tally = Tally()
    var census = SessionProperties.Census()
    /// The first seed with which something did not hold, and what.
    var failure: (seed: UInt64, text: String)?

    mutating func add(_ other: Result) {
        seeds += other.seeds
        steps += other.steps
        tally.add(other.tally)
        census.add(other.census)
        if let theirs = other.failure, failure == nil || theirs.seed < failure!.seed { failure = theirs }
    }
}

/// Lives through the seeds one after the other and ends at the first failure.
func live(through seeds: Range<UInt64>, _ subject: Options.Subject, worker: Int, isVerbose: Bool) -> Result {
    var result = Result()
    for seed in seeds {
        Watchdog.begin(seed, worker: worker)
        result.seeds += 1
        switch subject {
        case .worlds:
            var world = World(seed: seed)
            if isVerbose { world.log = say }
            do throws(World.Failure) {
                try world.run()
            } catch {
                result.failure = (seed, error.description)
            }
            result.steps += world.steps
            result.tally.add(world.tally)
        case .conversations:
            let input = Conversations.malformed(seed: seed)
            if isVerbose { say(input.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()) }
            if let fault = SessionProperties.hold(input, census: &result.census) { result.failure = (seed, fault) }
        }
        if result.failure != nil { break }
    }
    return result
}
