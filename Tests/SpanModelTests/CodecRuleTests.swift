import ProtoWire
import SpanModel
import Testing

/// The rules of proto3 that a hand-written decoder gets wrong, one by one, on hand-assembled bytes.
@Suite struct CodecRuleTests {
    /// A length-delimited field with a key and length of one byte each.
    static func field(_ key: UInt8, _ content: [UInt8]) -> [UInt8] { [key, UInt8(content.count)] + content }

    static func text(_ key: UInt8, _ value: String) -> [UInt8] { field(key, Array(value.utf8)) }

    @Test func `fields may come in any order and the last of a repeated scalar wins`() throws {
        let bytes = Self.text(0x2A, "first") + [0x30, 2] + Self.text(0x2A, "last") + [0x30, 3]
        let span = try SpanRecord(decoding: bytes)
        #expect(span.name == "last")
        #expect(span.kind == .client)
        #expect(span.encoded() == Self.text(0x2A, "last") + [0x30, 3])
    }

    @Test func `a sub-message that is split over two fields is one message`() throws {
        let status = Self.field(0x7A, Self.text(0x12, "why")) + Self.field(0x7A, [0x18, 2])
        #expect(try SpanRecord(decoding: status).status == SpanStatus(.error, message: "why"))

        let resource = Self.field(0x0A, Self.field(0x0A, Self.text(0x0A, "a")))
        let merged = try ResourceSpans(decoding: resource + resource)
        #expect(merged.resource?.attributes.map(\.key) == ["a", "a"])

        let list = Self.field(0x2A, Self.field(0x0A, [0x18, 1]))
        #expect(try AttributeValue(decoding: list + list) == .array([.int(1), .int(1)]))
        #expect(try AttributeValue(decoding: list + [0x18, 7] + list) == .array([.int(1)]))
    }

    @Test(
        .timeLimit(.minutes(5)),
        arguments: fragmented)
    func `a sub-message in very many fragments is read in linear time`(_ example: Fragmented) throws {
        // Where each fragment copied those before it, this took minutes.
        let bytes = example.wrap([[UInt8]](repeating: example.fragment, count: 150_000).flatMap { $0 })
        let batch = try SpanBatch(decoding: bytes)
        #expect(batch.encoded().count > 300_000)
    }

    struct Fragmented: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var fragment: [UInt8]
        /// Keys of the messages around the fragments, the outermost first.
        var keys: [UInt32]

        func wrap(_ fragments: [UInt8]) -> [UInt8] {
            var writer = WireWriter()
            writer.prependRaw(fragments)
            for key in keys.reversed() { writer.prependLength(since: 0, key: key) }
            return writer.byteArray()
        }
    }

    static let fragmented: [Fragmented] = [
        Fragmented(
            testDescription: "a resource's attributes", fragment: field(0x0A, field(0x0A, [])), keys: [0x0A]),
        Fragmented(
            testDescription: "a scope's attributes", fragment: field(0x0A, field(0x1A, [])), keys: [0x0A, 0x12]),
        Fragmented(
            testDescription: "a status's unknown fields", fragment: field(0x7A, [0x78, 1]), keys: [0x0A, 0x12, 0x12]),
        Fragmented(
            testDescription: "an array's elements", fragment: field(0x12, field(0x2A, field(0x0A, []))),
            keys: [0x0A, 0x12, 0x12, 0x4A]),
        Fragmented(
            testDescription: "a value's unknown fields", fragment: field(0x12, [0x78, 1]),
            keys: [0x0A, 0x12, 0x12, 0x4A]),
        Fragmented(
            testDescription: "a list of attributes and unknown fields",
            fragment: field(0x12, field(0x32, field(0x0A, [])) + [0x78, 1]), keys: [0x0A, 0x12, 0x12, 0x4A]),
    ]

    @Test func `a member of a oneof is written even when it holds the default, another field is not`() throws {
        let values: [(AttributeValue, [UInt8])] = [
            (.string(""), [0x0A, 0]), (.bool(false), [0x10, 0]), (.int(0), [0x18, 0]),
            (.double(0), [0x21] + [UInt8](repeating: 0, count: 8)), (.array([]), [0x2A, 0]),
            (.keyValueList([]), [0x32, 0]), (.bytes([]), [0x3A, 0]), (.stringIndex(0), [0x40, 0]), (.empty, []),
        ]
        for (value, bytes) in values {
            #expect(value.encoded() == bytes)
            #expect(try AttributeValue(decoding: bytes) == value)
        }
        let zeros = [0x30, 0, 0x50, 0] + Self.text(0x2A, "") + [0x39] + [UInt8](repeating: 0, count: 8)
        #expect(try SpanRecord(decoding: zeros).encoded() == [])
        #expect(SpanRecord().encoded() == [])
        #expect(Attribute("k", nil).encoded() != Attribute("k", .empty).encoded())
    }

    @Test func `negative numbers take ten bytes and come back`() throws {
        let value = AttributeValue.int(-1)
        #expect(value.encoded() == [0x18] + [UInt8](repeating: 0xFF, count: 9) + [1])
        #expect(try AttributeValue(decoding: value.encoded()) == value)
        let kind = SpanRecord(
            traceID: .invalid, spanID: .invalid, name: "", kind: SpanKind(rawValue: -7), startTimeUnixNano: 0)
        #expect(try SpanRecord(decoding: kind.encoded()).kind.rawValue == -7)
    }

    @Test
    func `unknown fields, groups and known numbers with another wire type are kept and written back behind the rest`()
        throws
    {
        let unknown: [[UInt8]] = [
            [0xF8, 0x3F, 0x05],  // field 1023, varint
            [0xFB, 0x3F, 0x08, 0x01, 0x13, 0x14, 0xFC, 0x3F],  // group 1023 with a field and a group inside
            [0x28, 0x07],  // name as a varint
            [0x31, 1, 2, 3, 4, 5, 6, 7, 8],  // kind as a fixed64
        ]
        let name = Self.text(0x2A, "n")
        let span = try SpanRecord(decoding: unknown[0] + unknown[1] + name + unknown[2] + unknown[3])
        #expect(span.name == "n")
        #expect(span.encoded() == name + unknown.joined())
    }

    @Test func `unknown fields are kept at every level of a value`() throws {
        let inner = Self.field(0x2A, Self.field(0x0A, [0x18, 1]) + [0x78, 9]) + [0x78, 8]
        let value = try AttributeValue(decoding: inner)
        #expect(value.plain == .array([.int(1)]))
        #expect(value.encoded() == inner)
    }

    @Test func `an id of another length than its own, or of zeros, is kept as it came and is no valid id`() throws {
        for bytes in [[UInt8](repeating: 7, count: 15), [1], [UInt8](repeating: 0, count: 16)] {
            let span = try SpanRecord(decoding: Self.field(0x0A, bytes))
            #expect(!span.traceID.isValid)
            #expect(span.irregularIDs[.traceID] == bytes)
            #expect(span.encoded() == Self.field(0x0A, bytes))
        }
        let good = [UInt8](1...16)
        let span = try SpanRecord(decoding: Self.field(0x0A, [1]) + Self.field(0x0A, good))
        #expect(span.traceID.bytes == good)
        #expect(span.irregularIDs.isEmpty)
        #expect(try SpanRecord(decoding: Self.field(0x0A, good) + Self.field(0x0A, [])).encoded() == [])
    }

    @Test func `NaN keeps its bits, and minus zero is not zero`() throws {
        for bits: UInt64 in [0x7FF8_0000_0000_0001, 0x7FF0_0000_0000_0000, 0x8000_0000_0000_0000] {
            let value = AttributeValue.double(Double(bitPattern: bits))
            #expect(try AttributeValue(decoding: value.encoded()) == value)
        }
        #expect(AttributeValue.double(0.0) != .double(-0.0))
    }

    /// `AnyValue`s and `ArrayValue`s inside each other, `levels` messages in all under the outermost value.
    static func nested(_ levels: Int) -> [UInt8] {
        var writer = WireWriter()
        for level in 0..<levels { writer.prependLength(since: 0, key: (levels - 1 - level) % 2 == 0 ? 0x2A : 0x0A) }
        return writer.byteArray()
    }

    @Test func `a hundred messages inside each other are read, one more is refused; the limit is a setting`() throws {
        #expect(try AttributeValue(decoding: Self.nested(100)).encoded() == Self.nested(100))
        #expect(Self.code { try AttributeValue(decoding: Self.nested(101)) } == .tooDeep)
        let shallow = DecodeOptions(limits: WireLimits(maxDepth: 3))
        #expect(try AttributeValue(decoding: Self.nested(3), options: shallow).encoded() == Self.nested(3))
        #expect(Self.code { try AttributeValue(decoding: Self.nested(4), options: shallow) } == .tooDeep)
        let groups = [UInt8](repeating: 0x4B, count: 101) + [UInt8](repeating: 0x4C, count: 101)
        #expect(Self.code { try AttributeValue(decoding: groups) } == .tooDeep)
    }

    @Test func `a payload over the limit is refused before it is read`() throws {
        let options = DecodeOptions(limits: WireLimits(maxPayloadBytes: 3))
        #expect(Self.code { try SpanBatch(decoding: [0x0A, 2, 0xFF, 0xFF], options: options) } == .payloadTooLarge)
    }

    static func code<T>(_ body: () throws -> T) -> WireError.Code? {
        do {
            _ = try body()
            return nil
        } catch { return (error as? WireError)?.code }
    }

    @Test func `invalid UTF-8 is refused, or repaired and counted: a value becomes bytes, a name gets U+FFFD`() throws {
        let value = Self.field(0x12, Self.field(0x0A, [0x61, 0xFF]))
        let bytes = Self.field(0x4A, Self.field(0x0A, [0xC0]) + value) + Self.field(0x2A, [0x62, 0xE2, 0x82])
        #expect(Self.code { try SpanRecord(decoding: bytes) } == .invalidUTF8)
        var span = SpanRecord()
        let notes = try span.merge(decoding: bytes.rawSpan, options: DecodeOptions(invalidUTF8: .repair))
        #expect(span.name == "b\u{FFFD}")
        #expect(span.attributes[0].key == "\u{FFFD}")
        #expect(span.attributes[0].value == .bytes([0x61, 0xFF]))
        #expect(notes.repairedStrings == 3)
        #expect(notes.firstRepairPath == "attributes[0].key")
    }
}
