import Foundation
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
        default: try #require(nil as String?, "no message is called \(message)")
        }
    }

    @Test("what must hold for any bytes holds for every specimen")
    func specimens() throws {
        for specimen in SpecimenTests.specimens {
            #expect(try Self.fault(specimen.message, specimen.payload) == nil, "\(specimen.name)")
        }
    }

    @Test("what must hold for any bytes holds for batches that were changed field by field and byte by byte")
    func changedBatches() throws {
        let pieces = try Self.pieces()
        for seed in seeds(2000) {
            var mutator = Self.mutator(seed: seed)
            var bytes = try #require(pieces.randomElement(using: &mutator.generator))
            for _ in 0..<Int.random(in: 1...4, using: &mutator.generator) {
                bytes = mutator.mutate(bytes, schema: SpanBatch.schema)
            }
            #expect(try Self.fault(SpanBatch.schema.name, bytes) == nil, "SEED=\(seed)")
        }
    }

    @Test("what must hold for any bytes from a peer holds for conversations that were changed")
    func changedConversations() throws {
        let batches = try Self.pieces().filter { $0.count < 1000 }
        for seed in seeds(1000) {
            var mutator = ConversationMutator(messages: Self.mutator(seed: seed))
            let batch = try SpanBatch(decoding: try #require(batches.randomElement(using: &mutator.messages.generator)))
            let sender = [
                frame(.hello, Hello(senderID: aliceID)), frame(.batch, Batch(spans: batch, sequence: 2)),
                frame(.ping, Ping(token: 1)), frame(.batch, Batch(spans: batch, sequence: 3)),
                frame(.goodbye, Goodbye()),
            ]
            let collector = [
                frame(.welcome, Welcome(storedSequence: 1, creditBytes: 9000)), frame(.ack, Ack(sequence: 2)),
                frame(.pong, Pong(token: 1)), frame(.goAway, GoAway(.overloaded, retryAfterMilliseconds: 1)),
            ]
            var input = [UInt8(truncatingIfNeeded: seed)] + (seed % 3 == 0 ? collector : sender).flatMap { $0 }
            for _ in 0..<Int.random(in: 0...4, using: &mutator.messages.generator) { input = mutator.mutate(input) }
            #expect(SessionProperties.hold(input) == nil, "SEED=\(seed)")
        }
    }

    @Test("what must hold for any bytes from a peer holds for the conversations of the corpus, in any pieces")
    func conversations() throws {
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

    /// Changes bytes as a bad line or a bad sender would.
    static func mutator(seed: UInt64) -> MessageMutator<SmallGenerator> {
        var random = SmallGenerator(seed: ~seed)
        return MessageMutator(generator: SmallGenerator(seed: seed)) { bytes in
            let position = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
            case 1 where position < bytes.count: bytes.remove(at: position)
            case 2: bytes.removeLast(bytes.count - position)
            default:
                if position < bytes.count { bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
            }
        }
    }
}
