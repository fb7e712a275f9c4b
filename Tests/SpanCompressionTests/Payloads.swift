import ProtoWire
import SpanSession

@testable import SpanCompression

/// Deterministic bytes in which things come again, as they do in spans.
func payload(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    var bytes: [UInt8] = []
    while bytes.count < count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let word = ["http.method", "GET", "service.name", "shop", "\(state >> 40)"][Int(state >> 33) % 5]
        bytes += Array(word.utf8)
    }
    return Array(bytes.prefix(count))
}

/// Bytes that do not shrink.
func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 99
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}

extension FrameDecompressor {
    func decompress(_ bytes: [UInt8], maxBytes: Int = 1 << 20) throws(DecompressionError) -> [UInt8] {
        var output: [UInt8] = []
        let count = try decompress(bytes.rawSpan, into: &output, maxBytes: maxBytes)
        return Array(output.prefix(count))
    }
}

let codec = SystemCompression()
