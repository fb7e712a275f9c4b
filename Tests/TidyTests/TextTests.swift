import Foundation
import Testing

/// Rules about the text of files.
@Suite struct TextTests {
    @Test func `no file that people write is longer than 600 lines`() throws {
        let files = try SourceTree.files()
        #expect(files.count > 50, "the files were not found")
        // What a test prints, and what protoc writes.
        let others = ["/Goldens/", "/Generated/"]
        for file in files where !file.path.hasSuffix(".md") && !others.contains(where: file.path.contains) {
            #expect(file.lines.count <= 601, "\(file.path) has \(file.lines.count - 1) lines")
        }
    }

    @Test func `the product holds nothing unfinished and no trap for data from outside`() throws {
        let pattern = /\b(TODO|FIXME|XXX|HACK)\b|\bfatalError\(|\btry!|\bas!/
        let files = try SourceTree.files().filter { $0.path.hasPrefix("Sources/") || $0.path.hasPrefix("Interop/") }
        for file in files {
            for (index, line) in file.lines.enumerated() {
                #expect(!line.contains(pattern), "\(file.path):\(index + 1)")
            }
        }
    }

    @Test func `each test is a function that is named by a sentence`() throws {
        let declaration = #/\bfunc +`[^`]* [^`]*`/#
        let files = try SourceTree.files().filter { $0.path.hasPrefix("Tests/") && $0.path.hasSuffix("Tests.swift") }
        #expect(files.count > 100)
        var tests = 0
        for file in files {
            for (index, line) in file.lines.enumerated() where line.contains(#/^ *@Test\b/#) {
                tests += 1
                // The name stands behind `func`, or in the next line where both do not fit in one.
                let lines = file.lines[index...]
                let function = lines.firstIndex { $0.contains(#/\bfunc\b/#) } ?? lines.endIndex
                let text = lines[function...].prefix(2).joined(separator: " ")
                #expect(text.contains(declaration), "\(file.path):\(index + 1)")
            }
        }
        #expect(tests > 700)
    }

    @Test func `no file names a folder of somebody's machine`() throws {
        let pattern = /(^|[^A-Za-z0-9_.$}*])\/(work|farm|root|home|Users)\//
        for file in try SourceTree.files() {
            for (index, line) in file.lines.enumerated() {
                #expect(!line.contains(pattern), "\(file.path):\(index + 1)")
            }
        }
    }

    @Test func `files end with one line break and have no spaces at the ends of lines`() throws {
        for file in try SourceTree.files() where !file.text.isEmpty && !file.path.hasPrefix("Tests/Corpus/") {
            #expect(file.text.hasSuffix("\n") && !file.text.hasSuffix("\n\n"), "\(file.path)")
            let line = file.lines.firstIndex { $0.hasSuffix(" ") || $0.hasSuffix("\t") || $0.hasSuffix("\r") }
            #expect(line == nil, "\(file.path):\(line.map { $0 + 1 } ?? 0)")
        }
    }

    @Test func `links between the project's pages lead to files that exist`() throws {
        let pages = try SourceTree.files().filter { $0.path.hasSuffix(".md") }
        #expect(pages.count > 3)
        for page in pages {
            let folder = SourceTree.root.appendingPathComponent(page.path).deletingLastPathComponent()
            for match in page.text.matches(of: /\]\(([^)\s]+)\)/) where !match.1.contains("://") {
                let path = match.1.prefix { $0 != "#" }
                guard !path.isEmpty else { continue }
                let target = folder.appendingPathComponent(String(path)).path
                #expect(FileManager.default.fileExists(atPath: target), "\(page.path) → \(path)")
            }
        }
    }
}
