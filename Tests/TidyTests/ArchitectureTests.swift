import Foundation
import Testing

/// The table of targets in docs/architecture.md is the rule; code and manifest are held against it.
@Suite struct ArchitectureTests {
    /// Parts of the toolchain that any target may import.
    static let standardLibrary: Set<String> = ["Swift", "Synchronization", "_Concurrency"]
    /// Imported under `#if` where there is no Glibc.
    static let twins = ["Darwin": "Glibc", "Musl": "Glibc", "FoundationEssentials": "Foundation"]
    /// Modules of the system's libraries, without Swift files.
    static let systemLibraries: Set<String> = ["CMalloc", "CSQLite", "CZlib", "CZstd"]
    /// Those that a service can link without Foundation and NIO; scripts/check-linkage.sh shows it on a linked program.
    static let core = ["ProtoWire", "SpanModel", "SpanMerge", "SpanSession", "SpanStorage", "SpanCapture"]

    /// Target → what it may import, from the rows `| `Target` | `A`, `B` | … |`.
    static func table() throws -> [String: Set<String>] {
        var result: [String: Set<String>] = [:]
        for line in try SourceTree.text("docs/architecture.md").split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 3 else { continue }
            result[cells[0].replacingOccurrences(of: "`", with: "")] = quoted(cells[1], by: "`")
        }
        return result
    }

    static func quoted(_ text: String, by mark: Character) -> Set<String> {
        let parts = text.split(separator: mark, omittingEmptySubsequences: false)
        return Set(parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) })
    }

    /// A target of Package.swift.
    struct Target {
        var dependencies: Set<String>
        var folder: String
    }

    /// Targets by name, tests aside.
    static func manifest() throws -> [String: Target] {
        let text = try SourceTree.text("Package.swift")
        var result: [String: Target] = [:]
        for kind in [".target(", ".executableTarget(", ".systemLibrary("] {
            for part in text.components(separatedBy: kind).dropFirst() {
                let call = prefix(of: part, upToClosing: "(", ")")
                guard let name = call.firstMatch(of: /name:\s*"([^"]+)"/)?.1 else { continue }
                var names: Set<String> = []
                if let list = call.range(of: "dependencies: [") {
                    var dependencies = prefix(of: String(call[list.upperBound...]), upToClosing: "[", "]")
                    for product in dependencies.matches(of: /\.product\(name:\s*"([^"]+)",\s*package:\s*"[^"]+"\)/) {
                        names.insert(String(product.1))
                    }
                    dependencies.replace(/\.product\([^)]*\)/, with: "")
                    names.formUnion(quoted(dependencies, by: "\""))
                }
                let path = call.firstMatch(of: /path:\s*"([^"]+)"/)?.1 ?? "Sources/\(name)"
                result[String(name)] = Target(dependencies: names, folder: String(path))
            }
        }
        return result
    }

    static func prefix(of text: String, upToClosing open: Character, _ close: Character) -> String {
        var depth = 1
        let end = text.firstIndex { character in
            if character == open { depth += 1 }
            if character == close { depth -= 1 }
            return depth == 0
        }
        return String(text[..<(end ?? text.endIndex)])
    }

    static func imports(of file: SourceTree.File) -> Set<String> {
        let pattern =
            #/
            ^\s* (?: @\w+ (?: \([^)]*\) )? \s+ )* (?: (?: public | package | internal | private | fileprivate ) \s+ )?
            import \s+ (?: (?: struct | class | enum | protocol | func | var | let | typealias ) \s+ )? (\w+)
            /#
        return Set(file.lines.compactMap { $0.firstMatch(of: pattern).map { String($0.1) } })
    }

    @Test func `every target of the manifest stands in docs/architecture.md, and every one there in the manifest`()
        throws
    {
        let targets = Set(try Self.manifest().keys)
        #expect(targets.count >= 11)
        #expect(targets == Set(try Self.table().keys))
    }

    @Test func `a target depends only on what its row names`() throws {
        let table = try Self.table()
        for (target, declared) in try Self.manifest() {
            let extra = declared.dependencies.subtracting(table[target] ?? [])
            #expect(extra.isEmpty, "\(target) depends on \(extra.sorted())")
        }
    }

    @Test func `a file imports only what its target's row names, and of this package only what the manifest declares`()
        throws
    {
        let table = try Self.table()
        let manifest = try Self.manifest()
        for (target, declared) in manifest where !Self.systemLibraries.contains(target) {
            let files = try SourceTree.files(in: declared.folder, suffix: ".swift")
            #expect(!files.isEmpty, "\(declared.folder) has no files")
            for file in files {
                let found = Set(Self.imports(of: file).map { Self.twins[$0] ?? $0 }).subtracting(Self.standardLibrary)
                let extra = found.subtracting(table[target] ?? [])
                #expect(extra.isEmpty, "\(file.path) imports \(extra.sorted())")
                let undeclared = found.filter { manifest[$0] != nil }.subtracting(declared.dependencies)
                #expect(undeclared.isEmpty, "\(file.path) imports \(undeclared.sorted()) without the manifest's word")
            }
        }
    }

    @Test func `a row names nothing that no file of the target imports, and the manifest declares nothing such`() throws
    {
        let table = try Self.table()
        for (target, declared) in try Self.manifest() where !Self.systemLibraries.contains(target) {
            let files = try SourceTree.files(in: declared.folder, suffix: ".swift")
            let found = Set(files.flatMap { Self.imports(of: $0) }.map { Self.twins[$0] ?? $0 })
            let unused = (table[target] ?? []).union(declared.dependencies).subtracting(found)
            #expect(unused.isEmpty, "\(target) does not import \(unused.sorted())")
        }
    }

    @Test func `rows of core targets name core targets alone, and modules of the standard library`() throws {
        let table = try Self.table()
        let allowed = Set(Self.core + ["Synchronization"])
        for target in Self.core {
            let row = try #require(table[target], "no row for \(target)")
            #expect(row.isSubset(of: allowed), "\(target): \(row.subtracting(allowed).sorted())")
        }
    }

    @Test func `no target is reached from itself`() throws {
        let manifest = try Self.manifest()
        for start in manifest.keys {
            var reached: Set<String> = []
            var open = Array(manifest[start]?.dependencies ?? [])
            while let next = open.popLast() {
                if reached.insert(next).inserted { open += manifest[next]?.dependencies ?? [] }
            }
            #expect(!reached.contains(start), "\(start)")
        }
    }
}
