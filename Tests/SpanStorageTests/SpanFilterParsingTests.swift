import SpanModel
import SpanStorage
import SpanStorageTesting
import Testing

@Suite struct SpanFilterParsingTests {
    /// 2026-08-01T12:00:00Z
    static let now: UInt64 = 1_785_585_600_000_000_000

    static func parse(_ text: String) throws(SpanFilterError) -> SpanFilter {
        try SpanFilter(parsing: text, nowUnixNano: now)
    }

    @Test(
        arguments: [
            ("", ""), ("  \n\t ", ""), ("()", ""), ("not ()", "not ()"), ("not not ()", ""),
            ("service=checkout", "service=checkout"), ("service = \"checkout\"", "service=checkout"),
            ("name=\"GET /\"", "name=\"GET /\""), ("name=\"\"", "name=\"\""), ("name=true", "name=\"true\""),
            ("name=500", "name=\"500\""), ("name=a=b<c", "name=\"a=b<c\""),
            ("name=or or name=not", "name=or or name=not"),
            ("name~\"GET /.*\"", "name~\"GET /.*\""), ("name~^GET", "name~\"^GET\""), ("name !~ a|b", "name!~\"a|b\""),
            ("name~\"a\\\"b\"", "name~\"a\\\"b\""), ("name~\"/users/{id}\"", "name~\"/users/{id}\""),
            ("name=\"a\\\"b\\\\c\\n\\u{1b}\"", "name=\"a\\\"b\\\\c\\n\\u{1b}\""),
            ("duration>100ms", "duration>100ms"), ("duration<=1.5s", "duration<=1500ms"),
            ("duration=0ns", "duration=0ns"),
            ("duration>=90m", "duration>=90m"), ("duration>=120m", "duration>=2h"), ("duration<-5us", "duration<-5us"),
            ("duration>-9223372036854775808ns", "duration>-9223372036854775808ns"),
            ("duration=\"1µs\"", "duration=1us"), ("duration", "duration"),
            ("status=error", "status=error"), ("status!=7", "status!=7"), ("kind=server", "kind=server"),
            ("kind=99", "kind=99"), ("status.message~timeout", "status.message~\"timeout\""),
            ("error", "error"), ("error=true", "error"), ("error=false", "not error"), ("root!=true", "not root"),
            ("running != false", "running"), ("not not error", "error"),
            ("attr.http.response.status_code>=500", "attr.http.response.status_code>=500"),
            ("attr.a=\"500\"", "attr.a=\"500\""), ("attr.a=-5", "attr.a=-5"), ("attr.a=1.50", "attr.a=1.5"),
            ("attr.a=1e3", "attr.a=1000.0"), ("attr.a<99999999999999999999", "attr.a<1e+20"),
            ("attr.a=true", "attr.a=true"),
            ("attr.a=\"true\"", "attr.a=\"true\""), ("attr.a=100ms", "attr.a=\"100ms\""),
            ("attr.a=.5", "attr.a=\".5\""),
            ("attr.a=GET", "attr.a=GET"), ("attr.\"odd key\"=1", "attr.\"odd key\"=1"),
            ("attr.\"plain\"", "attr.plain"),
            ("attr.\"\"", "attr.\"\""), ("resource.host.name=a1", "resource.host.name=a1"),
            ("event=exception", "event=exception"),
            ("event.exception.type", "event.exception.type"), ("scope!=http", "scope!=http"),
            ("since=1h", "start>=2026-08-01T11:00:00Z"), ("until=7d", "start<2026-07-25T12:00:00Z"),
            ("since=2026-08-01", "start>=2026-08-01T00:00:00Z"),
            ("end<2026-08-01T12:00:00.5+02:00", "end<2026-08-01T10:00:00.500000000Z"),
            ("since=500000h", "start>=1970-01-01T00:00:00Z"), ("start>=1h", "start>=2026-08-01T11:00:00Z"),
            ("trace=5B8AA5A2D2C872E8321CF37308D69DF2", "trace=5b8aa5a2d2c872e8321cf37308d69df2"),
            ("span=0000000000000010 parent!=0000000000000020", "span=0000000000000010 parent!=0000000000000020"),
            ("error root", "error root"), ("error and root", "error root"), ("error or root", "error or root"),
            ("error or root running", "error or root running"), ("(error or root) running", "(error or root) running"),
            ("error or (root running)", "error or root running"), ("not (error root)", "not (error root)"),
            ("not error root", "not error root"), ("not(error)or(root)", "not error or root"),
            ("((error) ((root)))", "error root"), ("error or (root or running)", "error or root or running"),
            ("error () root", "error root"), ("error or ()", ""), ("error not ()", "not ()"),
        ])
    func `a filter is written in one form`(text: String, expected: String) throws {
        let filter = try Self.parse(text)
        #expect(filter.text == expected)
        #expect(try Self.parse(filter.text) == filter)
    }

    @Test(
        arguments: [
            ("service=cart durations>1", "unknown field \"durations\" at column 14; did you mean duration?"),
            ("Service=cart", "unknown field \"Service\" at column 1; did you mean service?"),
            ("error OR root", "unknown field \"OR\" at column 7; did you mean or?"),
            (
                "http.method=GET",
                "unknown field \"http.method\" at column 1; did you mean attr.http.method or resource.http.method?"
            ),
            ("span.http.method=GET", "unknown field \"span.http.method\" at column 1; did you mean attr.http.method?"),
            ("name==x", "unexpected = after = at column 6; did you mean =?"),
            ("name=~x", "unexpected ~ after = at column 6; did you mean ~?"),
            ("name<>x", "unexpected > after < at column 6; put a value that starts with it in quotes"),
            ("!error", "a ! before a term at column 1; write not before a term"),
            ("=error", "no field here at column 1; write a term such as service=checkout"),
            ("root and !(error)", "a ! before a term at column 10; write not before a term"),
            ("error !", "a ! without = or ~ at column 7; write not before a term"),
            ("name=", "a value is missing at column 6; write \"\" for an empty one"),
            ("name=(a)", "a value is missing at column 6; write \"\" for an empty one"),
            ("name=a(b)", "unexpected ( after a value at column 7; put the whole value in quotes"),
            ("name=\"a\"b", "unexpected b after a value at column 9; put a space between terms"),
            ("name=\"a", "a quote that is not closed at column 6; write \" where the value ends"),
            ("name=\"a\\", "a quote that is not closed at column 6; write \" where the value ends"),
            ("name=\"\\q\"", "an unknown escape at column 7; \\\" \\' \\\\ \\n \\r \\t \\u{1f600} are known"),
            ("name=\"\\u{110000}\"", "an unknown escape at column 7; \\\" \\' \\\\ \\n \\r \\t \\u{1f600} are known"),
            ("(error", "a ( without a ) at column 1"), ("error)", "a ) without a ( at column 6"),
            ("error or", "a term is missing at column 9"),
            ("or error", "nothing before or at column 1; a term is missing there"),
            ("not", "a term is missing at column 4"),
            ("kind>server", "kind has no > at column 5; it has = and !="),
            ("duration~1", "duration has no ~ at column 9; it has = != < <= > >="),
            ("error~x", "error has no ~ at column 6; write error or not error"),
            ("error=maybe", "\"maybe\" is neither true nor false at column 7; write error or not error"),
            (
                "duration>5",
                "\"5\" is no duration at column 10; a duration is a number with a unit: 250us, 100ms, 1.5s, 2m, 1h"
            ),
            (
                "duration>99999999999d",
                "\"99999999999d\" is out of range at column 10; a duration has at most 292 years (106751d)"
            ),
            (
                "duration>-99999999999999999999.5h",
                "\"-99999999999999999999.5h\" is out of range at column 10; a duration has at most 292 years (106751d)"
            ),
            (
                "since=1796000000",
                "\"1796000000\" is no time at column 7; numbers since 1970 are not taken; write a date like "
                    + "2026-08-01T12:00:00Z (date -u -d @SECONDS +%FT%TZ prints one)"
            ),
            (
                "until=1796000000123.25",
                "\"1796000000123.25\" is no time at column 7; numbers since 1970 are not taken; write a date like "
                    + "2026-08-01T12:00:00Z (date -u -d @SECONDS +%FT%TZ prints one)"
            ),
            (
                "since=soon",
                "\"soon\" is no time at column 7; a time is how long ago (30m, 1h, 2d) or a date like 2026-08-01T12:00:00Z"
            ),
            ("since", "a time is missing at column 6; write since=1h or until=2026-08-01"),
            ("since>1h", "since and until take = alone at column 6; start takes < and >="),
            ("trace=12", "\"12\" is no trace id at column 7; it has 32 hexadecimal digits"),
            ("status=bad", "\"bad\" is no status at column 8; a status is unset, ok, error"),
            ("attr.=1", "attr. without a key at column 6; write attr.KEY or attr.\"KEY\""),
            ("attr.a=1e999", "\"1e999\" is too large a number at column 8; put it in quotes to compare it as a text"),
            ("attr.a<true", "true and false have no < at column 7; they have = and !="),
            ("name~\"a(b\"", "a ( without a ) at column 8; write \\( for the character"),
            ("name~*a", "nothing to repeat at column 6; write \\* for the character"),
            ("name~\"a{2}{3}\"", "a repetition of a repetition at column 11; put the first one in parentheses"),
            ("name~\"é\\b\"", "an unknown escape at column 8; write (^|\\W) and (\\W|$) for the ends of a word"),
        ])
    func `what is no filter says where and what to do`(text: String, description: String) {
        let error = #expect(throws: SpanFilterError.self) { try Self.parse(text) }
        #expect(error?.description == description)
    }

    @Test func `a caret stands below the fault, in a part of a long text that fits a terminal`() throws {
        let text = "service=cart durations>1"
        let error = try #require(throws: SpanFilterError.self) { try Self.parse(text) }
        #expect(error.caretLines(in: text) == "service=cart durations>1\n             ^")
        let long =
            "name=\u{1B}[2J\n" + String(repeating: " error", count: 100) + " nme"
            + String(repeating: " root", count: 100)
        let far = try #require(throws: SpanFilterError.self) { try Self.parse(long) }
        let lines = far.caretLines(in: long).split(separator: "\n")
        #expect(lines.count == 2 && lines[0].count == 76)
        #expect(lines[0].dropFirst(lines[1].count - 1).hasPrefix("nme root"))
        let early = SpanFilterError(.syntax, "x", column: 3)
        #expect(early.caretLines(in: "\u{1B}\n\u{202E}") == "···\n  ^")
        for column in [Int.min, -1, 0, 1, 9, 1_000_000, .max] {
            let lines = SpanFilterError(.syntax, "x", column: column).caretLines(in: long).split(separator: "\n")
            #expect(lines.count == 2 && lines[1].count <= lines[0].count + 1, "\(column) \(lines)")
        }
    }

    @Test(
        arguments: [
            String(repeating: " ", count: SpanFilterLimits.maxLength + 1),
            String(repeating: "error ", count: SpanFilterLimits.maxTerms + 1),
            String(repeating: "(", count: SpanFilterLimits.maxDepth + 1) + "error"
                + String(repeating: ")", count: SpanFilterLimits.maxDepth + 1),
            String(repeating: "not ", count: SpanFilterLimits.maxDepth + 1) + "error",
            String(repeating: "name~a{900} ", count: 5),
            "name~a{1001}", "name~\"(a{100}){100}\"", "name~\"((((()|a){1000}){1000}){1000}){1000}\"",
            "name~" + String(repeating: "a", count: TextPattern.maxLength + 1),
            "name~\"" + String(repeating: "(", count: TextPattern.maxDepth + 1) + "a"
                + String(repeating: ")", count: TextPattern.maxDepth + 1) + "\"",
        ])
    func `a filter beyond a limit is refused`(text: String) {
        let error = #expect(throws: SpanFilterError.self) { try Self.parse(text) }
        #expect(error?.code == .tooLarge)
    }

    @Test func `what is as large as it may be is taken`() throws {
        let terms = [String](repeating: "error", count: SpanFilterLimits.maxTerms).joined(separator: " ")
        #expect(try Self.parse(terms).text == terms)
        let nested = try Self.parse(
            String(repeating: "(", count: SpanFilterLimits.maxDepth) + "error"
                + String(repeating: ")", count: SpanFilterLimits.maxDepth))
        #expect(nested.text == "error")
        let long = try TextPattern("a{998}b")
        #expect(long.matches(String(repeating: "a", count: 998) + "b"))
        #expect(!long.matches(String(repeating: "a", count: 997) + "b"))
        // Repetitions of nothing take no steps, however many they are.
        let nothing = try TextPattern("((((){1000}){1000}){1000}){1000}b")
        #expect(nothing.matches("b") && !nothing.matches("a"))
    }

    @Test func `the text of any filter parses to the same filter and stays on one line`() throws {
        var generator = FilterGenerator(seed: seed)
        var kinds: Set<String> = []
        for _ in 0..<3000 {
            let filter = generator.filter(depth: 4)
            let text = filter.text
            guard text.unicodeScalars.count <= SpanFilterLimits.maxLength else { continue }
            switch Result(catching: { () throws(SpanFilterError) in try Self.parse(text) }) {
            case .success(let parsed): #expect(parsed == filter && parsed.text == text, "\(text)")
            // More terms than a text may have.
            case .failure(let error): #expect(error.code == .tooLarge, "\(text): \(error)")
            }
            #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "\(text)")
            if case .comparison(let comparison) = filter.node {
                kinds.insert(comparison.field.text.prefix(5) + comparison.operation.rawValue)
            }
        }
        #expect(kinds.count > 60)
    }

    @Test func `any bytes are a filter or have a fault within them`() {
        var random = SeededGenerator(seed: seed)
        let words = [
            "service", "name", "attr.", "attr.a", "event.", "duration", "since", "error", "not", "or", "and", "(", ")",
            "=",
            "!=", "<", "<=", ">", "~", "!~", "!", "\"", "\\", "\\u{", "}", "{", "1", "500", "1.5e3", "-", "100ms", "1h",
            "true",
            "[", "]", "\u{1B}", "^", "$", "*", "+", "?", "|", ".", " ", "\n", "\u{0}", "é", "\u{1F680}", "{1000}",
            "{2,",
            "2026-08-01",
            "9223372036854775808", "-9223372036854775809ns", "ffffffffffffffffffffffffffffffff",
        ]
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                if Int.random(in: 0..<5, using: &random) == 0 {
                    bytes.append(.random(in: 0...255, using: &random))
                } else {
                    bytes += Array(words[Int.random(in: 0..<words.count, using: &random)].utf8)
                }
            }
            expectHandled(String(decoding: bytes, as: UTF8.self))
        }
        var generator = FilterGenerator(seed: seed)
        for _ in 0..<2000 {
            // Texts that were filters, with a byte changed, put in or taken out.
            var bytes = Array(generator.filter().text.utf8)
            let place = Int.random(in: 0...bytes.count, using: &random)
            let end = min(place + Int.random(in: 0...1, using: &random), bytes.count)
            bytes.replaceSubrange(place..<end, with: [.random(in: 0...255, using: &random)])
            expectHandled(String(decoding: bytes, as: UTF8.self))
        }
    }

    private func expectHandled(_ text: String) {
        do {
            let filter = try Self.parse(text)
            #expect((try? Self.parse(filter.text)) == filter, "\(text.debugDescription)")
        } catch {
            #expect((1...text.unicodeScalars.count + 1).contains(error.column), "\(text.debugDescription): \(error)")
            let words = error.description + error.caretLines(in: text)
            #expect(
                words.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7F },
                "\(words.debugDescription)")
        }
    }

    @Test func `filters that bytes tell apart are different, and parts that fit no field make none`() throws {
        #expect(try Self.parse("name=\"é\"") != Self.parse("name=\"e\u{301}\""))
        #expect(try Self.parse("attr.\"é\"") != Self.parse("attr.\"e\u{301}\""))
        #expect(try Self.parse("name~\"é\"") != Self.parse("name~\"e\u{301}\""))
        #expect(SpanFilter.compare(.duration, .equal, .text("1s")) == nil)
        #expect(SpanFilter.compare(.name, .matches, .text("a")) == nil)
        #expect(SpanFilter.compare(.attribute("a"), .less, .decimal(.nan)) == nil)
        #expect(SpanFilter.compare(.attribute("a"), .less, .decimal(.infinity)) != nil)
        #expect(SpanFilter.compare(.error, .less, .flag(true)) == nil)
        #expect(SpanFilter.all([]) == .everything && SpanFilter.any([]) == .nothing)
    }
}
