import Foundation
import Testing

@testable import SpanSpool

struct SpoolSimulationTests {
    @Test func `whatever fails, what a spool took is stored once in the end, or counted as dropped`() {
        var seeds = Array(1...600 as ClosedRange<UInt64>)
        if let text = ProcessInfo.processInfo.environment["SEED"], let seed = UInt64(text) { seeds = [seed] }
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
