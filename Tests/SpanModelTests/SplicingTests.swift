import ProtoWire
import SpanModel
import Testing

/// Payloads put together from encoded parts.
@Suite struct SplicingTests {
    /// A batch written group by group, each span by `prepend`.
    static func written(_ batch: SpanBatch, _ prepend: (SpanRecord, inout WireWriter) -> Void) -> [UInt8] {
        var writer = WireWriter(capacity: 64)
        for group in batch.resourceSpans.reversed() {
            let openGroup = writer.openResourceSpans(schemaURL: group.schemaURL)
            for scopeSpans in group.scopeSpans.reversed() {
                let open = writer.openScopeSpans(schemaURL: scopeSpans.schemaURL)
                for span in scopeSpans.spans.reversed() { prepend(span, &writer) }
                let scope = scopeSpans.scope?.encoded()
                writer.closeScopeSpans(open, scope: scope?.rawSpan)
            }
            let resource = group.resource?.encoded()
            writer.closeResourceSpans(openGroup, resource: resource?.rawSpan)
        }
        return writer.byteArray()
    }

    @Test func `a batch spliced from its parts is the encoded batch`() {
        let seed = RandomBatch.seed
        var random = RandomBatch(seed: seed)
        for number in 0..<300 {
            let batch = random.batch()
            let expected = batch.encoded()
            let note: Comment = "SEED=\(seed), batch \(number)"
            #expect(Self.written(batch) { span, writer in writer.prependSpan(span) } == expected, note)
            let spliced = Self.written(batch) { span, writer in
                let bytes = span.encoded()
                writer.prependSpan(encoded: bytes.rawSpan)
            }
            #expect(spliced == expected, note)
        }
    }

    @Test func `attributes that are encoded once stand behind each span's own`() throws {
        let shared = [Attribute("tenant.id", "t-1"), Attribute("region", .int(7)), Attribute("none", nil)]
        let encoded = EncodedAttributes(shared)
        var random = RandomBatch(seed: RandomBatch.seed)
        for _ in 0..<100 {
            let batch = random.batch()
            let written = Self.written(batch) { span, writer in writer.prependSpan(span, sharing: encoded) }
            var expected = batch
            for group in expected.resourceSpans.indices {
                for scope in expected.resourceSpans[group].scopeSpans.indices {
                    for span in expected.resourceSpans[group].scopeSpans[scope].spans.indices {
                        expected.resourceSpans[group].scopeSpans[scope].spans[span].attributes += shared
                    }
                }
            }
            #expect(written == expected.encoded())
        }
    }

    @Test func `a relay picks spans by their views and forwards them byte for byte`() throws {
        let payload = try SpanBatchCodecTests.corpus("medium.pb")
        var writer = WireWriter()
        var groups = try SpanBatchView(payload.rawSpan).resourceSpans
        while let group = try groups.next() {
            let openGroup = writer.openResourceSpans(schemaURL: group.schemaURL.string)
            var scopes = group.scopeSpans
            while let scopeSpans = try scopes.next() {
                let open = writer.openScopeSpans(schemaURL: scopeSpans.schemaURL.string)
                var spans = scopeSpans.spans
                while let span = try spans.next() {
                    if span.kind == .client { writer.prependSpan(encoded: span.bytes) }
                }
                writer.closeScopeSpans(open, scope: try scopeSpans.scope()?.bytes)
            }
            writer.closeResourceSpans(openGroup, resource: try group.resource()?.bytes)
        }
        // What is written last comes first.
        var expected = try SpanBatch(decoding: payload)
        for group in expected.resourceSpans.indices {
            for scope in expected.resourceSpans[group].scopeSpans.indices {
                expected.resourceSpans[group].scopeSpans[scope].spans.removeAll { $0.kind != .client }
                expected.resourceSpans[group].scopeSpans[scope].spans.reverse()
            }
            expected.resourceSpans[group].scopeSpans.reverse()
        }
        #expect(expected.spanCount > 100 && expected.spanCount < 500)
        #expect(try SpanBatch(decoding: writer.bytes) == expected)
    }
}
