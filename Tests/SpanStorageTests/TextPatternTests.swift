import Foundation
import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageSQLite
import SpanStorageTesting
import Testing

@Suite struct TextPatternTests {
    @Test(
        arguments: [
            ("", ["", "a"], []), ("a", ["a", "xax"], ["", "b", "A"]), ("^a", ["ab"], ["ba"]),
            ("a$", ["ba"], ["ab", "a\n"]),
            ("^$", [""], ["a"]), ("^a|b$", ["ax", "xb"], ["xa", "bx"]), ("^(a|b)$", ["a", "b"], ["ab", ""]),
            ("GET /.*", ["GET /cart", "x GET /"], ["GET", "POST /"]),
            ("^.$", ["a", "é", "\u{1F680}", "\n"], ["", "ab", "e\u{301}"]),
            ("[a-c]", ["b"], ["d", "-"]), ("[^a-c]", ["d"], ["abc", ""]), ("[-a]", ["-", "a"], ["b"]),
            ("[a-]", ["-"], ["b"]),
            ("[]a]", ["]", "a"], ["b"]), ("[^]a]", ["b"], ["]a"]), ("[\\d.]", ["7", "."], ["a"]),
            ("[^\\d\\s]", ["a"], ["1 2"]),
            ("[é-ü]", ["ö"], ["e"]), ("[\\]\\\\]", ["]", "\\"], ["["]), ("\\d+ms", ["12ms"], ["ms", "١ms"]),
            ("^\\w+$", ["a_1"], ["a-1", "é"]),
            ("^\\S+$", ["a1"], ["a 1"]), ("\\D", ["a"], ["1"]), ("\\W", ["-"], ["a"]), ("a\\.b", ["a.b"], ["axb"]),
            ("\\u{1f680}", ["\u{1F680}"], ["u"]), ("a\\nb", ["a\nb"], ["anb"]), ("^a{3}$", ["aaa"], ["aa", "aaaa"]),
            ("^a{2,}$", ["aa", "aaaa"], ["a"]), ("^a{1,2}$", ["a", "aa"], ["", "aaa"]), ("^a{0}$", [""], ["a"]),
            ("/users/{id}", ["/users/{id}"], ["/users/1"]), ("a{,}", ["a{,}"], ["a"]),
            ("^(?:ab)+$", ["abab"], ["aba"]),
            ("^(a*)*$", ["", "aaa"], ["b"]), ("^(a|)*b$", ["aab", "b"], ["a"]), ("(^a)*b", ["ab", "b", "xb"], ["a"]),
            ("^[[:alpha:]]+$", ["aZ"], ["a1", "", ":", "é"]), ("^[^[:alpha:]_]$", ["1", ":"], ["a", "_"]),
            ("^[[:upper:][:digit:]-]+$", ["A-1"], ["a"]), ("^[[:^digit:]]$", ["a"], ["1"]),
            ("^[[:xdigit:]]$", ["f", "F", "0"], ["g"]), ("^[[:space:]]$", [" ", "\n"], ["a"]),
            ("^[[:blank:]]$", [" ", "\t"], ["\n"]), ("^[[:punct:]]$", ["!", "[", "~"], ["a", " "]),
            ("^[[:cntrl:]]$", ["\u{1B}"], ["a"]), ("^[[:graph:]]$", ["a", "!"], [" "]),
            ("^[[:print:]]$", ["a", " "], ["\n"]), ("^[[:lower:]]$", ["a"], ["A"]),
            ("^[[:alnum:]]$", ["a", "1"], ["-"]),
            ("^[\\[:]$", ["[", ":"], ["a"]), ("^[a:]$", ["a", ":"], ["b"]), ("^[&a]$", ["&"], ["b"]),
            ("^[:a]$", ["a", ":"], ["b"]), ("^[^:a]$", ["b"], ["a", ":"]), ("^[[]$", ["["], ["a"]),
            ("^[a.[]$", ["[", "."], ["b"]), ("^[\\d-]$", ["-", "1"], ["a"]), ("^[[:digit:]-]$", ["-", "1"], ["a"]),
            ("^[+--]$", ["+", "-"], ["."]), ("^(^)*a", ["a"], ["b"]), ("{ a}", ["{ a}"], ["a"]),
            ("a$b", [], ["ab", "a"]), ("}", ["}"], ["{"]), ("\\\"", ["\""], ["\\"]),
        ] as [(String, [String], [String])])
    func `a pattern is found where it is meant to be`(source: String, found: [String], others: [String]) throws {
        let pattern = try TextPattern(source)
        for text in found { #expect(pattern.matches(text), "\(source) in \(text.debugDescription)") }
        for text in others { #expect(!pattern.matches(text), "\(source) in \(text.debugDescription)") }
    }

    @Test(
        arguments: [
            ("a)", 2), ("(a", 1), ("a**", 3), ("a+?", 3), ("+", 1), ("a|*", 3), ("(?<x>a)", 1), ("(?", 1), ("[a", 1),
            ("[", 1), ("[z-a]", 2),
            ("[a-\\d]", 2), ("\\", 1), ("\\1", 1), ("\\é", 1), ("a{2,1}", 2), ("a{2", 2), ("{2}", 1), ("a{2,x}", 5),
            ("[\\q]", 2), ("[:alpha:]", 1), ("[[:foo:]]", 2), ("[[.a.]]", 2), ("[[=a=]]", 2), ("[a-[:digit:]]", 2),
            ("a{,2}", 2), ("[a-z&&[^b]]", 5), ("(?i)a", 1), ("a(?=b)", 2), ("(?!a)", 1), ("(?<=a)b", 1), ("(?#x)", 1),
            ("\\bGET", 1), ("[\\b]", 2), ("\\p{L}", 1), ("\\x41", 1), ("\\Aa", 1), ("a\\Z", 2), ("a*+", 3),
            ("a{2}?", 5),
            ("\\u{}", 1), ("\\u{d800}", 1), ("\\u41", 1),
        ])
    func `a faulty pattern says where`(source: String, column: Int) {
        let error = #expect(throws: SpanFilterError.self) { try TextPattern(source) }
        #expect(error?.code == .pattern && error?.column == column, "\(source): \(String(describing: error))")
    }

    @Test(
        arguments: [
            ("[:alpha:]", 1, "write [[:alpha:]]"), ("[:^alpha:]", 1, "write [[:^alpha:]]"),
            ("[^:alpha:]", 1, "write [^[:alpha:]]"), ("x[:foo:]", 2, "write [[:foo:]]"), ("[:digit]", 2, "[:digit:]"),
            ("[_:digit:]", 3, "[:digit:]"), ("[:digit:_]", 2, "[:digit:]"), ("[^_:digit:a]", 4, "[:digit:]"),
            ("[[:alpha]]", 2, "write [[:alpha:]]"), ("[[:alpha]", 2, "write [[:alpha:]]"), ("[[:]]", 2, "\\["),
            ("[[:]", 2, "\\["), ("[[::]]", 2, "\\["), ("[[: alpha :]]", 2, "\\["), ("[[:<:]]a", 2, "\\["),
            ("[[.a.]]", 2, "write the characters themselves"), ("[[=a=]]", 2, "write the characters themselves"),
            ("[[.hyphen.]]", 2, "write the characters themselves"), ("[[.]", 2, "\\["), ("[[=]", 2, "\\["),
            ("[^[=a=]]", 3, "write the characters themselves"), ("[a[=a=]]", 3, "write the characters themselves"),
            ("[[:Alpha:]]", 2, "alpha"), ("[[:word:]]", 2, "classes are"),
            ("[\\d-z]", 4, "put the - first or last"), ("[[:digit:]-z]", 11, "put the - first or last"),
            ("[a-\\d]", 2, "put the - first or last"), ("[a-[:digit:]]", 2, "put the - first or last"),
            ("[z-a]", 2, "write a-z"), ("[a-[.b.]]", 4, "write the characters themselves"),
            ("\\<GET\\>", 1, "ends of a word"), ("GET\\>", 4, "ends of a word"), ("\\bGET", 1, "ends of a word"),
            ("\\Qa.b\\E", 1, "a backslash before each"), ("\\h", 1, "are known"), ("\\R", 1, "are known"),
            ("\\N", 1, "are known"), ("\\X", 1, "are known"), ("\\K", 1, "are known"), ("\\G", 1, "are known"),
            ("\\cA", 1, "are known"), ("\\o{101}", 1, "are known"), ("\\u0041", 1, "\\u{1f600}"),
            ("(?i)a", 1, "both cases"), ("(?i:a)", 1, "both cases"), ("(?>a)", 1, "are known"),
            ("(?|a)", 1, "are known"),
            ("(?1)", 1, "are known"), ("(?P=n)", 1, "no names"), ("(*UTF)a", 2, "\\*"),
            ("a*?", 3, "leave out the ?"), ("a??", 3, "leave out the ?"), ("a{2,3}?", 7, "leave out the ?"),
            ("a++", 3, "leave out the +"), ("a*+", 3, "leave out the +"), ("a?+", 3, "leave out the +"),
            ("a{2}+", 5, "leave out the +"), ("a**", 3, "in parentheses"), ("a{2}{3}", 5, "in parentheses"),
            ("a{,3}", 2, "{0,2}"), ("a{ 2}", 2, "{2,5}"), ("a{ ,3}", 2, "{0,2}"), ("a{2 }", 2, "{2,5}"),
            ("a{2, 3}", 5, "{2,5}"), ("^*a", 2, "leave it out"), ("a$+", 3, "leave it out"),
            ("^{2}", 2, "leave it out"),
            ("(a)\\1", 4, "write it out"), ("\\k<n>", 1, "write it out"), ("\\g1", 1, "write it out"),
        ])
    func `what other regular expressions read differently is refused, and the hint says what to write`(
        source: String, column: Int, hint: String
    ) {
        let error = #expect(throws: SpanFilterError.self) { try TextPattern(source) }
        #expect(error?.code == .pattern && error?.column == column, "\(source): \(String(describing: error))")
        #expect(error?.hint.contains(hint) == true, "\(source): \(String(describing: error))")
    }

    @Test func `random patterns find what the system's regular expressions find`() throws {
        var generator = ReportGenerator(seed: seed)
        var counts = (found: 0, not: 0)
        for _ in 0..<1500 {
            let source = Self.source(&generator, depth: 3)
            let pattern = try TextPattern(source)
            let system = try NSRegularExpression(pattern: source)
            for _ in 0..<6 {
                let text = (0..<generator.pick([0, 1, 2, 3, 5, 8])).map { _ in generator.pick(["a", "b", "c", "é"]) }
                    .joined()
                let expected = system.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
                #expect(pattern.matches(text) == expected, "\(source) in \(text)")
                if expected { counts.found += 1 } else { counts.not += 1 }
            }
        }
        #expect(counts.found > 500 && counts.not > 500)
    }

    private static func source(_ generator: inout ReportGenerator, depth: Int) -> String {
        let single = generator.pick(["a", "b", "c", "é", ".", "[ab]", "[^a]", "[b-é]"])
        guard depth > 0 else { return single }
        let inner = (0..<generator.pick([1, 2])).map { _ in source(&generator, depth: depth - 1) }.joined()
        switch Int.random(in: 0..<9, using: &generator.random) {
        case 0: return single
        case 1: return "^" + inner
        case 2: return inner + "$"
        case 3: return "(" + inner + "|" + source(&generator, depth: depth - 1) + ")"
        case 4: return "(" + inner + ")" + generator.pick(["*", "+", "?"])
        case 5: return "(?:" + inner + ")" + generator.pick(["{2}", "{0,2}", "{1,}", "{0}", "{1,3}"])
        case 6: return single + generator.pick(["*", "+", "?", "{2}"]) + inner
        default: return inner
        }
    }

    @Test func `patterns that make others go back for ages end at once`() throws {
        let text = String(repeating: "a", count: 2_000)
        for source in ["^(a*)*b", "^(a+)+$b", "^(a|a)*b", "^(a?){200}a{200}b", "^(.*)(.*)(.*)(.*)b"] {
            #expect(try !TextPattern(source).matches(text), "\(source)")
        }
    }

    @Test func `a query whose patterns take too long ends with words, on every engine, and one whose do not goes on`()
        async throws
    {
        let text = String(repeating: "a", count: 3_000) + "c"
        let spans = (1...20).map { number in
            SpanRecord(
                traceID: TraceID(high: 1, low: UInt64(number)), spanID: SpanID(1), name: "n",
                startTimeUnixNano: UInt64(number), attributes: [Attribute("k", .string(text)), Attribute("n", .int(1))])
        }
        let reports = SpanBatch(resourceSpans: [
            ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
        ])
        let folder = try TemporaryFolder()
        let stores: [any SpanStore] = [
            InMemorySpanStore(), try await SQLiteSpanStore.open(path: folder.file("work.db"), mode: .readWrite),
        ]
        for store in stores {
            try await store.append([IncomingBatch(reports: reports)])
            for source in ["attr.k~\"a{300}b\"", "not attr.k~\"(a|aa){100}b\""] {
                let tight = try SpanFilter(parsing: source, nowUnixNano: 0).metered(limit: 1_000_000)
                let scan = SpanScan(filter: tight)
                let questions: [() async throws -> Void] = [
                    { _ = try await store.search(SpanQuery(filter: tight)) },
                    { _ = try await store.search(SpanQuery(filter: tight, order: .longest)) },
                    { _ = try await store.scan(scan, into: 0) { _, _ in true } },
                    { _ = try await store.operations(scan) }, { _ = try await store.latency(LatencyQuery(scan)) },
                    { _ = try await store.attributeKeys(scan) }, { _ = try await store.dependencies(scan) },
                    { _ = try await store.slow(SlowQuery(scan)) },
                ]
                for ask in questions {
                    let error = await #expect(throws: SpanStoreError.self) { try await ask() }
                    #expect(error?.code == .invalidQuery && error?.message.contains("patterns") == true)
                }
            }
            // The next query has as much again, and usual patterns cost nothing.
            let usual = try SpanFilter(parsing: "attr.k~\"a+c$\"", nowUnixNano: 0).metered(limit: 1_000)
            #expect(try await store.search(SpanQuery(filter: usual)).count == 20)
            #expect(try await store.search(SpanQuery(filter: usual)).count == 20)
            try await store.close()
        }
    }

    @Test func `sets cost more than characters, as they take longer`() throws {
        let text = String(repeating: "a", count: 3_000)
        func isSpent(_ source: String, _ limit: Int) throws -> Bool {
            let filter = try SpanFilter(parsing: "name~\"\(source)\"", nowUnixNano: 0).metered(limit: limit)
            let span = SpanRecord(
                traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: text, startTimeUnixNano: 1)
            _ = filter.matches(MergedSpan(span: span, origin: SpanOrigin()))
            do { try filter.checkPatternWork() } catch { return true }
            return false
        }
        // 300 ways through each of about 3,000 characters, of which 32 are free.
        let steps = 268 * 2_850
        #expect(try !isSpent("a{300}b", steps * 11 / 10) && isSpent("a{300}b", steps * 8 / 10))
        #expect(try !isSpent("[ab]{300}c", steps * 22 / 10) && isSpent("[ab]{300}c", steps * 16 / 10))
    }

    @Test func `of a long text as much is looked at as the limit says`() throws {
        let pattern = try TextPattern("ab$|x")
        let filler = String(repeating: "a", count: TextPattern.maxTextLength - 1)
        #expect(pattern.matches(filler + "b"))
        #expect(!pattern.matches(filler + "ab"))
        #expect(!pattern.matches(filler + "ax"))
        #expect(pattern.matches(filler + "xb"))
    }

    @Test func `a pattern is kept on one line and without bare quotes`() throws {
        let pattern = try TextPattern("a\"[\"]\\\"\n\u{202E}")
        #expect(pattern.source == "a\\\"[\\\"]\\\"\\u{a}\\u{202e}")
        #expect(pattern.matches("a\"\"\"\n\u{202E}"))
        #expect(try TextPattern(pattern.source) == pattern)
    }
}
