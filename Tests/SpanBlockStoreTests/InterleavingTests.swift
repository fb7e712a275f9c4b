import Foundation
import SpanBlockStore
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageTesting
import Testing

/// Two writers, a compactor and retention at once.
@Suite struct InterleavingTests {
    /// How many worlds each part has: `WORLDS` of the environment, a quarter of all.
    private static let worlds = ProcessInfo.processInfo.environment["WORLDS"].flatMap(UInt64.init).map { $0 / 4 } ?? 500

    @Test(arguments: 0..<4 as Range<UInt64>)
    func
        `whoever interrupts whom, every exchange takes effect as a whole or not at all, and each answer is the oracle's`(
            part: UInt64
        ) async throws
    {
        var (stale, interruptions, failures) = (0, 0, 0)
        for number in 0..<Self.worlds {
            let own = seed &* 100_003 &+ part &* Self.worlds &+ number
            let world = InterleavedWorld(seed: own)
            // A few are long, so that indexes of traces are joined too.
            for _ in 0..<(number % 250 == 1 ? 150 : 6) { world.act() }
            let place = "world \(own), SEED=\(seed)"
            #expect(world.surprises == [], "\(place)")
            let oracle = InMemorySpanStore()
            for deed in world.deeds { try await apply(deed, to: oracle, place) }
            try await expectSame(world, oracle, place)
            try world.finish()
            try await expectSame(world, oracle, place + ", merged")
            stale += world.trouble.stale
            interruptions += world.trouble.interruptions
            failures += world.trouble.failures
        }
        #expect(stale > 0 && interruptions > 0 && failures > 0)
    }

    private func apply(_ deed: InterleavedWorld.Deed, to oracle: InMemorySpanStore, _ place: String) async throws {
        switch deed {
        case .append(let group, let result): #expect(try await oracle.append(group) == result, "\(place)")
        case .delete(let trace, let spans):
            let now = InterleavedWorld.deletion
            #expect(try await oracle.deleteTrace(trace, nowUnixNano: now) == spans, "\(place)")
        case .remove(let border, let spans):
            let policy = RetentionPolicy(maxAgeNano: 0)
            // The least start that is kept is the time less the age.
            #expect(try await oracle.enforce(policy, nowUnixNano: border).spans == spans, "\(place)")
        }
    }

    private func expectSame(_ world: InterleavedWorld, _ oracle: InMemorySpanStore, _ place: String) async throws {
        let answers = world.answers
        for number in 1...5 as ClosedRange<UInt64> {
            let trace = TraceID(high: 1, low: number)
            #expect(try await answers.trace(trace) == oracle.trace(trace), "\(place)")
        }
        #expect(try await answers.services() == oracle.services(), "\(place)")
        let query = SpanQuery(limit: 100)
        #expect(try await answers.search(query) == oracle.search(query), "\(place)")
    }
}
