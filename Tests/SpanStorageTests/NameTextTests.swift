import SpanModel
import SpanStorageTesting
import Testing

@testable import SpanStorage

/// Names as commands print them and take them.
@Suite struct NameTextTests {
    @Test(
        arguments: [
            ("checkout", "checkout"), ("GET /cart", "GET /cart"), ("größe", "größe"), ("it's", "it's"), ("a=b", "a=b"),
            ("(none)", "(none)"), ("", "\"\""), ("a\"b", "\"a\\\"b\""), ("\"", "\"\\\"\""), ("C:\\d", "\"C:\\\\d\""),
            (" a", "\" a\""), ("a ", "\"a \""), ("-a", "\"-a\""), ("'a'", "\"'a'\""), ("a\nb", "\"a\\nb\""),
            ("\u{1B}[2J", "\"\\u{1b}[2J\""), ("a\u{202E}", "\"a\\u{202e}\""),
            // What joins the character before it would be drawn onto a quote, and hide a = from who looks for one.
            ("\u{301}a", "\"\\u{301}a\""), ("\u{200D}\u{301}", "\"\\u{200d}\\u{301}\""),
            ("\u{FE0F}", "\"\\u{fe0f}\""), ("\u{1F3FD}x", "\"\\u{1f3fd}x\""), ("\u{93F}", "\"\\u{93f}\""),
            ("\n\u{301}", "\"\\n\\u{301}\""), ("\"\u{301}", "\"\\\"\\u{301}\""), ("e\u{301}", "e\u{301}"),
            ("\u{1F1E9}\u{1F1EA}", "\u{1F1E9}\u{1F1EA}"), ("\u{2764}\u{FE0F}", "\u{2764}\u{FE0F}"),
            ("“a”", "\"“a”\""), ("`a", "\"`a\""), ("a“", "a“"),
            // Nothing is seen of it.
            ("\u{200B}", "\"\\u{200b}\""), ("\u{3164}a", "\"\\u{3164}a\""), ("\u{AD}a", "\"\\u{ad}a\""),
        ])
    func `a name stands as it is where that cannot be taken for something else`(name: String, text: String) throws {
        #expect(NameText.shown(name) == text)
        #expect(try NameText.read(text) == name)
    }

    @Test func `no name joins what stands before it, with whichever character it begins`() throws {
        var quoted = 0
        for value in Array(UInt32(0)...0x1FFFF) + Array(0xE0000...0xE01FF) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let shown = NameText.shown(String(scalar))
            let (equals, space) = ("=" + shown, " " + shown)
            guard equals.first == "=", space.first == " " else {
                Issue.record("\(NameText.escape(scalar)) joins")
                continue
            }
            if shown.utf8.first == UInt8(ascii: "\"") { quoted += 1 }
        }
        #expect(quoted > 1_000 && quoted < 20_000)
    }

    @Test func `of a long name no more is looked at than is shown, and that is shown as of the whole name`() {
        let texts = ["n", "é", "日", "\u{1F680}", "a b", "\"", "\u{1B}"]
        for (head, tail) in texts.flatMap({ head in texts.map { (head, $0) } }) {
            let name =
                String(repeating: head, count: 400) + String(repeating: "m", count: 4_000)
                + String(repeating: tail, count: 400)
            for columns in [1, 7, 20] {
                let shown = NameText.shown(name, columns: columns)
                #expect(shown.utf8.count < 200 * columns)
                // A column shows no more than eight scalars of either end.
                let whole = NameText.shown(name)
                #expect(
                    shown.unicodeScalars.prefix(8 * columns).elementsEqual(whole.unicodeScalars.prefix(8 * columns)))
                #expect(
                    shown.unicodeScalars.suffix(8 * columns).elementsEqual(whole.unicodeScalars.suffix(8 * columns)))
            }
            #expect(NameText.shown(name, columns: nil) == NameText.shown(name))
        }
        #expect(NameText.shown("short", columns: 1) == "short")
        let long = String(repeating: "n", count: 2_000_000)
        let clock = ContinuousClock()
        let whole = clock.measure { _ = NameText.shown(long, columns: nil) }
        // The least of many: a machine that does other things meanwhile makes any one of them long.
        let cut = (0..<50).map { _ in clock.measure { _ = NameText.shown(long, columns: 200) } }.min() ?? whole
        #expect(cut * 50 < whole)
    }

    @Test(arguments: ["\"a", "\"a\" b", "\"\\q\"", "\""])
    func `quotes that are no whole name are refused`(text: String) {
        #expect(throws: SpanFilterError.self) { try NameText.read(text) }
        #expect(throws: SpanFilterError.self) { try AttributeKey(name: "attr." + text) }
    }

    @Test func `every name is read as it was, where commands take it and in a filter`() throws {
        var generator = ReportGenerator(seed: seed)
        let parts = [
            "a", "Z", "0", " ", "  ", "\"", "'", "\\", "=", "!=", "~", "<", "(", ")", ".", "-", "attr.", "resource.",
            "é",
            "e\u{301}", "日本", "\n", "\t", "\r", "\u{0}", "\u{1B}[31m", "\u{7F}", "\u{85}", "\u{202E}", "\u{2028}",
            "\u{FEFF}", "\u{1F680}", "\u{A0}", "\u{3000}", "{}", "\\u{41}", "\\n", "true", "inf", "nan", "not", "or",
            "“", "\u{301}", "\u{200D}", "\u{FE0F}", "\u{1F3FD}", "\u{1F1E9}", "\u{93F}", "\u{200B}", "\u{FFFF}",
            "\r\n", "\u{1100}", "\u{1161}", "\u{600}", "\u{E0041}", "\u{2066}",
            ",", ";", "/", ":", "@", "#", "$", "`", "*", "1e5", "-1",
        ]
        for _ in 0..<3_000 {
            let name = (0..<generator.pick([0, 1, 1, 2, 3, 6])).map { _ in generator.pick(parts) }.joined()
            let shown = NameText.shown(name)
            #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202E}" })
            #expect(ExactText(try NameText.read(shown)) == ExactText(name), "\(name.debugDescription)")
            for before in ["=", " ", "\""] { #expect((before + shown).first == Character(before), "\(shown)") }
            #expect(ExactText(try NameText.read(NameText.listed(name))) == ExactText(name))
            for owner in [SpanConditions.AttributeEquality.Owner.span, .resource] {
                let key = AttributeKey(owner, ExactText(name))
                #expect(try AttributeKey(name: key.name) == key, "\(key.name)")
                // The same text asks for it in a filter.
                let field: SpanFilter.Field = owner == .span ? .attribute(key.key) : .resourceAttribute(key.key)
                #expect(try SpanFilter(parsing: key.name, nowUnixNano: 0) == .present(field), "\(key.name)")
            }
            // A filter takes the printed name too, in quotes where it has none.
            let value = shown.hasPrefix("\"") ? shown : "\"\(shown)\""
            let expected = SpanFilter.compare(.service, .equal, .text(ExactText(name)))
            #expect(try SpanFilter(parsing: "service=\(value)", nowUnixNano: 0) == expected, "\(value)")
            #expect(try SpanFilter(parsing: "service = \(value) ", nowUnixNano: 0) == expected)
        }
    }

    @Test func `values of attributes are found by the text that they are shown as`() throws {
        for (text, value) in [
            ("500", SpanFilter.Value.integer(500)), ("-1", .integer(-1)), ("1.5", .decimal(1.5)),
            ("1e+300", .decimal(1e300)), ("5e-324", .decimal(.leastNonzeroMagnitude)), ("inf", .decimal(.infinity)),
            ("-inf", .decimal(-.infinity)), ("true", .flag(true)), ("\"inf\"", .text("inf")), ("\"nan\"", .text("nan")),
        ] {
            let filter = try SpanFilter(parsing: "attr.k=\(text)", nowUnixNano: 0)
            #expect(filter == .compare(.attribute("k"), .equal, value))
            #expect(try SpanFilter(parsing: filter.text, nowUnixNano: 0) == filter)
        }
        let error = #expect(throws: SpanFilterError.self) { try SpanFilter(parsing: "attr.k=nan", nowUnixNano: 0) }
        #expect(error?.code == .wrongValue)
    }

    @Test(
        arguments: [
            ("service='odd'", "service=odd"), ("name='GET /'", "name=\"GET /\""), ("name=''", "name=\"\""),
            ("name='a\"b'", "name=\"a\\\"b\""), ("name='it\\'s'", "name=\"it's\""), ("name=it's", "name=\"it's\""),
            ("attr.'odd key'=5", "attr.\"odd key\"=5"), ("attr.'500'='500'", "attr.500=\"500\""),
            ("name~'^GET /\\d'", "name~\"^GET /\\d\""), ("name~'\"'", "name~\"\\\"\""),
            ("(service='a' or name='b')", "service=a or name=b"),
        ])
    func `single quotes are quotes, as for shells and SQL`(text: String, same: String) throws {
        let filter = try SpanFilter(parsing: text, nowUnixNano: 0)
        #expect(filter == (try SpanFilter(parsing: same, nowUnixNano: 0)), "\(filter.text)")
        #expect(try SpanFilter(parsing: filter.text, nowUnixNano: 0) == filter)
    }

    @Test(
        arguments: [
            ("service=“odd”", 9, "write \" around"), ("service=‘odd’", 9, "write \" around"),
            ("name~„a“", 6, "write \" around"), ("service=`odd`", 9, "write \" around"),
            ("service=´odd´", 9, "write \" around"), ("service=″odd″", 9, "write \" around"),
            ("service=‹odd›", 9, "write \" around"), ("service=＂odd＂", 9, "write \" around"),
            ("“service=odd”", 1, "write \" around"), ("attr.“k”=1", 6, "write \" around"),
            ("service='odd", 9, "write ' where the value ends"), ("service=\"odd", 9, "write \" where the value ends"),
            ("name~'a", 6, "write ' where the value ends"), ("attr.'k=5", 6, "write ' where the value ends"),
            ("service='odd\"", 9, "write ' where the value ends"),
            ("service='a'b", 12, "space between"), ("service=\"\"odd\"\"", 11, "once"), ("service=''odd''", 11, "once"),
            ("service=\"odd\"\"", 14, "\\\""), ("\"service=odd\"", 1, "around a value"),
            ("'service=odd'", 1, "around a value"), ("''", 1, "around a value"), ("error ''", 7, "around a value"),
            ("service=\"a\",name=b", 12, "space between"),
        ])
    func `quotes that would find nothing are refused, with the place and what to write`(
        text: String, column: Int, hint: String
    ) {
        let error = #expect(throws: SpanFilterError.self) { try SpanFilter(parsing: text, nowUnixNano: 0) }
        #expect(error?.code == .syntax && error?.column == column, "\(String(describing: error))")
        #expect(error?.hint.contains(hint) == true, "\(String(describing: error))")
    }

    @Test(
        arguments: [
            ("name=GET /cart", 10, "put the value before it in quotes, if it belongs to that: name=\"GET /cart\""),
            (
                "error or name=GET  /cart x", 20,
                "put the value before it in quotes, if it belongs to that: name=\"GET  /cart\""
            ),
            ("service:checkout", 1, "write service=checkout"), ("attr.k:5", nil, ""),
            ("error && root", 7, "write and"), ("error & root", 7, "write and"), ("error || root", 7, "write or"),
            ("error | root", 7, "write or"), ("service in (a,b)", 9, "write service=a or service=b"),
            ("service=checkout AND error", 18, "did you mean and?"),
            ("service=checkout eror", 18, "did you mean error?"),
            ("service=checkout durations>1", 18, "did you mean duration?"),
        ] as [(String, Int?, String)])
    func `words of other languages, and values whose quotes were forgotten, are told how to write it`(
        text: String, column: Int?, hint: String
    ) {
        guard let column else {
            #expect(throws: Never.self) { try SpanFilter(parsing: text, nowUnixNano: 0) }
            return
        }
        let error = #expect(throws: SpanFilterError.self) { try SpanFilter(parsing: text, nowUnixNano: 0) }
        #expect(error?.column == column && error?.hint == hint, "\(String(describing: error))")
    }

    @Test(
        arguments: [
            ("odd", "odd name"), ("'checkout'", "checkout"), ("“checkout”", "checkout"), ("CheckOut", "checkout"),
            ("checkout,", "checkout"), ("chekout", "checkout"), ("\"odd name\"", "odd name"), ("check*", "checkout"),
            (" cart", "cart"), ("payment", nil), ("", nil), ("'", nil), ("c", nil),
        ] as [(String, String?)])
    func `the name that was meant is found among those that there are`(name: String, near: String?) {
        #expect(NearName.of(name, among: ["cart", "checkout", "odd name", "odd namesake"]) == near)
    }

    @Test func `a date that is no time says why`() {
        let error = #expect(throws: SpanFilterError.self) {
            try SpanFilter(parsing: "since=2026-02-30", nowUnixNano: 0)
        }
        #expect(error?.hint == "month 2 of 2026 has the days 1 to 28, not 30")
        let other = #expect(throws: SpanFilterError.self) { try SpanFilter(parsing: "since=yesterday", nowUnixNano: 0) }
        #expect(other?.hint.hasPrefix("a time is how long ago") == true)
    }

    @Test(
        arguments: [
            (
                "start<1969-12-31",
                "\"1969-12-31\" is out of range at column 7; "
                    + "it is before the first time that a span can have (1970-01-01T00:00:00Z)"
            ),
            (
                "until=9999-01-01",
                "\"9999-01-01\" is out of range at column 7; "
                    + "it is after the last time that a span can have (2554-07-21T23:34:33.709551615Z)"
            ),
            (
                "since=2026-08-01 12:00",
                "unknown field \"12:00\" at column 18; "
                    + "write T between a date and a time of day, or put both in quotes"
            ),
            (
                "start>2026-08-01 12:00:00.5+02:00 error",
                "unknown field \"12:00:00.5+02:00\" at column 18; "
                    + "write T between a date and a time of day, or put both in quotes"
            ),
        ])
    func `a date that exists and has no number is out of range, and not no time`(text: String, words: String) {
        let error = #expect(throws: SpanFilterError.self) { try SpanFilter(parsing: text, nowUnixNano: 0) }
        #expect(error?.description == words)
    }
}
