import Foundation
import ProtoWire
import SpanCompression
import SpanModel
import SpanSession

// Bytes and time per span of each compression, for batches of several sizes of the spans of one payload.

guard CommandLine.arguments.count == 2, let data = FileManager.default.contents(atPath: CommandLine.arguments[1]) else {
    FileHandle.standardError.write(Data("usage: compression-bench PAYLOAD\n".utf8))
    exit(2)
}
let spans = try SpanBatch(decoding: [UInt8](data))

/// What is measured against all others.
let baseline = "gzip -6, each payload"
let windowLogs: [UInt32] = [17, 18, 19, 20, 23]

struct Candidate {
    var name: String
    var compression: Compression
    var codec: SystemCompression
    var windowLog: UInt32
}

var candidates = [
    Candidate(name: baseline, compression: .gzip, codec: SystemCompression(gzipLevel: 6), windowLog: 20),
    Candidate(
        name: "gzip -1, each payload", compression: .gzip, codec: SystemCompression(gzipLevel: 1), windowLog: 20),
    Candidate(name: "zstd 1, each payload", compression: .zstd, codec: SystemCompression(zstdLevel: 1), windowLog: 20),
    Candidate(name: "zstd 3, each payload", compression: .zstd, codec: SystemCompression(zstdLevel: 3), windowLog: 20),
]
for level: Int32 in [1, 2, 3] {
    for windowLog in windowLogs {
        candidates.append(
            Candidate(
                name: "zstd \(level), stream, window 2^\(windowLog)", compression: .zstdStream,
                codec: SystemCompression(zstdStreamLevel: level), windowLog: windowLog))
    }
}

/// The payloads that a sender makes of the spans.
func batches(of size: Int) -> [[UInt8]] {
    var queue = SpanQueue(
        limits: SpanQueueLimits(
            maxQueuedBytes: .max, maxQueuedSpans: .max, maxBatchSpans: size, maxBatchBytes: 16 << 20))
    let now = SessionInstant(nanoseconds: 0)
    for resource in spans.resourceSpans {
        for scope in resource.scopeSpans {
            let origin = EncodedOrigin(resource: resource.resource, scope: scope.scope)
            for span in scope.spans { _ = queue.append(span.encoded().rawSpan, origin: origin, now: now) }
        }
    }
    _ = queue.flush()
    var payloads: [[UInt8]] = []
    while let batch = queue.nextBatch(now: now) { payloads.append(batch.payload) }
    return payloads
}

func nanoseconds(_ body: () throws -> Void) rethrows -> Double {
    let duration = try ContinuousClock().measure(body)
    return Double(duration.components.seconds) * 1e9 + Double(duration.components.attoseconds) / 1e9
}

struct Figures {
    var bytes = 0
    var compress = Double.infinity
    var decompress = Double.infinity
}

/// One run over all batches as one connection; the better times of it and those before are kept.
func measure(_ candidate: Candidate, _ payloads: [[UInt8]], _ figures: inout Figures) throws {
    let make = (candidate.compression, candidate.windowLog)
    guard let compressor = candidate.codec.makeCompressor(make.0, windowLog: make.1),
        let decompressor = candidate.codec.makeDecompressor(make.0, windowLog: make.1)
    else { exit(1) }
    var compressed: [[UInt8]] = []
    compressed.reserveCapacity(payloads.count)
    let compress = nanoseconds { for payload in payloads { compressed.append(compressor.compress(payload, []) ?? []) } }
    var output: [UInt8] = []
    var total = 0
    let decompress = try nanoseconds {
        for payload in compressed {
            total += try decompressor.decompress(payload.rawSpan, into: &output, maxBytes: 64 << 20)
        }
    }
    guard total == payloads.reduce(0, { $0 + $1.count }) else { exit(1) }
    figures.bytes = compressed.reduce(0) { $0 + $1.count }
    figures.compress = min(figures.compress, compress)
    figures.decompress = min(figures.decompress, decompress)
}

let spanCount = Double(spans.spanCount)
func perSpan(_ value: Double, _ digits: Int = 0) -> String { String(format: "%.\(digits)f", value / spanCount) }

for size in [16, 64, 512] {
    let payloads = batches(of: size)
    var figures = [Figures](repeating: Figures(), count: candidates.count)
    for _ in 0..<5 {
        for index in candidates.indices { try measure(candidates[index], payloads, &figures[index]) }
    }
    let raw = payloads.reduce(0) { $0 + $1.count }
    print("\n## Batches of \(size) spans: \(perSpan(Double(raw), 1)) bytes/span as they are\n")
    print("| compression | bytes/span | of gzip -6 | compress, ns/span | decompress, ns/span |")
    print("|---|---:|---:|---:|---:|")
    for (candidate, result) in zip(candidates, figures) {
        let ratio = String(format: "%.2f", Double(result.bytes) / Double(figures[0].bytes))
        print(
            "| \(candidate.name) | \(perSpan(Double(result.bytes), 1)) | \(ratio) | \(perSpan(result.compress)) "
                + "| \(perSpan(result.decompress)) |")
    }
}
