import ProtoWire
import SpanModel
import Testing

/// Views accept what records accept, and hold the same values.
@Suite struct ViewTests {
    /// What reading a payload came to: the batch, or the fault.
    enum Outcome: Equatable {
        case batch(SpanBatch)
        case fault(WireError.Code)
    }

    static func records(_ bytes: [UInt8], _ options: DecodeOptions = DecodeOptions()) -> Outcome {
        do {
            return .batch(try SpanBatch(decoding: bytes, options: options))
        } catch { return .fault(error.code) }
    }

    static func views(_ bytes: [UInt8], _ options: DecodeOptions = DecodeOptions()) -> Outcome {
        do {
            return .batch(try SpanBatchView(bytes.rawSpan, options: options).record())
        } catch { return .fault(error.code) }
    }

    /// `nil` when the payload is valid.
    static func validation(_ bytes: [UInt8], _ options: DecodeOptions = DecodeOptions()) -> WireError? {
        do {
            try SpanBatchView(bytes.rawSpan, options: options).validate()
            return nil
        } catch { return error }
    }

    /// Both ways to read, and the validation, agree. Of several faults another may come first, so only the verdict counts.
    static func expectAgreement(_ bytes: [UInt8], _ options: DecodeOptions = DecodeOptions(), _ note: String) {
        let expected = records(bytes, options)
        let seen = views(bytes, options)
        let fault = validation(bytes, options)
        switch expected {
        case .batch:
            #expect(seen == expected, "\(note): \(bytes)")
            #expect(fault == nil, "\(note): \(bytes)")
        case .fault:
            if case .batch = seen { Issue.record("\(note): views accept what records refuse: \(bytes)") }
            #expect(fault.map { (0...bytes.count).contains($0.offset) } == true, "\(note): \(bytes)")
        }
    }

    @Test("the corpus is read alike", arguments: ["small.pb", "medium.pb", "large.pb"])
    func corpus(name: String) throws {
        let bytes = try SpanBatchCodecTests.corpus(name)
        Self.expectAgreement(bytes, DecodeOptions(), name)
        #expect(try SpanBatchView(bytes.rawSpan).validate() == SpanBatch(decoding: bytes).spanCount)
    }

    @Test("batches of every shape are read alike")
    func randomBatches() throws {
        let seed = RandomBatch.seed
        var random = RandomBatch(seed: seed)
        for number in 0..<2000 {
            Self.expectAgreement(random.batch().encoded(), DecodeOptions(), "SEED=\(seed), batch \(number)")
        }
    }

    @Test("messages in pieces, in any order, with strangers in them and with faults are read alike")
    func wildMessages() throws {
        let seed = RandomBatch.seed
        var accepted = 0
        var wilds = [
            WildMessage(seed: seed, faults: 0), WildMessage(seed: seed &+ 1, faults: 2),
            WildMessage(seed: seed &+ 2, faults: 60),
        ]
        for number in 0..<30_000 {
            let bytes = wilds[number % 3].bytes(of: SpanBatch.schema)
            let note = "SEED=\(seed), message \(number)"
            Self.expectAgreement(bytes, DecodeOptions(), note)
            Self.expectAgreement(bytes, DecodeOptions(invalidUTF8: .repair), note + ", repaired")
            Self.expectAgreement(bytes, DecodeOptions(limits: WireLimits(maxDepth: number % 12)), note + ", shallow")
            if case .batch = Self.records(bytes) { accepted += 1 }
        }
        #expect((5_000..<29_000).contains(accepted), "\(accepted) of 30,000 are valid: the messages are no test")
    }

    @Test("a payload that is cut or has a flipped bit gets the same verdict")
    func cutsAndFlips() throws {
        let bytes = try SpanBatchCodecTests.corpus("small.pb")
        for end in 0..<bytes.count { Self.expectAgreement(Array(bytes[..<end]), DecodeOptions(), "cut at \(end)") }
        for position in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[position] ^= 1 << UInt8(bit)
                Self.expectAgreement(flipped, DecodeOptions(), "bit \(bit) of byte \(position)")
            }
        }
    }

    @Test("a fault that is thrown by the validation says byte and field")
    func faultLocation() throws {
        for example in FaultTests.cases {
            let error = try #require(Self.validation(example.bytes), "\(example.name)")
            #expect(error.code == example.code, "\(example.name)")
            #expect(error.offset == example.offset, "\(example.name)")
            #expect(error.path == example.path, "\(example.name)")
        }
    }

    @Test(
        "a limit is clamped however it is set, for records and views",
        arguments: [-1, 501, 32_768, 65_536, 1_000_000])
    func limitSetLater(maxDepth: Int) {
        var options = DecodeOptions()
        options.limits.maxDepth = maxDepth
        #expect(options.limits == WireLimits(maxDepth: maxDepth))
        let valid: [UInt8] = [0x0A, 0x04, 0x1A, 0x02, 0x61, 0x62]
        let invalidText: [UInt8] = [0x0A, 0x04, 0x1A, 0x02, 0x61, 0xC3]
        Self.expectAgreement(valid, options, "valid")
        Self.expectAgreement(invalidText, options, "invalid text")
        #expect(Self.validation(invalidText, options) != nil)
    }

    @Test("nesting to the limit is read, one level more is refused")
    func depth() {
        // Four messages stand around the attribute's value.
        for levels in [94, 95, 96, 97] {
            var writer = WireWriter()
            writer.prependRaw(CodecRuleTests.nested(levels))
            for key: UInt32 in [0x12, 0x4A, 0x12, 0x12, 0x0A] { writer.prependLength(since: 0, key: key) }
            let bytes = writer.byteArray()
            Self.expectAgreement(bytes, DecodeOptions(), "\(levels) levels")
            #expect((Self.validation(bytes) == nil) == (levels <= 95), "\(levels) levels")
        }
    }

    @Test(
        "a field in very many pieces is read in linear time", .timeLimit(.minutes(5)),
        arguments: CodecRuleTests.fragmented)
    func manyPieces(_ example: CodecRuleTests.Fragmented) throws {
        let bytes = example.wrap([[UInt8]](repeating: example.fragment, count: 150_000).flatMap { $0 })
        #expect(try SpanBatchView(bytes.rawSpan).validate() == SpanBatch(decoding: bytes).spanCount)
    }

    @Test("lists that replace each other very often are read in linear time", .timeLimit(.minutes(5)))
    func manyReplacedLists() throws {
        let array = CodecRuleTests.field(0x2A, CodecRuleTests.field(0x0A, [0x18, 1]))
        let list = CodecRuleTests.field(0x32, CodecRuleTests.field(0x0A, CodecRuleTests.text(0x0A, "k")))
        let pieces = [[UInt8]](repeating: array + list + [0x18, 1], count: 50_000).flatMap { $0 }
        var writer = WireWriter()
        writer.prependRaw(pieces)
        for key: UInt32 in [0x12, 0x4A, 0x12, 0x12, 0x0A] { writer.prependLength(since: 0, key: key) }
        Self.expectAgreement(writer.byteArray(), DecodeOptions(), "replaced lists")
    }

    @Test("values nested in pieces at every level are read in linear time", .timeLimit(.minutes(5)))
    func nestedPieces() throws {
        // Each level: a list with an element, then the same list again, empty: what looked at a level twice would look at
        // the innermost 2^40 times.
        var value: [UInt8] = [0x18, 1]
        for _ in 0..<40 {
            var writer = WireWriter()
            writer.prependRaw([0x2A, 0x00])
            let mark = writer.count
            writer.prependRaw(value)
            writer.prependLength(since: mark, key: 0x0A)
            writer.prependLength(since: mark, key: 0x2A)
            value = writer.byteArray()
        }
        var writer = WireWriter()
        writer.prependRaw(value)
        for key: UInt32 in [0x12, 0x4A, 0x12, 0x12, 0x0A] { writer.prependLength(since: 0, key: key) }
        Self.expectAgreement(writer.byteArray(), DecodeOptions(), "nested pieces")
    }

    @Test("a payload over the limit is refused before it is read")
    func payloadLimit() {
        let options = DecodeOptions(limits: WireLimits(maxPayloadBytes: 3))
        #expect(Self.validation([0x0A, 2, 0xFF, 0xFF], options)?.code == .payloadTooLarge)
    }

    @Test("a payload above 2 GiB - 1 is refused whatever the limit, by records as by views")
    func protobufLimit() {
        let options = DecodeOptions(limits: WireLimits(maxPayloadBytes: .max))
        let byte: [UInt8] = [0]
        // Proof: what is refused for its count is not read.
        unsafe byte.withUnsafeBytes { buffer in
            let span = unsafe RawSpan(_unsafeStart: buffer.baseAddress!, byteCount: 1 << 31)
            #expect(throws: WireError.self) { _ = try SpanBatch(decoding: span, options: options) }
            #expect(throws: WireError.self) { _ = try SpanBatchView(span, options: options).validate() }
        }
    }

    @Test(
        "an empty message at the very end of a span of the usual form is read",
        arguments: [0x4A, 0x5A, 0x6A] as [UInt8])
    func emptyAtTheEnd(key: UInt8) throws {
        let ids = CodecRuleTests.field(0x0A, [UInt8](1...16)) + CodecRuleTests.field(0x12, [UInt8](1...8))
        let times = [0x30, 1, 0x39] + [UInt8](repeating: 1, count: 8) + [0x41] + [UInt8](repeating: 2, count: 8)
        for count in 1...3 {
            let tail = [[UInt8]](repeating: [key, 0], count: count).flatMap { $0 }
            var writer = WireWriter()
            writer.prependRaw(ids + times + tail)
            for key: UInt32 in [0x12, 0x12, 0x0A] { writer.prependLength(since: 0, key: key) }
            let bytes = writer.byteArray()
            Self.expectAgreement(bytes, DecodeOptions(), "\(count) of field \(key >> 3)")
            let batch = try SpanBatch(decoding: bytes)
            let span = try #require(batch.spans.first { _ in true })
            #expect(span.attributes.count + span.events.count + span.links.count == count)
            #expect(batch.encoded() == bytes)
        }
    }

    @Test("texts compare without being copied")
    func texts() throws {
        let bytes = CodecRuleTests.field(0x0A, CodecRuleTests.text(0x1A, "schema"))
        var groups = try SpanBatchView(bytes.rawSpan).resourceSpans
        guard let group = try groups.next() else {
            Issue.record("no group")
            return
        }
        // The macro takes no values that cannot escape.
        let equal = ["schema", "Schema", "schema2", ""].map { group.schemaURL.isEqual(to: $0) }
        #expect(equal == [true, false, false, false])
        let text = group.schemaURL.string
        #expect(text == "schema")
        let count = group.bytes.byteCount
        #expect(count == bytes.count - 2)
    }
}
