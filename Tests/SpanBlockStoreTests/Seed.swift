import Foundation

/// The seed of all that is random: `SEED` of the environment, else a new one. Printed.
let seed: UInt64 = {
    let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? .random(in: 1...1_000_000)
    print("SpanBlockStoreTests: SEED=\(seed)")
    return seed
}()
