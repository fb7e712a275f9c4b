import Foundation
import ProtoWire
import SpanModel
import SpanSession
import Testing

@testable import SpanBlocks

/// The tables in the code (`WireMessage.schema`) against the text in `proto/`, in both directions.
@Suite struct SchemaTests {
    /// Every message that the code has, reached from these roots.
    static let roots: [MessageSchema] = [
        SpanBatch.schema, SpanBatch.requestSchema, ExportResponse.schema, Hello.schema, Welcome.schema, Batch.schema,
        Ack.schema, Ping.schema, Pong.schema, Goodbye.schema, GoAway.schema,
    ]

    /// In `proto/` and in no table: no field has this type.
    static let unusedEnums: Set<String> = ["opentelemetry.proto.trace.v1.SpanFlags"]

    let proto: ProtoFile
    let messages: [String: MessageSchema]
    let enums: [String: EnumSchema]

    init() throws {
        proto = try Self.protoFiles()
        var messages: [String: MessageSchema] = [:]
        var enums: [String: EnumSchema] = [:]
        var open = Self.roots
        while let schema = open.popLast() {
            guard messages.updateValue(schema, forKey: schema.name) == nil else { continue }
            for field in schema.fields {
                switch field.type {
                case .message(let inner): open.append(inner())
                case .enumeration(let values): enums[values.name] = values
                default: break
                }
            }
        }
        self.messages = messages
        self.enums = enums
    }

    static func protoFiles() throws -> ProtoFile {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("proto")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        let texts = try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "proto" }
            .map { try String(contentsOf: $0, encoding: .utf8) }
        return try ProtoFile(texts: texts)
    }

    static func field(_ field: FieldSchema) -> ProtoFile.Field {
        let type =
            switch field.type {
            case .message(let inner): inner().name
            case .enumeration(let values): values.name
            case .double: "double"
            case .fixed32: "fixed32"
            case .fixed64: "fixed64"
            case .uint32: "uint32"
            case .uint64: "uint64"
            case .int32: "int32"
            case .int64: "int64"
            case .bool: "bool"
            case .string: "string"
            case .bytes: "bytes"
            }
        return ProtoFile.Field(
            number: field.number, name: field.name, type: type, isRepeated: field.isRepeated, oneof: field.oneof)
    }

    @Test func `every message of proto/ has a table, and every table a message`() {
        #expect(Set(messages.keys) == Set(proto.messages.keys).filter { !$0.hasPrefix(Self.columns) })
    }

    /// Messages that a store reads and writes by columns: their codec has numbers alone.
    static let columns = "spanwire.storage.v1."

    @Test func `columns are written under the numbers of their messages`() {
        typealias Field = SpanColumns.Field
        let expected: [String: [String: UInt8]] = [
            "SpanColumns": [
                "rows": Field.rows, "ids": Field.ids, "calls": Field.calls, "attributes": Field.attributes,
            ],
            "SpanRows": [
                "block_traces": Field.Rows.blockTraces, "traces": Field.Rows.traces,
                "trace_starts": Field.Rows.traceStarts, "first_start_unix_milli": Field.Rows.firstStart,
                "operations": Field.Rows.operations, "row_traces": Field.Rows.rowTraces, "starts": Field.Rows.starts,
                "durations": Field.Rows.durations, "flags": Field.Rows.flags,
            ],
            "SpanIDs": ["spans": Field.IDs.spans],
            "SpanCalls": [
                "parents": Field.Calls.parents, "parents_elsewhere": Field.Calls.elsewhere, "peers": Field.Calls.peers,
                "row_peers": Field.Calls.rowPeers,
            ],
            "Operation": ["service": 1, "name": 2, "kind": 3, "rows": 4],
            "Peer": ["kind": 1, "name": 2],
            "AttributeColumn": ["key": Field.Attribute.key, "rows": Field.Attribute.rows],
            "AttributeRows": [
                "values": Field.Attribute.values, "rows": Field.Attribute.rowValues,
                "key": Field.Attribute.checkedKey,
            ],
        ]
        var found: [String: [String: UInt8]] = [:]
        for (name, fields) in proto.messages where name.hasPrefix(Self.columns) {
            found[String(name.dropFirst(Self.columns.count))] = Dictionary(
                uniqueKeysWithValues: fields.map { ($0.name, UInt8($0.number)) })
        }
        #expect(found == expected)
    }

    @Test func `each table names exactly its message's fields: number, name, type, repeated, oneof`() {
        for (name, schema) in messages {
            let coded = Set(schema.fields.map(Self.field))
            let written = Set(proto.messages[name] ?? [])
            #expect(coded.count == schema.fields.count, "\(name) has a field twice")
            #expect(coded.subtracting(written) == [], "\(name): in the code and not in proto/")
            #expect(written.subtracting(coded) == [], "\(name): in proto/ and not in the code")
        }
    }

    @Test func `fields stand in the order of their numbers and use no reserved one`() {
        for (name, schema) in messages {
            let numbers = schema.fields.map(\.number)
            #expect(numbers == numbers.sorted(), "\(name)")
            #expect(proto.reserved[name, default: []].isDisjoint(with: numbers), "\(name)")
        }
        #expect(proto.reserved["opentelemetry.proto.trace.v1.ResourceSpans"] == [1000])
        #expect(proto.reserved["opentelemetry.proto.trace.v1.Status"] == [1])
    }

    @Test func `enums have the same names for the same numbers`() {
        #expect(Set(enums.keys) == Set(proto.enums.keys).subtracting(Self.unusedEnums))
        for (name, schema) in enums {
            let coded = Dictionary(schema.values.map { ($0.number, $0.name) }) { first, _ in first }
            #expect(coded == proto.enums[name], "\(name)")
            #expect(coded.count == schema.values.count, "\(name) has a number twice")
        }
    }

    /// Types whose fields stand in the unknown ones on purpose: `key_strindex` means nothing in a span.
    static let keptUnknown: [String: Set<UInt32>] = ["opentelemetry.proto.common.v1.KeyValue": [3]]

    /// Messages that have a table and no type of their own.
    static let withoutType: Set<String> = [
        "opentelemetry.proto.common.v1.ArrayValue", "opentelemetry.proto.common.v1.KeyValueList",
        "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest",
    ]

    static let types: [any WireMessage.Type] = [
        SpanBatch.self, ResourceSpans.self, ScopeSpans.self, SpanRecord.self, SpanEvent.self, SpanLink.self,
        SpanStatus.self, Resource.self, EntityRef.self, InstrumentationScope.self, Attribute.self, AttributeValue.self,
        ExportResponse.self, ExportPartialSuccess.self, Hello.self, Welcome.self, Batch.self, DropCount.self, Ack.self,
        Ping.self, Pong.self, Goodbye.self, GoAway.self,
    ]

    @Test func `every message with a type of its own is among those whose codec is tried`() {
        #expect(
            Set(Self.types.map { $0.schema.name })
                == Set(proto.messages.keys).subtracting(Self.withoutType).filter { !$0.hasPrefix(Self.columns) })
    }

    @Test(arguments: types.indices)
    func `the codec reads and writes each field under the key of its table`(index: Int) throws {
        try checkKeys(Self.types[index])
    }

    /// A field that the codec does not know would be written back behind the unknown field in front.
    private func checkKeys(_ type: (some WireMessage).Type) throws {
        let kept = Self.keptUnknown[type.schema.name] ?? []
        for sample in SampleFields.samples(of: type.schema) {
            let stranger = SampleFields.stranger
            let read = sample.flatMap(\.bytes)
            let known = sample.filter { !kept.contains($0.number) }.flatMap(\.bytes)
            let unknown = sample.filter { kept.contains($0.number) }.flatMap(\.bytes)
            let encoded = try type.init(decoding: stranger + read).encoded()
            #expect(encoded == known + stranger + unknown, "\(type.schema.name): \(sample.map(\.number))")
        }
    }
}
