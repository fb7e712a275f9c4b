import Foundation
import Testing

@testable import SpanSpool

struct SpoolSimulationTests {
    @Test func `whatever fails, what a spool took is stored once in the end, or counted as dropped`() {
        let environment = ProcessInfo.processInfo.environment
        // SEED=n repeats one, SEEDS=n runs that many.
        var seeds = Array(1...max(environment["SEEDS"].flatMap { UInt64($0) } ?? 250, 1))
        if let seed = environment["SEED"].flatMap({ UInt64($0) }) { seeds = [seed] }
        for seed in seeds {
            do {
                var simulation = try SpoolSimulation(seed: seed)
                try simulation.run()
            } catch {
                Issue.record("SEED=\(seed): \(error)")
                return
            }
        }
    }
}
