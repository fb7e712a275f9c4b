import Foundation
import SpanModel
import Testing

@testable import SpanCapture

/// The seed of all that is random: `SEED` of the environment, else a new one. Printed.
private let seed: UInt64 = {
    let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? .random(in: 1...1_000_000)
    print("SpanCaptureTests: SEED=\(seed)")
    return seed
}()

/// Texts for a terminal, and tables that fit it.
@Suite struct TextTableTests {
    // Told by wcswidth of Python's package wcwidth, 0.7.0.
    @Test(
        arguments: [
            ("", 0), ("a", 1), ("GET /cart", 9), ("e\u{301}", 1), ("\u{65e5}\u{672c}\u{8a9e}", 6),
            ("\u{d55c}\u{ad6d}", 4), ("\u{1112}\u{1161}\u{11ab}", 2), ("\u{ff21}", 2), ("\u{ff71}", 1),
            ("\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}", 2), ("\u{1f44b}\u{1f3fd}", 2), ("\u{1f44b}", 2),
            ("\u{1f1e9}\u{1f1ea}", 2), ("\u{1f1e9}\u{1f1ea}\u{1f1eb}\u{1f1f7}", 4), ("\u{1f1e9}", 2),
            ("\u{2764}\u{fe0f}", 2), ("\u{2764}", 1), ("\u{2600}\u{fe0f}", 2), ("1\u{fe0f}\u{20e3}", 2),
            ("\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", 2), ("\u{263a}\u{fe0e}", 1),
            ("\u{231a}", 2),
            ("\u{1f469}\u{1f3fd}\u{200d}\u{2764}\u{fe0f}\u{200d}\u{1f48b}\u{200d}\u{1f468}\u{1f3ff}", 2),
            ("a\u{fe0f}", 1), ("\u{915}\u{93f}", 2), ("\u{915}\u{94d}\u{937}\u{93f}", 2),
            ("\u{b95}\u{bcd}\u{bb7}", 2), ("\u{e01}\u{e47}", 1), ("\u{e19}\u{e49}\u{e33}", 2), ("\u{ad}", 1),
            ("\u{200b}", 0), ("\u{2060}", 0), ("\u{c4}", 1), ("\u{600}", 1), ("\u{fdfa}", 1), ("\u{3099}", 0),
            ("\u{2026}", 1), ("\u{2500} \u{2514}", 3), ("\u{bd}", 1), ("\u{a0}", 1), ("\u{3000}", 2),
            ("\u{a9}\u{fe0f}", 2), ("\u{2122}\u{fe0f}", 2), ("\u{b5}", 1), ("\u{2192}", 1), ("\u{2167}", 1),
            ("\u{2460}", 1), ("a\u{300}\u{301}\u{302}\u{303}", 1), ("\u{5e9}\u{5dc}\u{5d5}\u{5dd}", 4),
            ("\u{645}\u{631}\u{62d}\u{628}\u{627}", 5), ("\u{1f937}\u{200d}\u{2642}\u{fe0f}", 2),
            ("\u{1f9d1}\u{1f3fb}\u{200d}\u{1f4bb}", 2), ("\u{2714}\u{fe0f}", 2), ("\u{23f1}", 1),
            ("\u{23f1}\u{fe0f}", 2), ("\u{1d49c}", 1), ("\u{20000}", 2), ("\u{1f004}", 2), ("\u{1f0cf}", 2),
            ("\u{451}", 1), ("\u{fb01}", 1), ("e\u{20dd}", 1),
        ] as [(String, Int)])
    func `a text has the columns that a terminal shows it in`(text: String, columns: Int) {
        #expect(
            ColumnText(text, atMost: nil).columns == columns,
            "\(text.unicodeScalars.map { String($0.value, radix: 16) })")
        #expect(ColumnText(text, atMost: 100).columns == columns)
    }

    @Test func `a long text keeps its start and its end, in pieces that nothing is cut out of`() {
        #expect(ColumnText("GET /a/very/long/path", atMost: 11).text == "GET /…/path")
        #expect(ColumnText("0123456789", atMost: 10).text == "0123456789")
        #expect(ColumnText("0123456789", atMost: 9).text == "0123…6789")
        #expect(ColumnText("0123456789", atMost: 1).text == "…")
        #expect(ColumnText("日本語日本語", atMost: 8).text == "日本…語")
        #expect(ColumnText("ab\\u{1b}cdefgh", atMost: 9).text == "ab…cdefgh")
        #expect(ColumnText("👩\u{200D}👩\u{200D}👧👩\u{200D}👩\u{200D}👧x", atMost: 4).text == "👩\u{200D}👩\u{200D}👧…x")
        // What another may have left raw does not reach the terminal.
        #expect(ColumnText("a\u{1B}[2J\n\u{202E}", atMost: 40).text == "a\\u{1b}[2J\\n\\u{202e}")
        #expect(ColumnText("a\u{1B}[2J\n\u{202E}", atMost: nil).text == "a\\u{1b}[2J\\n\\u{202e}")
    }

    @Test func `whatever a text is, it takes no more columns and no more characters than it may`() {
        var generator = SplitMix64(seed: seed)
        let alphabet: [String] = [
            "a", " ", "\\", "\"", "\u{1B}", "\n", "\u{202E}", "é", "e\u{301}", "\u{301}", "語", "👩", "\u{200D}",
            "\u{FE0F}",
            "🇩", "\u{1F3FD}", "क", "\u{94D}", "\u{93F}", "\\u{1b}", "\u{E0067}", "\u{200B}",
        ]
        for _ in 0..<3_000 {
            let length = [0, 1, 3, 10, 40, 400].randomElement(using: &generator) ?? 0
            let some = (0..<Int.random(in: 1...4, using: &generator)).compactMap { _ in
                alphabet.randomElement(using: &generator)
            }
            let text = (0..<length).compactMap { _ in some.randomElement(using: &generator) }.joined()
            let limit = Int.random(in: 1...60, using: &generator)
            let shown = ColumnText(text, atMost: limit)
            #expect(
                shown.columns <= limit && shown.text.unicodeScalars.count <= 8 * limit + 1, "\(text.debugDescription)")
            #expect(!shown.text.unicodeScalars.contains { TerminalText.isUnsafe($0.value) })
            #expect(shown.isShortened == shown.text.unicodeScalars.contains("…"))
            #expect(shown.isShortened || shown.text == TerminalText.line(text))
            // What is shown is no wider where it is measured again.
            #expect(ColumnText(shown.text, atMost: nil).columns <= limit + 2, "\(text.debugDescription) \(limit)")
        }
    }

    @Test(
        arguments: [
            ("one two three\n", 13, "one two three\n"), ("one two three\n", 12, "one two\n  three\n"),
            ("one two three four\n\nx\n", 7, "one two\n  three\n  four\n\nx\n"),
            ("  a note that is long", 10, "  a note\n  that is\n  long"), ("0123456789 a", 4, "0123456789\n  a"),
            ("日本 語の 名前", 9, "日本 語の\n  名前"), ("", 5, ""), ("a  b", 3, "a \n  b"), ("\n", 1, "\n"),
        ])
    func `lines of words are broken at spaces where they are wider than the terminal, and elsewhere stay`(
        text: String, columns: Int, expected: String
    ) {
        #expect(TextRoom.terminal(columns: columns).folded(text) == expected)
        #expect(TextRoom.file.folded(text) == text && TextRoom.unlimited.folded(text) == text)
    }

    @Test func `a mark on a mark on a mark is cut off as text is`() {
        let text = "a" + String(repeating: "\u{301}", count: 1_000_000) + "z"
        let shown = ColumnText(text, atMost: 200)
        #expect(shown.isShortened && shown.text.unicodeScalars.count <= 1_601 && shown.text.hasSuffix("z"))
    }

    // MARK: Tables

    private static func table(_ room: TextRoom, name: String, lead: String = "") -> TextTable {
        var table = TextTable(
            [
                .text("NAME", 1), .number("SPANS", 2), .word("TRACE", 3), .text("SERVICE", 4), .time("START", 5),
                .word("KIND", 6),
            ], in: room)
        let id = String(repeating: "5b8aa5a2", count: 4)
        table.add([name, "12", id, "checkout-service", UTCTime.text(1_785_585_600_123_456_789), "client"], lead: lead)
        table.add(["short", "1234567", id, "web", "unknown", "server"])
        return table
    }

    @Test func `as much as a terminal has room for is shown, what tells most first, ids whole or not at all`() {
        let name = String(repeating: "SELECT a, ", count: 300)
        for columns in 1...300 {
            for lead in ["", String(repeating: "│  ", count: 30) + "└─ "] {
                let table = Self.table(.terminal(columns: columns), name: name, lead: lead)
                var lines: [String] = []
                let omissions = table.write { lines.append($0) }
                #expect(lines.count == 3 && lines.allSatisfy { $0.hasSuffix("\n") && !$0.hasSuffix(" \n") })
                for line in lines {
                    #expect(ColumnText(String(line.dropLast()), atMost: nil).columns <= columns, "\(columns): \(line)")
                    let ids = line.dropLast().split(separator: " ").filter { $0.contains("5b8aa5a2") }
                    #expect(ids.allSatisfy { $0.utf8.count == 32 })
                }
                #expect(omissions.hasShortened && lines[1].contains("…"))
                #expect(lines[0].contains("TRACE") == !omissions.columns.contains("TRACE"))
            }
        }
        let shown = Self.table(.terminal(columns: 80), name: name).text
        #expect(
            shown == """
                NAME                       SPANS  TRACE                             SERVICE
                SELECT a, S… SELECT a,        12  5b8aa5a25b8aa5a25b8aa5a25b8aa5a2  checko…rvice
                short                    1234567  5b8aa5a25b8aa5a25b8aa5a25b8aa5a2  web

                """, "\(shown)")
    }

    @Test func `times lose the fraction of their seconds before they are left out`() {
        func start(_ columns: Int) -> String {
            var table = TextTable([.text("NAME", 1), .time("START", 2)], in: .terminal(columns: columns))
            table.add([String(repeating: "x", count: 90), UTCTime.text(1_785_585_600_123_456_789)])
            let line = table.text.split(separator: "\n")[1]
            return line.firstIndex(of: " ").map { line[$0...].filter { $0 != " " } } ?? ""
        }
        #expect(start(41) == "")
        #expect(start(42) == "2026-08-01T12:00:00Z" && start(49) == "2026-08-01T12:00:00Z")
        #expect(start(50) == "2026-08-01T12:00:00.123Z")
        #expect(start(56) == "2026-08-01T12:00:00.123456789Z")
    }

    @Test func `elsewhere a value has 200 columns, and whole ones widen no other row`() {
        let name = String(repeating: "y", count: 1_000_000)
        var lines: [String] = []
        var omissions = Self.table(.file, name: name).write { lines.append($0) }
        #expect(omissions.hasShortened && omissions.columns.isEmpty)
        #expect(lines[1].prefix { $0 != " " }.count == 200 && lines[1].utf8.count == lines[2].utf8.count + 2)
        lines = []
        omissions = Self.table(.unlimited, name: name).write { lines.append($0) }
        #expect(!omissions.hasShortened && lines[1].hasPrefix(name) && lines[2].utf8.count < 320)
        let few = Self.table(.file, name: "GET /").write { _ in }
        #expect(few == TextTable.Omissions())
    }

    @Test func `a tree shows values that fit, and says so`() throws {
        let text = String(repeating: "日", count: 100_000)
        let span = SpanRecord(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), name: text, startTimeUnixNano: 1, endTimeUnixNano: 5,
            attributes: [
                Attribute("short", .string("x")), Attribute("long", .string(text)), Attribute(text, .int(1)),
                Attribute("list", .array([.string(text), .array([.string(text)])])),
                Attribute("odd", .string("\u{1B}[2J")),
            ], events: [SpanEvent(timeUnixNano: 3, name: text)], status: SpanStatus(.error, message: text))
        let batch = SpanBatch(resourceSpans: [
            ResourceSpans(
                resource: Resource(attributes: [Attribute("service.name", .string(text))]),
                scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: text, version: text), spans: [span])])
        ])
        for (room, most) in [(TextRoom.terminal(columns: 80), 80), (.file, 500)] {
            let box = Box()
            var printer = SpanTreePrinter(to: ByteOutput { box.bytes += $0 }, in: room)
            printer.print(batch)
            let hasShortened = printer.hasShortened
            #expect(hasShortened)
            var output = printer.finish()
            output.flush()
            let shown = String(decoding: box.bytes, as: UTF8.self)
            for line in shown.split(separator: "\n") {
                #expect(ColumnText(String(line), atMost: nil).columns <= most, "\(line)")
            }
            #expect(shown.contains("short: \"x\"\n") && shown.contains("odd: \"\\u{1b}[2J\"\n"))
        }
    }

    private final class Box { var bytes: [UInt8] = [] }
}
