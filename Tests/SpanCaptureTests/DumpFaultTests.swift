import Foundation
import ProtoWire
import SpanCapture
import SpanModel
import Testing

/// The table of dump × fault: a text that clearly is a dump has a dump's fault, and is never told as something else.
@Suite struct DumpFaultTests {
    private static let forms: [CaptureForm?] = [nil, .hex]

    private static func fault(_ lines: [some StringProtocol], _ form: CaptureForm?) -> Capture {
        Capture(Array((lines.joined(separator: "\n") + "\n").utf8), options: CaptureOptions(form: form))
    }

    /// Dumps of four lines or more, of which none repeats.
    private static func samples(_ program: String) throws -> [DumpTests.Sample] {
        try DumpTests.samples(program).filter {
            $0.bytes.count > 48 && $0.bytes.count % 3 == 1 && !$0.text.contains("\n*\n")
        }
    }

    /// The offset in front of a line, as it stands there.
    private static func offset(_ line: some StringProtocol) -> String {
        var digits = String(line.split { $0 == " " || $0 == "\t" }.first ?? "")
        if digits.hasSuffix(":") { digits.removeLast() }
        return digits.hasPrefix("0x") ? String(digits.dropFirst(2)) : digits
    }

    @Test(arguments: DumpTests.programs.filter { $0 != "xxd-p" })
    func `a line that is missing is told by its offset and line, in every dump that has offsets`(program: String) throws
    {
        var count = 0
        for sample in try Self.samples(program) {
            let whole = sample.text.split(separator: "\n")
            let first = try #require(whole.firstIndex { !$0.contains("IP") && Self.offset($0).count >= 4 })
            for missing in (first + 1)..<(whole.count - 1) {
                var lines = whole
                lines.remove(at: missing)
                let words =
                    "the offset \(Self.offset(whole[missing + 1])) stands where \(Self.offset(whole[missing])) is due "
                    + "(line \(missing + 1)): a line before it is missing, cut or out of order"
                // Some dumps happen to be a message, of fields without a name, and stay one.
                let isMessage = (try? SpanBatch(decoding: Array((lines.joined(separator: "\n") + "\n").utf8))) != nil
                for form in isMessage ? [.hex] : Self.forms {
                    let capture = Self.fault(lines, form)
                    #expect(
                        capture.fault?.code == .notHex && capture.fault?.message == words,
                        "\(capture.explanation) \(capture.fault as Any) \(lines)")
                    #expect(capture.explanation.hasSuffix(" that cannot be read") && capture.message == nil)
                }
                count += 1
            }
        }
        #expect(count > 15)
    }

    @Test(arguments: DumpTests.programs.filter { $0 != "xxd-p" })
    func `a first line that is missing is told by the offset that the dump starts at, in every dump that has offsets`(
        program: String
    ) throws {
        var count = 0
        for sample in try Self.samples(program) {
            var lines = sample.text.split(separator: "\n")
            let first = try #require(lines.firstIndex { !$0.contains("IP") && Self.offset($0).count >= 4 })
            lines.remove(at: first)
            let offset = Self.offset(lines[first])
            // Of a dump behind other lines the start was looked for.
            let words =
                first == 0
                ? "the dump starts at the offset \(offset) (line 1); what was before is not there"
                : "the offset \(offset) stands where \(String(repeating: "0", count: offset.count)) is due (line "
                    + "\(first + 1)): a line before it is missing, cut or out of order"
            for form in Self.forms {
                let capture = Self.fault(lines, form)
                #expect(
                    capture.fault?.code == .notHex && capture.fault?.message == words,
                    "\(capture.explanation) \(capture.fault as Any) \(lines)")
                #expect(capture.message == nil && capture.explanation.contains("dump"), "\(capture.explanation)")
            }
            count += 1
        }
        #expect(count > 2)
    }

    @Test(arguments: ["tshark", "xxd", "od-tx1"])
    func `a line that stands twice, and lines out of order, are told so`(program: String) throws {
        for sample in try Self.samples(program) {
            let whole = sample.text.split(separator: "\n")
            var twice = whole
            twice.insert(twice[1], at: 1)
            var swapped = whole
            swapped.swapAt(1, 2)
            for lines in [twice, swapped] {
                for form in Self.forms {
                    let fault = Self.fault(lines, form).fault
                    #expect(
                        fault?.message.hasSuffix("is missing, cut or out of order") == true, "\(lines) \(fault as Any)")
                }
            }
        }
    }

    @Test(arguments: ["tshark", "xxd", "hexdump-C"])
    func `a large payload's dump without one of its lines is no bad protobuf`(program: String) throws {
        let bytes = CaptureTests.batch((0..<40).map { "span number \($0)" }).encoded()
        var lines: [String] = []
        for start in stride(from: 0, to: bytes.count, by: 16) {
            let part = bytes[start..<min(start + 16, bytes.count)]
            let marks = String(decoding: part.map { (0x20..<0x7F).contains($0) ? $0 : 0x2E }, as: UTF8.self)
            func digits(_ separator: String) -> String {
                part.map { String(format: "%02x", $0) }.joined(separator: separator)
            }
            func padded(_ text: String, _ width: Int) -> String {
                text.padding(toLength: width, withPad: " ", startingAt: 0)
            }
            switch program {
            case "tshark": lines.append(String(format: "%04x  ", start) + padded(digits(" "), 50) + marks)
            case "xxd":
                let groups = stride(from: part.startIndex, to: part.endIndex, by: 2).map { position in
                    part[position..<min(position + 2, part.endIndex)].map { String(format: "%02x", $0) }.joined()
                }
                lines.append(String(format: "%08x: ", start) + padded(groups.joined(separator: " "), 41) + marks)
            default:
                let halves = [part.prefix(8), part.dropFirst(8)].map { half in
                    half.map { String(format: "%02x", $0) }.joined(separator: " ")
                }
                lines.append(
                    String(format: "%08x  ", start) + padded(halves.joined(separator: "  "), 50) + "|\(marks)|")
            }
        }
        #expect(Self.fault(lines, nil).message?.spanCount == 40)
        for missing in [1, 2, 7, lines.count / 2, lines.count - 2] {
            var damaged = lines
            damaged.remove(at: missing)
            let capture = Self.fault(damaged, nil)
            #expect(capture.fault?.message.contains("(line \(missing + 1))") == true, "\(capture.fault as Any)")
            #expect(capture.explanation.hasPrefix("hex dump ("), "\(capture.explanation)")
        }
    }

    @Test func `dumps that cannot be read are named, and which to make instead`() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Corpus/dumps/unread.txt")
        var texts = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "@ ").dropFirst().map {
            part in
            let end = part.firstIndex(of: "\n") ?? part.endIndex
            return (String(part[..<end]), String(part[end...].dropFirst()))
        }
        texts.append(
            (
                "hexyl",
                "┌────────┬─────────────────────────┬─────────────────────────┬────────┬────────┐\n"
                    + "│00000000│ 0a 05 12 03 78 79 7a    ┊                         │_•••xyz ┊        │\n"
                    + "└────────┴─────────────────────────┴─────────────────────────┴────────┴────────┘\n"
            ))
        let names = [
            "od -c": "a dump of characters (od -c, od -a, hexdump -c)",
            "od -a": "a dump of characters (od -c, od -a, hexdump -c)",
            "od -An -c": "a dump of characters (od -c, od -a, hexdump -c)",
            "hexdump -c": "a dump of characters (od -c, od -a, hexdump -c)",
            "od -t f4": "a dump of decimal numbers (od -t d, -t u or -t f)",
            "od -t d4": "a dump of decimal numbers (od -t d, -t u or -t f)",
            "od -t u2": "a dump of decimal numbers (od -t d, -t u or -t f)", "xxd -i": "a C array (xxd -i)",
            "objdump -s -b binary": "a dump of sections (objdump -s)", "hexyl": "a dump in a frame of lines (hexyl)",
        ]
        #expect(texts.count == 12)
        for (program, text) in texts {
            let name = try #require(names[program])
            for form in Self.forms {
                let capture = Capture(Array(text.utf8), options: CaptureOptions(form: form))
                #expect(
                    capture.fault?.message
                        == "\(name) is not read; make the dump with xxd, hexdump -C or od -A x -t x1 instead",
                    "\(program) \(capture.explanation) \(capture.fault as Any)")
                #expect(capture.fault?.code == .notHex && capture.message == nil)
            }
        }
    }

    @Test func `text that is no dump is not taken for one`() {
        for text in [
            "2026-01-01 12:00:00 started\n2026-01-01 12:00:01 ended\n", "1 a\n2 b\n3 c\n",
            "20260101 a\n20260102 b\n20260103 c\n", "a b c d e f g h i j\n",
        ] {
            let capture = Capture(Array(text.utf8), options: CaptureOptions(form: .hex))
            #expect(capture.fault?.message.contains("dump") == false, "\(text) \(capture.fault as Any)")
        }
    }

    @Test func `digits alone, an odd number of them, are no base64`() {
        let capture = Capture(Array((CaptureTests.hex(CaptureTests.payload).dropLast()).utf8))
        #expect(capture.fault?.message == "an odd number of hexadecimal digits", "\(capture.explanation)")
    }
}
