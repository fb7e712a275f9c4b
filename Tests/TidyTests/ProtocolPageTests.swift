import Foundation
import Testing

/// docs/protocol-tests.md is held against docs/protocol.md, row by row, and against the tests that it names.
@Suite struct ProtocolPageTests {
    /// The lines of a page below a heading.
    static func section(_ heading: String, of page: String) throws -> [Substring] {
        let lines = try SourceTree.text(page).split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: "## \(heading)"), "\(page) has no \(heading)")
        return Array(lines[(start + 1)...].prefix { !$0.hasPrefix("## ") })
    }

    /// The cells of each row of the section's tables, the head aside.
    static func rows(_ heading: String, of page: String) throws -> [[String]] {
        let rows = try section(heading, of: page).filter { $0.hasPrefix("|") }.map { line in
            line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
        return Array(rows.dropFirst(2))
    }

    @Test(arguments: ["Collector", "Sender"])
    func `every row of the protocol's transitions has its tests`(side: String) throws {
        let heading = "\(side): transitions"
        let expected = try Self.rows(heading, of: "docs/protocol.md").map { Array($0.prefix(2)) }
        let rows = try Self.rows(heading, of: "docs/protocol-tests.md")
        #expect(expected.count > 10)
        #expect(rows.map { Array($0.prefix(2)) } == expected)
        for row in rows { #expect(row.count == 3 && row[2].contains("`"), "\(row)") }
    }

    @Test func `every rule of the protocol has its tests`() throws {
        let rules = try Self.section("Rules", of: "docs/protocol.md").compactMap {
            $0.firstMatch(of: #/^([0-9]+)\. /#)?.1
        }
        #expect(rules.count >= 14)
        let rows = try Self.rows("Rules", of: "docs/protocol-tests.md")
        #expect(rows.map { $0[0] } == rules.map(String.init))
        for row in rows { #expect(row.count == 2 && row[1].contains("`"), "\(row)") }
    }

    @Test func `every test that the page names exists`() throws {
        let tests = try SourceTree.files(in: "Tests", suffix: ".swift").filter { !$0.path.contains("TidyTests") }
        var known: Set<String> = []
        for line in tests.flatMap(\.lines) {
            for (start, end) in [("func `", "`"), ("@Test(\"", "\"")] {
                guard let from = line.range(of: start)?.upperBound else { continue }
                guard let to = line.range(of: end, range: from..<line.endIndex)?.lowerBound else { continue }
                known.insert(String(line[from..<to]))
            }
        }
        var named = 0
        for heading in ["Frame", "Collector: transitions", "Sender: transitions", "Rules", "Compression"] {
            for row in try Self.rows(heading, of: "docs/protocol-tests.md") {
                for match in (row.last ?? "").matches(of: #/`([^`]+)`/#) {
                    named += 1
                    #expect(known.contains(String(match.1)), "\(heading): no test is called \(match.1)")
                }
            }
            for line in try Self.section(heading, of: "docs/protocol-tests.md") where line.hasPrefix("In every state") {
                for match in line.matches(of: #/`([^`]+)`/#) { #expect(known.contains(String(match.1)), "\(match.1)") }
            }
        }
        #expect(named > 80)
    }
}
