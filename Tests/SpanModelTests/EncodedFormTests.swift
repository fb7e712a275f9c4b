import Foundation
import ProtoWire
import SpanModel
import Testing

/// Whatever form of a message decodes, printing it and checking it need no decoding.
@Suite struct EncodedFormTests {
    /// Writes an encoded message in another form that decodes: fields in any order, messages in pieces, scalars several
    /// times, default values, unknown fields and wrong wire types between.
    private struct Scrambler {
        var random: RandomBatch

        mutating func scrambled(_ bytes: [UInt8], _ schema: MessageSchema, depth: Int = 0) -> [UInt8] {
            var fields: [[UInt8]] = []
            var reader = try! WireReader(bytes.rawSpan)
            while let key = try! reader.nextKey() {
                let start = reader.offset
                try! reader.skip(key)
                let value = Array(bytes[start..<reader.offset])
                guard case .message(let inner)? = schema.field(key.number)?.type, key.wireType == .lengthDelimited
                else {
                    if random.below(6) == 0 { fields.append(varint(UInt64(key.rawValue)) + value) }
                    fields.append(varint(UInt64(key.rawValue)) + value)
                    continue
                }
                var valueReader = try! WireReader(value.rawSpan)
                let content = try! valueReader.byteArray()
                for piece in pieces(of: scrambled(content, inner(), depth: depth + 1)) {
                    fields.append(varint(UInt64(key.rawValue)) + varint(UInt64(piece.count)) + piece)
                }
            }
            if random.below(3) == 0, let field = schema.fields.randomElement(using: &random.generator) {
                fields.append(strange(field))
            }
            if random.below(2) == 0 { fields.shuffle(using: &random.generator) }
            return fields.flatMap { $0 }
        }

        /// The message as it is or in two pieces.
        private mutating func pieces(of message: [UInt8]) -> [[UInt8]] {
            guard random.below(4) == 0, !message.isEmpty else { return [message] }
            var ends: [Int] = [0]
            var reader = try! WireReader(message.rawSpan)
            while let key = try! reader.nextKey() {
                try! reader.skip(key)
                ends.append(reader.offset)
            }
            let cut = ends[random.below(ends.count)]
            return [Array(message[..<cut]), Array(message[cut...])]
        }

        /// A default value, a wrong wire type or an unknown field.
        private mutating func strange(_ field: FieldSchema) -> [UInt8] {
            switch random.below(4) {
            case 0: return varint(UInt64(FieldKey(field.number, .varint).rawValue)) + [0]
            case 1: return varint(UInt64(FieldKey(field.number, .lengthDelimited).rawValue)) + [0]
            case 2: return varint(UInt64(FieldKey(field.number, .fixed32).rawValue)) + [0, 0, 0, 0]
            default: return [0xF8, 0x3F, 0x05]
            }
        }

        private func varint(_ value: UInt64) -> [UInt8] {
            var writer = WireWriter()
            writer.prependVarint(value)
            return writer.byteArray()
        }
    }

    private func printed(_ bytes: [UInt8], _ style: JSONStyle) throws -> [UInt8] {
        let text = Text()
        do {
            var output = ByteOutput { text.bytes += $0 }
            try JSONPrinter(SpanBatch.schema, style: style).print(encoded: bytes.rawSpan, to: &output)
        }
        return text.bytes
    }

    private final class Text {
        var bytes: [UInt8] = []
    }

    @Test func `what is printed of an encoded form is what is printed of the message that it decodes to`() throws {
        let seed = RandomBatch.seed
        var scrambler = Scrambler(random: RandomBatch(seed: seed))
        var different = 0
        for round in 0..<400 {
            let canonical = scrambler.random.batch().encoded()
            let bytes = scrambler.scrambled(canonical, SpanBatch.schema)
            if bytes != canonical { different += 1 }
            let batch = try SpanBatch(decoding: bytes)
            for style in [JSONStyle.compact, .pretty] {
                let agree = try printed(bytes, style) == Array(batch.json(style: style).utf8)
                #expect(agree, "SEED=\(seed) round \(round)")
            }
            let count = try PayloadCheck.spanCount(in: bytes.rawSpan, schema: SpanBatch.schema, limits: WireLimits())
            #expect(count == batch.spanCount, "SEED=\(seed) round \(round)")
        }
        #expect(different > 200)
    }

    @Test func `the check and the decoder have one verdict, and one fault, on bytes that were changed`() throws {
        let seed = RandomBatch.seed
        var random = RandomBatch(seed: seed)
        var refused = 0
        for round in 0..<2000 {
            var bytes = random.batch().encoded()
            for _ in 0...random.below(3) where !bytes.isEmpty {
                let position = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[position] ^= 1 << UInt8(random.below(8))
                case 1: bytes.insert(UInt8(random.below(256)), at: position)
                default: bytes.remove(at: position)
                }
            }
            let limits = WireLimits(maxDepth: random.below(9) == 0 ? 3 : 100)
            var batch: SpanBatch?
            var fault: WireError?
            do throws(WireError) {
                batch = try SpanBatch(decoding: bytes, options: DecodeOptions(limits: limits))
            } catch {
                fault = error
                refused += 1
            }
            do throws(WireError) {
                let count = try PayloadCheck.spanCount(in: bytes.rawSpan, schema: SpanBatch.schema, limits: limits)
                #expect(count == batch?.spanCount, "SEED=\(seed) round \(round)")
            } catch {
                #expect(error == fault, "SEED=\(seed) round \(round)")
            }
            // Printing what was not checked may fail, but does not trap.
            let text = try? printed(bytes, .compact)
            if let batch { #expect(text == Array(try batch.json().utf8), "SEED=\(seed) round \(round)") }
        }
        #expect(refused > 200)
    }

    @Test
    func `what is taken for canonical is encoded again to the same bytes, and what the encoder writes is taken for it`()
        throws
    {
        let seed = RandomBatch.seed
        var scrambler = Scrambler(random: RandomBatch(seed: seed))
        let check = CanonicalCheck(SpanBatch.schema)
        var found = 0
        for round in 0..<2000 {
            var bytes = scrambler.random.batch().encoded()
            if round % 2 == 0 {
                bytes = scrambler.scrambled(bytes, SpanBatch.schema)
            } else if !bytes.isEmpty {
                bytes[scrambler.random.below(bytes.count)] ^= 1 << UInt8(scrambler.random.below(8))
            }
            guard let batch = try? SpanBatch(decoding: bytes), check.isCanonical(bytes.rawSpan) else { continue }
            found += 1
            let isSame = batch.encoded() == bytes
            #expect(isSame, "SEED=\(seed) round \(round)")
        }
        #expect(found > 100)
        for name in ["small.pb", "medium.pb"] {
            let bytes = try SpanBatchCodecTests.corpus(name)
            let isCanonical = check.isCanonical(bytes.rawSpan)
            #expect(isCanonical, "\(name)")
        }
        // A default, a long varint, one with bits above the 64th, a long length, fields out of order, a value twice.
        let spanCheck = CanonicalCheck(SpanRecord.schema)
        let plain: [UInt8] = [0x2A, 1, 0x61, 0x30, 1]
        let isCanonical = spanCheck.isCanonical(plain.rawSpan)
        #expect(isCanonical)
        for other: [UInt8] in [
            [0x2A, 0], [0x30, 0], [0x30, 0x81, 0], [0x2A, 0x81, 0, 0x61], [0xAA, 0, 1, 0x61], [0x30, 1, 0x2A, 1, 0x61],
            [0x30, 1, 0x30, 1], [0x50, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F],
            [0x30] + [UInt8](repeating: 0xFF, count: 9) + [5],
        ] {
            let isCanonical = spanCheck.isCanonical(other.rawSpan)
            #expect(!isCanonical, "\(other)")
        }
    }

    @Test func `of two members of a oneof the last counts, a list that comes in pieces is one`() throws {
        // string, array [1], string, array [2], array [3]
        let bytes: [UInt8] = [
            0x0A, 1, 0x61, 0x2A, 4, 0x0A, 2, 0x18, 1, 0x0A, 1, 0x62, 0x2A, 4, 0x0A, 2, 0x18, 2, 0x2A, 4, 0x0A, 2, 0x18,
            3,
        ]
        let text = Text()
        do {
            var output = ByteOutput { text.bytes += $0 }
            try JSONPrinter(AttributeValue.schema).print(encoded: bytes.rawSpan, to: &output)
        }
        #expect(
            String(decoding: text.bytes, as: UTF8.self)
                == #"{"arrayValue":{"values":[{"intValue":"2"},{"intValue":"3"}]}}"#)
    }

    @Test func `pieces inside pieces are bounded, not a recursion without end`() throws {
        var bytes: [UInt8] = []
        for level in 0..<1001 {
            var writer = WireWriter()
            writer.prependRaw(bytes)
            writer.prependLength(since: 0, key: level % 2 == 0 ? 0x2A : 0x0A)
            writer.prependRaw([level % 2 == 0 ? 0x2A : 0x0A, 0])
            bytes = writer.byteArray()
        }
        let text = Text()
        #expect(throws: WireError.self) {
            var output = ByteOutput { text.bytes += $0 }
            try JSONPrinter(AttributeValue.schema).print(encoded: bytes.rawSpan, to: &output)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `printing a message in pieces at every level costs its size once, not once a level`() throws {
        // Half a megabyte under forty levels, each an empty list and then the same list again.
        var writer = WireWriter()
        writer.prependPresentBytes([UInt8](repeating: 7, count: 500_000), key: 0x3A)
        for _ in 0..<40 {
            writer.prependLength(since: 0, key: 0x0A)
            writer.prependLength(since: 0, key: 0x2A)
            writer.prependRaw([0x2A, 0x00])
        }
        for key: UInt32 in [0x12, 0x4A, 0x12, 0x12, 0x0A] { writer.prependLength(since: 0, key: key) }
        let bytes = writer.byteArray()
        var printed = 0
        do {
            var output = ByteOutput { printed += $0.count }
            try JSONPrinter(SpanBatch.schema).print(encoded: bytes.rawSpan, to: &output)
        }
        let expected = try SpanBatch(decoding: bytes).json()
        #expect(printed == expected.utf8.count)
    }
}
