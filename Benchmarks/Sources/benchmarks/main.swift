import Foundation
import ProtoWire
import SpanModel

/// The best of many samples: what the code costs when nothing else runs. Shared machines disturb upwards only.
func bestNanoseconds(samples: Int, _ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    var best = Double.infinity
    for _ in 0..<samples {
        let time = try clock.measure(body).components
        best = min(best, Double(time.seconds) * 1e9 + Double(time.attoseconds) / 1e9)
    }
    return best
}

/// One line of the table; the sum keeps the work from being optimized away.
func report(_ name: String, spans: Int, bytes: Int, _ nanoseconds: Double) {
    let perSpan = (nanoseconds / Double(spans) * 10).rounded() / 10
    let throughput = (Double(bytes) / nanoseconds * 1e9 / 1_048_576).rounded()
    print("\(name)\t\(perSpan) ns/span\t\(Int(throughput)) MiB/s")
}

let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../Tests/Corpus")
let samples = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 200

for file in ["small.pb", "medium.pb"] {
    let bytes = [UInt8](try Data(contentsOf: corpus.appendingPathComponent(file)))
    let batch = try SpanBatch(decoding: bytes)
    var kept = 0
    report(
        "decode \(file)", spans: batch.spanCount, bytes: bytes.count,
        try bestNanoseconds(samples: samples) { kept += try SpanBatch(decoding: bytes).resourceSpans.count })
    var writer = WireWriter(capacity: bytes.count)
    report(
        "encode \(file)", spans: batch.spanCount, bytes: bytes.count,
        bestNanoseconds(samples: samples) {
            writer.reset()
            batch.encode(to: &writer)
            kept += writer.count
        })
    precondition(kept > 0)
}
