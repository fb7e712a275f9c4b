import Foundation
import ProtoWire
import SpanCapture
import SpanModel
import SpanSession
import Testing

@Suite struct CaptureTests {
    static let span = SpanRecord(
        traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), name: "GET /", kind: .server, startTimeUnixNano: 1000,
        endTimeUnixNano: 3500)

    static func batch(_ names: [String]) -> SpanBatch {
        let spans = names.map { name in
            var span = span
            span.name = name
            return span
        }
        return SpanBatch(resourceSpans: [
            ResourceSpans(
                resource: Resource(attributes: [Attribute("service.name", "web")]),
                scopeSpans: [
                    ScopeSpans(scope: InstrumentationScope(name: "lib"), spans: spans)
                ])
        ])
    }

    static let payload = batch(["one", "two"]).encoded()

    static func frame(_ kind: FrameKind, _ payload: [UInt8], isCompressed: Bool = false) -> [UInt8] {
        FrameHead(kind, length: UInt32(payload.count), isCompressed: isCompressed).bytes + payload
    }

    static let session =
        frame(.hello, Hello(senderID: SenderID(high: 1, low: 2), agent: "test").encoded())
        + frame(.batch, Batch(spans: batch(["one", "two"]), sequence: 1).encoded())
        + frame(.goodbye, [])

    static func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

    static func text(_ capture: Capture, as form: CaptureOutput = .tree) throws -> String {
        let box = Box()
        do {
            var output = try capture.print(as: form, to: ByteOutput { box.bytes += $0 })
            output.flush()
        }
        return String(decoding: box.bytes, as: UTF8.self)
    }

    final class Box {
        var bytes: [UInt8] = []
    }

    // MARK: Forms

    @Test func `a message as it is, empty ones included`() {
        let capture = Capture(Self.payload)
        #expect(capture.fault == nil && capture.encoding == nil)
        #expect(capture.message?.spans?.spanCount == 2)
        #expect(Capture([]).fault == nil)
        #expect(Capture([]).message != nil)
    }

    @Test func `hexadecimal text as people paste it`() {
        let digits = Self.hex(Self.payload)
        var pairs: [String] = []
        for byte in Self.payload { pairs.append(String(format: "%02X", byte)) }
        let texts = [
            digits, digits.uppercased() + "\n", pairs.joined(separator: " "), pairs.joined(separator: ":"),
            pairs.map { "0x" + $0 }.joined(separator: ", "), "0x" + digits, pairs.map { "\\x" + $0 }.joined(),
            String(digits.enumerated().flatMap { $0.offset % 60 == 59 ? [$0.element, "\n"] : [$0.element] }),
        ]
        for text in texts {
            let capture = Capture(Array(text.utf8))
            #expect(capture.encoding == .hex, "\(text.prefix(30))")
            #expect(capture.message?.spans == Self.batch(["one", "two"]))
        }
    }

    @Test func `dumps with offsets, the text column notwithstanding, repeated lines included`() throws {
        let bytes = Self.payload
        var xxd = ""
        var hexdump = ""
        for start in stride(from: 0, to: bytes.count, by: 16) {
            let line = bytes[start..<min(start + 16, bytes.count)]
            let shown = String(decoding: line.map { (0x20..<0x7F).contains($0) ? $0 : 0x2E }, as: UTF8.self)
            let groups = line.enumerated().map { String(format: $0.offset % 2 == 0 ? " %02x" : "%02x", $0.element) }
            xxd += String(format: "%08x:", start) + groups.joined() + "  " + shown + "\n"
            hexdump +=
                String(format: "%08x ", start) + line.map { String(format: " %02x", $0) }.joined() + "  |\(shown)|\n"
        }
        hexdump += String(format: "%08x\n", bytes.count)
        #expect(Capture(Array(xxd.utf8)).message?.spans == Self.batch(["one", "two"]))
        #expect(Capture(Array(hexdump.utf8)).message?.spans == Self.batch(["one", "two"]))
        // 40 bytes of an unknown field, of which 32 are equal lines.
        let repeated = """
            00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
            *
            00000020  00 00                                             |..|
            00000022
            """
        let zeros = Capture(Array(repeated.utf8), options: CaptureOptions(form: .hex))
        #expect(zeros.fault?.code.rawValue == "invalid_key")
        let huge = "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00\n*\nfffffff0\n"
        #expect(Capture(Array(huge.utf8), options: CaptureOptions(form: .hex)).fault?.code == .payloadTooLarge)
    }

    @Test func `base64 in both alphabets, with line breaks, with and without padding`() {
        let standard = Data(Self.payload).base64EncodedString()
        let broken = Data(Self.payload).base64EncodedString(options: [.lineLength64Characters])
        let urlSafe = standard.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        for text in [standard, broken, urlSafe, urlSafe.replacingOccurrences(of: "=", with: "")] {
            let capture = Capture(Array(text.utf8))
            #expect(capture.encoding == .base64)
            #expect(capture.message?.spans == Self.batch(["one", "two"]))
        }
        #expect(
            Capture(Array("A===".utf8), options: CaptureOptions(form: .base64)).fault?.code == .notBase64)
    }

    @Test func `frames, also in text, and the spans of all batches as one message`() throws {
        let texts = [Self.session, Array(Self.hex(Self.session).utf8)]
        for bytes in texts {
            let capture = Capture(bytes)
            #expect(capture.fault == nil)
            #expect(capture.frames.map(\.head.kind) == [.hello, .batch, .goodbye])
        }
        let twice = Capture(Self.session + Self.session)
        let box = Box()
        do {
            var output = try twice.print(as: .binary, to: ByteOutput { box.bytes += $0 })
            output.flush()
        }
        #expect(try SpanBatch(decoding: box.bytes).spanCount == 4)
        #expect(try Self.text(twice, as: .json).split(separator: "\n").count == 6)
    }

    @Test func `a compressed frame is named and not looked into`() throws {
        let capture = Capture(Self.session + Self.frame(.batch, [1, 2, 3], isCompressed: true))
        #expect(capture.fault == nil)
        #expect(try Self.text(capture).hasSuffix("Batch, 3 bytes, compressed (not looked into)\n"))
    }

    @Test func `a frame whose payload is no message does not hide the ones behind it`() {
        let capture = Capture(
            Self.frame(.ping, Ping(token: 5).encoded()) + Self.frame(.batch, [0x0A, 0x7F]) + Self.frame(.goodbye, []),
            options: CaptureOptions(form: .frames))
        #expect(capture.frames.count == 3)
        #expect(capture.fault?.offset == 2 + 5 + 5 + 1)
        #expect(!capture.isPartial)
    }

    @Test func `detection never turns a message that is valid as it is into a failure`() throws {
        var generator = SystemRandomNumberGenerator()
        let alphabets: [[UInt8]] = [
            Array(0...255), Array("0123456789abcdef \n".utf8), Array("ABCDabcd0189+/=".utf8), Array(0...8),
            [0x08, 0x81, 0x83, 0x0A, 0x00, 0x01, 0x05],
        ]
        for _ in 0..<20_000 {
            let alphabet = alphabets.randomElement(using: &generator)!
            let bytes = (0..<Int.random(in: 0...14, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator)!
            }
            // White space alone is blank, whatever protobuf makes of two blanks.
            if bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }), !bytes.isEmpty { continue }
            // Of content without a known field nothing is understood.
            guard let batch = try? SpanBatch(decoding: bytes), bytes.isEmpty || !batch.resourceSpans.isEmpty else {
                continue
            }
            #expect(Capture(bytes).fault == nil, "\(bytes)")
        }
    }

    // MARK: Faults

    @Test func `cut anywhere, a message gives what was whole and says where it ends`() throws {
        for count in 1..<Self.payload.count {
            let capture = Capture(Array(Self.payload[..<count]), options: CaptureOptions(form: .protobuf))
            #expect(capture.isCut && capture.fault?.code == .truncated, "\(count)")
            #expect((capture.message?.spans?.spanCount ?? 0) < 2)
            if let spans = capture.message?.spans?.spans { #expect(spans.allSatisfy { $0.endTimeUnixNano == 3500 }) }
        }
        let last = Capture(Array(Self.payload.dropLast()))
        #expect(last.isPartial)
        #expect(last.message?.spans?.spanCount == 1)
        #expect(last.fault?.path == "resource_spans[0].scope_spans[0].spans[1]")
    }

    @Test func `cut anywhere, a session gives its whole frames`() {
        for count in 1..<(Self.session.count) {
            let capture = Capture(Array(Self.session[..<count]), options: CaptureOptions(form: .frames))
            if let fault = capture.fault {
                #expect(fault.code == .truncated && capture.isCut)
            } else {
                // Between two frames nothing is missing.
                #expect(capture.frames.allSatisfy { $0.message != nil })
            }
        }
        let capture = Capture(Array(Self.session.dropLast(8)))
        #expect(capture.frames.count == 2 && capture.isPartial)
    }

    @Test func `another fault is no truncation, and shows nothing`() {
        var bytes = Self.payload
        bytes[bytes.count - 1] = 0xFF
        bytes += [0x0F]
        let capture = Capture(bytes, options: CaptureOptions(form: .protobuf))
        #expect(capture.fault != nil && !capture.isCut && capture.message == nil)
    }

    // MARK: Trees

    @Test func `a tree shows times, durations and everything a span holds`() throws {
        #expect(
            try Self.text(Capture(Self.batch(["GET /"]).encoded())) == """
                TracesData, \(Self.batch(["GET /"]).encoded().count) bytes, 1 span
                  resource web
                    service.name: "web"
                    scope lib
                      span "GET /" server 2.5µs
                        trace  00000000000000010000000000000002
                        id     0000000000000003
                        parent none (root)
                        start  1970-01-01T00:00:00.000001000Z
                        end    1970-01-01T00:00:00.000003500Z

                """)
    }

    @Test(
        arguments: [
            ("http.route", "http.route", "http.route"), ("a:b/c@d-e_f", "a:b/c@d-e_f", "a:b/c@d-e_f"),
            ("two words", "\"two words\"", "two words"), ("", "\"\"", "(no name)"),
            ("a: 1, b", "\"a: 1, b\"", "a: 1, b"),
            ("q\"q", "\"q\\\"q\"", "\"q\\\"q\""), ("größe", "\"größe\"", "größe"), ("-x", "-x", "\"-x\""),
            (" x", "\" x\"", "\" x\""), ("a\\b", "\"a\\\\b\"", "\"a\\\\b\""),
            ("a\u{1B}[2J", "\"a\\u{1b}[2J\"", "\"a\\u{1b}[2J\""), ("\u{301}", "\"\\u{301}\"", "\"\\u{301}\""),
        ])
    func `keys and names that could be taken for something else stand in quotes, in a tree and in a value`(
        name: String, key: String, shown: String
    ) throws {
        let value = AttributeValue.keyValueList([Attribute(name, .int(1))])
        var resource = Resource(attributes: [Attribute("service.name", .string(name)), Attribute(name, value)])
        resource.entityRefs = [EntityRef(type: "t", idKeys: [name, "k"])]
        let batch = SpanBatch(resourceSpans: [
            ResourceSpans(
                resource: resource, scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: name), spans: [])])
        ])
        let capture = Capture(batch.encoded())
        let narrow = TextRoom.terminal(columns: 100)
        var isShortened = false
        let box = Box()
        var output = try capture.print(as: .tree, to: ByteOutput { box.bytes += $0 }, in: narrow, &isShortened)
        output.flush()
        for text in [try Self.text(capture), String(decoding: box.bytes, as: UTF8.self)] {
            let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }
            #expect(lines.contains("\(key): {\(key): 1}"), "\(text)")
            #expect(lines.contains("id keys \(key), k"), "\(text)")
            #expect(lines.contains("scope \(shown)"), "\(text)")
            #expect(lines.contains("resource \(name.isEmpty ? "\"\"" : shown)"), "\(text)")
        }
        #expect(!isShortened)
        #expect(AttributeText.text(value) == "{\(key): 1}" && AttributeText.whole(value) == "{\(key): 1}")
    }

    @Test func `a payload in any form that decodes is shown as the message that it decodes to`() throws {
        func field(_ key: UInt8, _ content: [UInt8]) -> [UInt8] { [key, UInt8(content.count)] + content }
        let unknown: [UInt8] = [0xF8, 0x3F, 0x05]
        var span = Self.span
        span.irregularIDs[.parentSpanID] = [1, 2, 3]
        span.attributes = [
            Attribute("a\u{1B}", .array(["x", -7, .bytes([1]), .array([])])), Attribute("b\"", nil),
            Attribute("c", 2.5),
        ]
        // Spans before their scope, the scope in two pieces; scopes before their resource, the resource in two pieces.
        let scope =
            unknown + field(0x12, Array(span.encoded()[18...]) + Array(span.encoded()[..<18]))
            + field(0x0A, field(0x0A, [0x6C])) + field(0x1A, [0x75]) + field(0x0A, field(0x12, [0x31]))
        let resource = Resource(attributes: [Attribute("service.name", "web")])
        let group =
            field(0x1A, [0x73]) + [0x12, 0x80 | UInt8(scope.count & 0x7F), UInt8(scope.count >> 7)] + scope
            + field(0x0A, resource.encoded()) + unknown
            + field(0x0A, Resource(attributes: [Attribute("k", 1)]).encoded())
        let bytes = unknown + [0x0A, 0x80 | UInt8(group.count & 0x7F), UInt8(group.count >> 7)] + group + Self.payload
        let batch = try SpanBatch(decoding: bytes)
        let box = Box()
        do {
            var printer = SpanTreePrinter(to: ByteOutput { box.bytes += $0 }, depth: 1)
            printer.print(batch)
            var output = printer.finish()
            output.flush()
        }
        let decoded = "TracesData, \(bytes.count) bytes, 3 spans\n" + String(decoding: box.bytes, as: UTF8.self)
        let capture = Capture(bytes)
        #expect(try Self.text(capture) == decoded)
        #expect(decoded.contains("scope l 1\n") && decoded.contains("resource web\n") && decoded.contains("    k: 1\n"))
        #expect(try Self.text(capture, as: .json) == batch.json(style: .pretty) + "\n")
        let binary = Box()
        do {
            var output = try capture.print(as: .binary, to: ByteOutput { binary.bytes += $0 })
            output.flush()
        }
        #expect(binary.bytes == batch.encoded())
    }

    @Test func `nothing from outside reaches the terminal as a control character`() throws {
        var batch = Self.batch(["\u{1B}[2J\u{202E}\u{9B}\n"])
        batch.resourceSpans[0].resource?.attributes.append(
            Attribute("\u{7}key\r", .keyValueList([Attribute("\u{1B}", "\u{0}")])))
        let text = try Self.text(Capture(batch.encoded()))
        #expect(text.contains(#"span "\u{1b}[2J\u{202e}\u{9b}\n""#))
        let unsafe = text.unicodeScalars.filter {
            $0.value < 0x20 && $0 != "\n" || (0x7F...0x9F).contains($0.value) || $0.value == 0x202E
        }
        #expect(unsafe.isEmpty)
    }

    @Test func `a tree never shows a bearer token`() throws {
        let hello = Hello(senderID: SenderID(high: 1, low: 2), bearerToken: "secret-word")
        let text = try Self.text(Capture(Self.frame(.hello, hello.encoded())))
        #expect(!text.contains("secret-word"))
        #expect(text.contains("bearer_token: (11 bytes, not shown)"))
    }

    @Test func `a running span has no duration, an end before the start is said`() {
        #expect(DurationText.text(from: 5, to: 0) == "running")
        #expect(DurationText.text(from: 0, to: 5) == "unknown start")
        #expect(DurationText.text(from: 2_000_000, to: 500_000) == "-1.5ms (end before start)")
        #expect(DurationText.text(999_999_999) == "999.999ms")
        #expect(DurationText.text(60_000_000_000) == "60s")
        #expect(DurationText.text(.min) == "-9223372036.854s")
    }

    @Test func `dates are those of the Gregorian calendar, forth and back`() {
        #expect(UTCTime.text(0) == "1970-01-01T00:00:00.000000000Z")
        #expect(UTCTime.text(951_782_400_000_000_001) == "2000-02-29T00:00:00.000000001Z")
        #expect(UTCTime.text(.max) == "2554-07-21T23:34:33.709551615Z")
        for day in 0..<80_000 {
            let time = UInt64(day) * 86_400_000_000_000 + 3_723_000_000_004
            #expect(UTCTime.unixNano(UTCTime.text(time)) == time)
        }
        #expect(UTCTime.unixNano("2026-08-01T12:00:00.5+02:00") == UTCTime.unixNano("2026-08-01 10:00:00.500Z"))
        for bad in ["2026-02-29", "2026-13-01", "1969-12-31", "2026-08-01T24:00", "2026-08-01X", "", "2600-01-01"] {
            #expect(UTCTime.unixNano(bad) == nil, "\(bad)")
        }
    }

    @Test func `durations are read as people write them`() {
        #expect(DurationText.nanoseconds("1.5s") == 1_500_000_000)
        #expect(DurationText.nanoseconds("100ms") == 100_000_000)
        #expect(DurationText.nanoseconds("2m") == 120_000_000_000)
        #expect(DurationText.nanoseconds("0.5d") == 43_200_000_000_000)
        for bad in ["", "5", "ms", "1.s", ".5s", "-1s", "1.2.3s", "99999999999999d", "1 s"] {
            #expect(DurationText.nanoseconds(bad) == nil, "\(bad)")
        }
    }
}
