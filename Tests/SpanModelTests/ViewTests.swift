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

    @Test(arguments: ["small.pb", "medium.pb", "large.pb"])
    func `the corpus is read alike`(name: String) throws {
        let bytes = try SpanBatchCodecTests.corpus(name)
        Self.expectAgreement(bytes, DecodeOptions(), name)
        #expect(try SpanBatchView(bytes.rawSpan).validate() == SpanBatch(decoding: bytes).spanCount)
    }

    @Test func `batches of every shape are read alike`() throws {
        let seed = RandomBatch.seed
        var random = RandomBatch(seed: seed)
        for number in 0..<2000 {
            Self.expectAgreement(random.batch().encoded(), DecodeOptions(), "SEED=\(seed), batch \(number)")
        }
    }

    @Test func `messages in pieces, in any order, with strangers in them and with faults are read alike`() throws {
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

    @Test func `a payload that is cut or has a flipped bit gets the same verdict`() throws {
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

    @Test func `a fault that is thrown by the validation says byte and field`() throws {
        for example in FaultTests.cases {
            let error = try #require(Self.validation(example.bytes), "\(example.name)")
            #expect(error.code == example.code, "\(example.name)")
            #expect(error.offset == example.offset, "\(example.name)")
            #expect(error.path == example.path, "\(example.name)")
        }
    }

    @Test(arguments: [-1, 501, 32_768, 65_536, 1_000_000])
    func `a limit is clamped however it is set, for records and views`(maxDepth: Int) {
        var options = DecodeOptions()
        options.limits.maxDepth = maxDepth
        #expect(options.limits == WireLimits(maxDepth: maxDepth))
        let valid: [UInt8] = [0x0A, 0x04, 0x1A, 0x02, 0x61, 0x62]
        let invalidText: [UInt8] = [0x0A, 0x04, 0x1A, 0x02, 0x61, 0xC3]
        Self.expectAgreement(valid, options, "valid")
        Self.expectAgreement(invalidText, options, "invalid text")
        #expect(Self.validation(invalidText, options) != nil)
    }

    @Test func `nesting to the limit is read, one level more is refused`() {
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
        .timeLimit(.minutes(5)),
        arguments: CodecRuleTests.fragmented)
    func `a field in very many pieces is read in linear time`(_ example: CodecRuleTests.Fragmented) throws {
        let bytes = example.wrap([[UInt8]](repeating: example.fragment, count: 150_000).flatMap { $0 })
        #expect(try SpanBatchView(bytes.rawSpan).validate() == SpanBatch(decoding: bytes).spanCount)
    }

    @Test(.timeLimit(.minutes(5)))
    func `lists that replace each other very often are read in linear time`() throws {
        let array = CodecRuleTests.field(0x2A, CodecRuleTests.field(0x0A, [0x18, 1]))
        let list = CodecRuleTests.field(0x32, CodecRuleTests.field(0x0A, CodecRuleTests.text(0x0A, "k")))
        let pieces = [[UInt8]](repeating: array + list + [0x18, 1], count: 50_000).flatMap { $0 }
        var writer = WireWriter()
        writer.prependRaw(pieces)
        for key: UInt32 in [0x12, 0x4A, 0x12, 0x12, 0x0A] { writer.prependLength(since: 0, key: key) }
        Self.expectAgreement(writer.byteArray(), DecodeOptions(), "replaced lists")
    }

    /// A batch with one span that has one attribute, whose value is this.
    static func batch(ofValue value: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.prependRaw(value)
        for key: UInt32 in [0x12, 0x4A, 0x12, 0x12, 0x0A] { writer.prependLength(since: 0, key: key) }
        return writer.byteArray()
    }

    static func field(_ key: UInt32, _ content: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.prependRaw(content)
        writer.prependLength(since: 0, key: key)
        return writer.byteArray()
    }

    @Test(arguments: [0, 1, 5])
    func `a list that another value replaces weighs what it takes to decode it, at any depth`(depth: Int) throws {
        let elements = [[UInt8]](repeating: [0x0A, 0x00], count: 10_000).flatMap { $0 }
        for key: UInt32 in [0x2A, 0x32] {
            var value = Self.field(key, elements) + [0x18, 1]
            for _ in 0..<depth { value = Self.field(0x2A, Self.field(0x0A, value)) + [0x2A, 0x00] }
            let bytes = Self.batch(ofValue: value)
            let counts = try SpanBatchView(bytes.rawSpan).readAll()
            #expect((10_000...bytes.count).contains(counts.values), "\(key) \(counts.values)")
            Self.expectAgreement(bytes, DecodeOptions(), "a replaced list")
        }
    }

    @Test func `what a replaced list holds has to be in order, in every piece and at every depth`() {
        let bad: [(String, [UInt8])] = [
            ("text", [0x0A, 0x03, 0x0A, 0x01, 0xC3]), ("length", [0x0A, 0x05, 0x18]), ("key", [0x07]),
            ("group", [0x0C]), ("varint", [0x0A, 0x02, 0x18, 0x80]), ("sound", [0x0A, 0x02, 0x18, 1]),
            ("stranger", [0x7A, 0x01, 0xFF]), ("list", [0x0A, 0x05, 0x2A, 0x03, 0x0A, 0x01, 0x18]),
            ("inner list", [0x0A, 0x07, 0x2A, 0x05, 0x0A, 0x03, 0x0A, 0x01, 0xC3]),
            ("replaced in it", [0x0A, 0x09, 0x2A, 0x05, 0x0A, 0x03, 0x0A, 0x01, 0xC3, 0x18, 1]),
            ("attribute", [0x0A, 0x05, 0x12, 0x03, 0x0A, 0x01, 0xC3]),
            ("attribute's list", [0x0A, 0x09, 0x12, 0x07, 0x2A, 0x05, 0x0A, 0x03, 0x0A, 0x01, 0xC3]),
            ("attribute's pieces", [0x0A, 0x0B, 0x12, 0x02, 0x2A, 0x00, 0x12, 0x05, 0x2A, 0x03, 0x0A, 0x01, 0xFF]),
        ]
        for (name, content) in bad {
            for key: UInt32 in [0x2A, 0x32] {
                let list = Self.field(key, content)
                for value in [
                    list + [0x18, 1], Self.field(key, []) + list + [0x18, 1], list + Self.field(key, []) + [0x18, 1],
                    [0x18, 1] + list + Self.field(key ^ 0x18, []) + list,
                ] {
                    for options in [DecodeOptions(), DecodeOptions(invalidUTF8: .repair)] {
                        Self.expectAgreement(Self.batch(ofValue: value), options, "\(name) under \(key)")
                    }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `lists that are replaced within lists that are replaced are read in linear time`() throws {
        for (isAttribute, levels, limit) in [(false, 45, 100), (true, 30, 100), (false, 240, 500), (true, 160, 500)] {
            var value: [UInt8] = [0x18, 1]
            for _ in 0..<levels {
                let element = Self.field(
                    0x0A, isAttribute ? Self.field(0x12, value) + Self.field(0x12, [0x2A, 0]) : value)
                let list = Self.field(isAttribute ? 0x32 : 0x2A, element)
                // Replaced, and in pieces, and there once more at the end.
                value = list + Self.field(isAttribute ? 0x32 : 0x2A, []) + [0x18, 1] + list.prefix(0)
            }
            let options = DecodeOptions(limits: WireLimits(maxDepth: limit))
            Self.expectAgreement(Self.batch(ofValue: value), options, "\(levels) levels of replaced lists")
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `values nested in pieces at every level are read in linear time`() throws {
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

    @Test func `a payload over the limit is refused before it is read`() {
        let options = DecodeOptions(limits: WireLimits(maxPayloadBytes: 3))
        #expect(Self.validation([0x0A, 2, 0xFF, 0xFF], options)?.code == .payloadTooLarge)
    }

    @Test func `a payload above 2 GiB - 1 is refused whatever the limit, by records as by views`() {
        let options = DecodeOptions(limits: WireLimits(maxPayloadBytes: .max))
        let byte: [UInt8] = [0]
        // Proof: what is refused for its count is not read.
        unsafe byte.withUnsafeBytes { buffer in
            let span = unsafe RawSpan(_unsafeStart: buffer.baseAddress!, byteCount: 1 << 31)
            #expect(throws: WireError.self) { _ = try SpanBatch(decoding: span, options: options) }
            #expect(throws: WireError.self) { _ = try SpanBatchView(span, options: options).validate() }
        }
    }

    @Test(arguments: [0x4A, 0x5A, 0x6A] as [UInt8])
    func `an empty message at the very end of a span of the usual form is read`(key: UInt8) throws {
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

    @Test func `texts compare without being copied`() throws {
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
