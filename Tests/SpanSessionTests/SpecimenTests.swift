import Foundation
import ProtoWire
import SpanModel
import SpanSession
import Testing

/// The specimens of `Tests/Corpus/specimens.tsv`, with the verdicts of upb and libprotobuf beside them.
@Suite struct SpecimenTests {
    struct Specimen: Sendable, CustomTestStringConvertible {
        var name: String
        var message: String
        var upb: String
        var libprotobuf: String
        var payload: [UInt8]

        var testDescription: String { name }
    }

    static let specimens: [Specimen] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appendingPathComponent("Corpus/specimens.tsv")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard columns.count == 5, let payload = [UInt8](hex: columns[4]) else { return nil }
            return Specimen(
                name: columns[0], message: columns[1], upb: columns[2], libprotobuf: columns[3], payload: payload)
        }
    }()

    static let types: [String: any WireMessage.Type] = [
        SpanBatch.schema.name: SpanBatch.self, SpanRecord.schema.name: SpanRecord.self,
        AttributeValue.schema.name: AttributeValue.self, Attribute.schema.name: Attribute.self,
        Resource.schema.name: Resource.self, ExportResponse.schema.name: ExportResponse.self,
        Hello.schema.name: Hello.self, Welcome.schema.name: Welcome.self,
    ]

    /// Where the two runtimes differ, upb is followed; `docs/decoding.md` says why.
    static let contested: Set<String> = ["key-field-0-in-group", "group-of-field-0-in-group", "key-above-32-bits"]

    @Test func `the file holds specimens, and no others are contested than are written down`() {
        #expect(Self.specimens.count > 200)
        #expect(Set(Self.specimens.filter { $0.upb != $0.libprotobuf }.map(\.name)) == Self.contested)
    }

    @Test func `each specimen is accepted or refused as upb does, and an accepted one survives being encoded again`()
        throws
    {
        for specimen in Self.specimens {
            let type = try #require(Self.types[specimen.message])
            let message = try? type.init(decoding: specimen.payload)
            #expect((message != nil) == (specimen.upb == "accept"), "\(specimen.name)")
            guard let message else { continue }
            let encoded = message.encoded()
            let again = try type.init(decoding: encoded)
            #expect(again.encoded() == encoded, "\(specimen.name)")
        }
    }
}
