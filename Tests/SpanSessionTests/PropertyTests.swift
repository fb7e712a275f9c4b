import Foundation
import FuzzProperties
import ProtoWire
import SpanModel
import SpanSession
import Testing

/// The properties that `make fuzz` tries (`Fuzz/Sources/Properties`), tried in their short form: over all specimens, and
/// over changes of the corpus and of conversations.
@Suite struct PropertyTests {
    static func fault<Message: WireMessage & Equatable>(_ type: Message.Type, _ bytes: [UInt8]) -> String? {
        CodecProperties.decode(bytes, as: type) ?? CodecProperties.fixpoint(bytes, as: type)
    }

    static func fault(_ message: String, _ bytes: [UInt8]) throws -> String? {
        switch message {
        case SpanBatch.schema.name:
            CodecProperties.decodeBatch(bytes) ?? CodecProperties.views(bytes) ?? fault(SpanBatch.self, bytes)
        case SpanRecord.schema.name: fault(SpanRecord.self, bytes)
        case AttributeValue.schema.name: fault(AttributeValue.self, bytes)
        case Attribute.schema.name: fault(Attribute.self, bytes)
        case Resource.schema.name: fault(Resource.self, bytes)
        case ExportResponse.schema.name: fault(ExportResponse.self, bytes)
        case Hello.schema.name: fault(Hello.self, bytes)
        case Welcome.schema.name: fault(Welcome.self, bytes)
        default: try #require(nil as String?, "no message is called \(message)")
        }
    }

    @Test func `what must hold for any bytes holds for every specimen`() throws {
        for specimen in SpecimenTests.specimens {
            #expect(try Self.fault(specimen.message, specimen.payload) == nil, "\(specimen.name)")
        }
    }

    @Test func `what must hold for any bytes holds for batches that were changed field by field and byte by byte`()
        throws
    {
        let pieces = try Self.pieces()
        for seed in seeds(2000) {
            var mutator = MessageMutator(generator: SmallGenerator(seed: seed))
            var bytes = try #require(pieces.randomElement(using: &mutator.generator))
            for _ in 0..<Int.random(in: 1...4, using: &mutator.generator) {
                bytes = mutator.mutate(bytes, schema: SpanBatch.schema)
            }
            #expect(try Self.fault(SpanBatch.schema.name, bytes) == nil, "SEED=\(seed)")
        }
    }

    @Test
    func `what must hold for any bytes from a peer holds for conversations that were changed, compressed ones too`()
        throws
    {
        var census = SessionProperties.Census()
        for seed in seeds(800) {
            let input = Conversations.malformed(seed: seed)
            #expect(SessionProperties.hold(input, census: &census) == nil, "SEED=\(seed)")
        }
        guard seeds(800).count > 1 else { return }
        // They come as far as they are meant to.
        for code in ["malformed_compression", "frame_too_large", "malformed_message", "invalid_sequence"] {
            #expect(census.faults["collector: \(code)", default: 0] > 0, "\(code)")
        }
        #expect(census.faults["sender: malformed_compression", default: 0] > 0)
        #expect(census.batches > 200)
        #expect(census.settledSpans > 50)
    }

    @Test func `what must hold for any bytes from a peer holds for the conversations of the corpus, in any pieces`()
        throws
    {
        let lines = String(decoding: try Self.corpus("conversations.tsv"), as: UTF8.self).split(separator: "\n")
        #expect(lines.count > 10)
        for line in lines.dropFirst() {
            let columns = line.split(separator: "\t")
            var input = try #require([UInt8](hex: columns[1]))
            for control in UInt8.min...UInt8.max {
                input[0] = control
                #expect(SessionProperties.hold(input) == nil, "\(columns[0]), control \(control)")
            }
        }
    }

    @Test
    func `what must hold for any token file holds for those of the corpus, cut anywhere, and for texts like them`()
        throws
    {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Corpus/tokens")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count >= 7)
        for name in names {
            let text = try Self.corpus("tokens/\(name)")
            for length in 0...text.count {
                #expect(TokenProperties.hold(Array(text[..<length])) == nil, "\(name), \(length)")
            }
        }
        var accepted = 0
        let all = seeds(20_000)
        for seed in all {
            let text = TokenTexts.make(seed: seed)
            #expect(TokenProperties.hold(text) == nil, "SEED=\(seed)")
            if let tokens = try? BearerTokenText.tokens(inLines: text), !tokens.isEmpty { accepted += 1 }
        }
        // Both verdicts are tried.
        if all.count > 1 { #expect(accepted > 1000 && accepted < 19_000, "\(accepted)") }
    }

    /// small.pb, and each of its spans with the resource and scope around it.
    static func pieces() throws -> [[UInt8]] {
        let whole = try corpus("small.pb")
        var pieces = [whole]
        for resource in try SpanBatch(decoding: whole).resourceSpans {
            for scope in resource.scopeSpans {
                for span in scope.spans {
                    var one = resource
                    one.scopeSpans = [ScopeSpans(scope: scope.scope, spans: [span], schemaURL: scope.schemaURL)]
                    pieces.append(SpanBatch(resourceSpans: [one]).encoded())
                }
            }
        }
        return pieces
    }

    static func corpus(_ name: String) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return [UInt8](try Data(contentsOf: folder.appendingPathComponent("Corpus/\(name)")))
    }
}
