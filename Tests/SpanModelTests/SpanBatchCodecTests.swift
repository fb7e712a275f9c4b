import Foundation
import ProtoWire
import SpanModel
import Testing

@Suite struct SpanBatchCodecTests {
    static func corpus(_ name: String) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return [UInt8](try Data(contentsOf: folder.appendingPathComponent("Corpus/\(name)")))
    }

    @Test(arguments: [("small.pb", 10, 1), ("medium.pb", 512, 1), ("large.pb", 8192, 16)])
    func `what the OpenTelemetry SDK wrote decodes and is written again byte for byte`(
        name: String, spans: Int, resources: Int
    ) throws {
        let bytes = try Self.corpus(name)
        let batch = try SpanBatch(decoding: bytes)
        #expect(batch.spanCount == spans)
        #expect(batch.resourceSpans.count == resources)
        #expect(batch.encoded() == bytes)
    }

    @Test func `a fault says code, byte and field`() throws {
        var span = SpanRecord(traceID: .random(), spanID: .random(), name: "x", startTimeUnixNano: 1)
        span.attributes = [Attribute("k", "v")]
        let batch = SpanBatch(resourceSpans: [
            ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil), ScopeSpans(scope: nil, spans: [span])])
        ])
        var bytes = batch.encoded()
        bytes[bytes.count - 1] = 0xFF
        #expect {
            try SpanBatch(decoding: bytes)
        } throws: { error in
            let error = error as! WireError
            return error.code == .invalidUTF8 && error.offset == bytes.count - 1
                && error.path
                    == "resource_spans[0].scope_spans[1].spans[0].attributes[0].value.string_value"
        }
    }
}
