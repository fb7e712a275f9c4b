import Foundation
import Testing

/// What stands above what inside a target: docs/architecture.md names the arrows between folders, and no circle of files is
/// longer than a few.
@Suite struct FolderTests {
    /// Files that a circle may have.
    private static let longest = 3

    /// Targets that have a longer circle, and how long it is: none of them may grow.
    private static let known = [
        "ProtoWire": 4, "SpanCapture": 5, "SpanStorage": 4, "SpanTransport": 9, "spanwire": 18,
    ]

    /// Folder → folders that it uses, from the lines ``- `Target/Folder` uses `A`, `B`: …``.
    private static func arrows() throws -> [String: Set<String>] {
        var arrows: [String: Set<String>] = [:]
        for line in try SourceTree.text("docs/architecture.md").split(separator: "\n") where line.hasPrefix("- `") {
            guard let match = line.firstMatch(of: #/^- `(\w+\/\w+)` uses (.*?):/#) else { continue }
            arrows[String(match.1)] = ArchitectureTests.quoted(String(match.2), by: "`")
        }
        return arrows
    }

    @Test func `a folder of a target uses only what its line names, and every folder of such a target has a line`()
        throws
    {
        let arrows = try Self.arrows()
        let targets = Set(arrows.keys.compactMap { $0.split(separator: "/").first.map(String.init) })
        #expect(targets.isSuperset(of: ["SpanBlockStore", "SpanStorageSQLite"]))
        for target in targets {
            let files = try SourceTree.files(in: "Sources/\(target)", suffix: ".swift")
            func folder(_ path: String) -> String { String(path.split(separator: "/").dropLast().last ?? "") }
            let found = Set(files.map { "\(target)/\(folder($0.path))" })
            #expect(found == Set(arrows.keys.filter { $0.hasPrefix(target + "/") }))
            for (path, others) in FileGraph(files).arrows {
                let own = folder(path)
                let allowed = (arrows["\(target)/\(own)"] ?? []).union([own])
                for other in others where !allowed.contains(folder(other)) {
                    Issue.record("\(path) uses \(other), and \(target)/\(own) no \(folder(other))")
                }
            }
        }
    }

    @Test func `no folder is reached from itself`() throws {
        let arrows = try Self.arrows()
        for start in arrows.keys {
            let target = start.split(separator: "/")[0]
            var reached: Set<String> = []
            var open = Array(arrows[start] ?? [])
            while let next = open.popLast() {
                if reached.insert(next).inserted { open += arrows["\(target)/\(next)"] ?? [] }
            }
            #expect(!reached.contains(String(start.split(separator: "/")[1])), "\(start)")
        }
    }

    @Test func `circles of files are short`() throws {
        let files = try SourceTree.files(in: "Sources", suffix: ".swift")
        let targets = Dictionary(grouping: files) { String($0.path.split(separator: "/")[1]) }
        for (target, files) in targets.sorted(by: { $0.key < $1.key }) {
            let circles = FileGraph(files).circles
            for circle in circles where circle.count > Self.known[target] ?? Self.longest {
                Issue.record("\(target) has a circle of \(circle.count) files: \(circle.joined(separator: ", "))")
            }
            // Whoever opens a circle says so here.
            if Self.known[target] != nil {
                let longest = circles.map(\.count).max() ?? 1
                #expect(longest > Self.longest, "\(target) has no long circle any more: take it off the list")
            }
        }
    }

    @Test func `the graph of files knows a type by its name, but not in texts and comments`() {
        let files = [
            SourceTree.File(path: "a", text: "package struct Alpha { let beta: Beta.Inner }\n"),
            SourceTree.File(path: "b", text: "enum Beta {}\n// Gamma\nlet text = \"Gamma\"\n"),
            SourceTree.File(path: "c", text: "final class Gamma { var alpha = [Alpha]() }\n/// Delta\n"),
            SourceTree.File(path: "d", text: "struct Delta { let gamma: Gamma, delta: Epsilon }\n"),
            SourceTree.File(path: "e", text: "struct Epsilon { let delta: any Delta }\n"),
        ]
        let graph = FileGraph(files)
        #expect(graph.arrows == ["a": ["b"], "b": [], "c": ["a"], "d": ["c", "e"], "e": ["d"]])
        #expect(graph.circles == [["d", "e"]])
    }
}
