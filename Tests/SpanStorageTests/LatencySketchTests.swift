import SpanStorage
import SpanStorageTesting
import Testing

@Suite struct LatencySketchTests {
    /// Values of every size: each power of two is as likely as any other.
    private func value(_ generator: inout SeededGenerator) -> Int64 {
        Int64.random(in: 0...Int64.max, using: &generator) >> Int64.random(in: 0...62, using: &generator)
    }

    private func sketch(_ values: [Int64]) -> LatencySketch {
        var sketch = LatencySketch()
        for value in values { sketch.add(value) }
        return sketch
    }

    @Test func `percentiles are within 1/128 of the exact ones, the least, the greatest, the sum and the count exact`()
    {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let values = (0...round).map { _ in value(&generator) }
            let (sketch, sorted) = (sketch(values), values.sorted())
            #expect(sketch.count == UInt64(values.count))
            #expect(sketch.leastNano == sorted.first && sketch.greatestNano == sorted.last)
            for part in [0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1] {
                let rank = min(max(Int((part * Double(values.count)).rounded(.up)), 1), values.count)
                let (exact, estimate) = (sorted[rank - 1], sketch.percentile(part) ?? -1)
                #expect((estimate - exact).magnitude <= exact.magnitude / 128, "p\(part) of \(values.count)")
            }
        }
    }

    @Test func `values below 128 ns are exact, and every bound of a bucket lies in it`() {
        for value: Int64 in 0..<128 { #expect(sketch([0, value, value, 999]).percentile(0.5) == value) }
        for shift in 7..<63 {
            let power = Int64(1) << Int64(shift)
            for value: Int64 in [power - 1, power, power + 1, power + (power - 1)] {
                let estimate = sketch([0, value, .max]).percentile(0.5) ?? 0
                #expect((estimate - value).magnitude <= value.magnitude / 128)
            }
        }
        #expect(sketch([.max, .max]).sumNano == .max && sketch([.max]).percentile(1) == .max)
    }

    @Test func `sketches of parts merge into the sketch of the whole, in any order and grouping`() {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let values = (0..<Int.random(in: 0...200, using: &generator)).map { _ in value(&generator) }
            var parts = (0..<5).map { part in
                sketch(values.indices.filter { $0 % 5 == part }.map { values[$0] })
            }
            parts.shuffle(using: &generator)
            while parts.count > 1 {
                let last = parts.removeLast()
                parts[Int.random(in: 0..<parts.count, using: &generator)].merge(last)
            }
            #expect(parts[0] == sketch(values.shuffled(using: &generator)))
        }
    }

    @Test func `nothing has no percentiles; what clocks made negative counts as 0; parts are held within 0 and 1`() {
        #expect(LatencySketch().percentile(0.5) == nil && LatencySketch().meanNano == nil)
        let sketch = sketch([-5, 10, 20])
        #expect(sketch.leastNano == 0 && sketch.meanNano == 10)
        #expect(sketch.percentile(-1) == 0 && sketch.percentile(2) == 20 && sketch.percentile(.nan) == 0)
    }
}
