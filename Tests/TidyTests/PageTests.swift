import Foundation
import Testing

/// Pages for people: how long their paragraphs are, and that names in them are those of the code.
@Suite struct PageTests {
    /// A longer paragraph or list item is split, or becomes a table.
    static let longestParagraph = 500

    /// Paragraphs and list items, each on one line; without headings, tables and code.
    static func paragraphs(of text: String) -> [String] {
        var result: [String] = []
        var isOpen = false
        var isCode = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let content = line.trimmingCharacters(in: .whitespaces)
            if content.hasPrefix("```") { isCode.toggle() }
            guard !isCode, !content.isEmpty, content.first != "|", content.first != "#", !content.hasPrefix("```")
            else {
                isOpen = false
                continue
            }
            let isItem = content.firstMatch(of: #/^([-*]|[0-9]+\.) /#) != nil
            if isOpen, !isItem {
                result[result.count - 1] += " " + content
            } else {
                result.append(content)
            }
            isOpen = true
        }
        return result
    }

    @Test func `paragraphs are found on their own, in lists and over several lines`() {
        let page = """
            # Title
            One
            goes on.
            - two
              goes on
            - three
            ```
            code
            ```
            | a | table |

            1. four
            """
        #expect(Self.paragraphs(of: page) == ["One goes on.", "- two goes on", "- three", "1. four"])
    }

    @Test func `no paragraph of a page is longer than 500 characters`() throws {
        let isPage = { (path: String) in
            path.hasSuffix("README.md")
                || path.hasSuffix(".md") && (path.hasPrefix("docs/") || path.contains(".docc/") || !path.contains("/"))
        }
        let pages = try SourceTree.files().filter { isPage($0.path) }
        #expect(pages.count > 20)
        for page in pages {
            for paragraph in Self.paragraphs(of: page.text) where paragraph.count > Self.longestParagraph {
                Issue.record("\(page.path): \(paragraph.count) characters: \(paragraph.prefix(60))…")
            }
        }
    }

    @Test func `types and targets that docs/architecture.md says to start at exist`() throws {
        let page = try SourceTree.text("docs/architecture.md")
        let section = try #require(page.components(separatedBy: "\n## Where to change what\n").dropFirst().first)
        let rows = section.components(separatedBy: "\n## ")[0].split(separator: "\n").filter { $0.hasPrefix("| ") }
            .dropFirst()
        #expect(rows.count > 10)
        let paths = try SourceTree.files().map(\.path).filter { $0.hasPrefix("Sources/") || $0.hasPrefix("Tests/") }
        let folders = paths.flatMap { $0.split(separator: "/").dropLast() }
        let files = paths.compactMap {
            $0.split(separator: "/").last?.split(separator: ".").first?.split(separator: "+").first
        }
        let known = Set(folders).union(files)
        for row in rows {
            let cells = row.components(separatedBy: " | ")
            try #require(cells.count == 4, "\(row)")
            let names = (cells[1] + cells[3]).matches(of: /`([A-Z]\w+)/).map(\.1)
            #expect(!names.isEmpty, "\(row)")
            for name in names { #expect(known.contains(name), "\(cells[0]): there is no \(name)") }
        }
    }

    @Test
    func `every library of the manifest has a catalogue of its documentation, and is listed for the package index`()
        throws
    {
        let manifest = try SourceTree.text("Package.swift")
        let libraries = manifest.matches(of: /\.library\(name: "\w+", targets: \[(.*?)\]\)/).flatMap {
            $0.1.matches(of: /"(\w+)"/).map { String($0.1) }
        }
        #expect(libraries.count > 10)
        let index = try SourceTree.text(".spi.yml").split(separator: "\n").compactMap {
            $0.firstMatch(of: /^ +- (Span\w+|ProtoWire)$/).map { String($0.1) }
        }
        #expect(index.sorted() == libraries.sorted())
        for library in libraries {
            let page = try SourceTree.text("Sources/\(library)/\(library).docc/\(library).md")
            #expect(page.hasPrefix("# ``\(library)``\n"))
        }
    }

    @Test func `the changelog names the version that the command prints`() throws {
        let command = try SourceTree.text("Sources/spanwire/Spanwire.swift")
        let version = try #require(command.firstMatch(of: /static let version = "([0-9.]+)"/)?.1)
        #expect(try SourceTree.text("CHANGELOG.md").contains(version))
    }
}
