import Testing

@testable import SpanSession

struct SimulationTests {
    @Test func `whatever fails, acknowledged spans are stored, none is stored twice, and all are stored in the end`() {
        for seed in seeds(2000) {
            var simulation = Simulation(seed: seed)
            do {
                try simulation.run()
            } catch {
                Issue.record("SEED=\(seed): \(error)")
                return
            }
        }
    }
}
