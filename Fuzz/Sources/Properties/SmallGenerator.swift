/// A generator that is the same on every machine.
public struct SmallGenerator: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: some BinaryInteger) { state = UInt64(truncatingIfNeeded: seed) }

    public mutating func next() -> UInt64 {
        // Two steps of a congruence of 64 bits (Knuth's factor), of which the upper halves are good.
        let high = step()
        return high << 32 | step()
    }

    private mutating func step() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 32
    }
}
