import SessionSimulation
import Testing

struct SimulationTests {
    /// The first of the seeds that `make test` tries in the release build of `simulate`, which also sees to it that all
    /// that can happen does.
    @Test func `whatever fails, acknowledged spans are stored, none twice, all in the end, and every fault occurs`() {
        var tally = Tally()
        for seed in seeds(100) {
            var world = World(seed: seed)
            do {
                try world.run()
            } catch {
                Issue.record("SEED=\(seed): \(error)")
                return
            }
            tally.add(world.tally)
        }
        if seeds(100).count == 100 { #expect(Set(Happening.faults).isDisjoint(with: tally.missing)) }
    }

    @Test func `a seed is the same world every time`() throws {
        var first = World(seed: 77)
        var second = World(seed: 77)
        try first.run()
        try second.run()
        #expect(first.steps == second.steps)
        #expect(first.tally == second.tally)
    }
}
