import Foundation
import SpanStorage
import SpanStorageTesting
import Testing

@Suite struct TextPatternTests {
    @Test(
        "a pattern is found where it is meant to be",
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
            ("/users/{id}", ["/users/{id}"], ["/users/1"]), ("a{,2}", ["a{,2}"], ["a"]),
            ("^(?:ab)+$", ["abab"], ["aba"]),
            ("^(a*)*$", ["", "aaa"], ["b"]), ("^(a|)*b$", ["aab", "b"], ["a"]), ("(^a)*b", ["ab", "b", "xb"], ["a"]),
            ("a$b", [], ["ab", "a"]), ("}", ["}"], ["{"]), ("\\\"", ["\""], ["\\"]),
        ] as [(String, [String], [String])])
    func table(source: String, found: [String], others: [String]) throws {
        let pattern = try TextPattern(source)
        for text in found { #expect(pattern.matches(text), "\(source) in \(text.debugDescription)") }
        for text in others { #expect(!pattern.matches(text), "\(source) in \(text.debugDescription)") }
    }

    @Test(
        "a faulty pattern says where",
        arguments: [
            ("a)", 2), ("(a", 1), ("a**", 3), ("a+?", 3), ("+", 1), ("a|*", 3), ("(?<x>a)", 1), ("(?", 1), ("[a", 1),
            ("[", 1), ("[z-a]", 2),
            ("[a-\\d]", 2), ("\\", 1), ("\\1", 1), ("\\é", 1), ("a{2,1}", 2), ("a{2", 2), ("{2}", 1), ("a{2,x}", 5),
            ("[\\q]", 2),
            ("\\u{}", 1), ("\\u{d800}", 1), ("\\u41", 1),
        ])
    func faults(source: String, column: Int) {
        let error = #expect(throws: SpanFilterError.self) { try TextPattern(source) }
        #expect(error?.code == .pattern && error?.column == column, "\(source): \(String(describing: error))")
    }

    @Test("random patterns find what the system's regular expressions find")
    func likeSystem() throws {
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

    @Test("patterns that make others go back for ages end at once")
    func hostile() throws {
        let text = String(repeating: "a", count: 2_000)
        for source in ["^(a*)*b", "^(a+)+$b", "^(a|a)*b", "^(a?){200}a{200}b", "^(.*)(.*)(.*)(.*)b"] {
            #expect(try !TextPattern(source).matches(text), "\(source)")
        }
    }

    @Test("of a long text as much is looked at as the limit says")
    func longText() throws {
        let pattern = try TextPattern("ab$|x")
        let filler = String(repeating: "a", count: TextPattern.maxTextLength - 1)
        #expect(pattern.matches(filler + "b"))
        #expect(!pattern.matches(filler + "ab"))
        #expect(!pattern.matches(filler + "ax"))
        #expect(pattern.matches(filler + "xb"))
    }

    @Test("a pattern is kept on one line and without bare quotes")
    func source() throws {
        let pattern = try TextPattern("a\"[\"]\\\"\n\u{202E}")
        #expect(pattern.source == "a\\\"[\\\"]\\\"\\u{a}\\u{202e}")
        #expect(pattern.matches("a\"\"\"\n\u{202E}"))
        #expect(try TextPattern(pattern.source) == pattern)
    }
}
