import Foundation

/// The files of this package as text.
struct SourceTree {
    struct File {
        /// From the package's folder, with slashes.
        var path: String
        var text: String

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Folders with files that people write; everything else is built or fetched.
    static let folders = [
        "Sources", "Tests", "Interop", "Benchmarks", "Fuzz", "Examples", "scripts", "docs", "proto", ".ci",
    ]
    static let topLevel = [
        "Package.swift", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "Makefile", ".swift-format",
        ".spi.yml", ".gitignore",
    ]
    static let textSuffixes: Set<String> = [
        "swift", "md", "proto", "py", "c", "cpp", "h", "sh", "yml", "json", "txt", "",
    ]

    /// All text files, sorted by path.
    static func files() throws -> [File] {
        var paths = topLevel.filter { FileManager.default.fileExists(atPath: root.appendingPathComponent($0).path) }
        for folder in folders {
            let found = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
            while let name = found?.nextObject() as? String {
                let last = name.split(separator: "/").last ?? ""
                if last.hasPrefix(".build") || last == "__pycache__" {
                    found?.skipDescendants()
                } else {
                    paths.append(folder + "/" + name)
                }
            }
        }
        return try paths.sorted().compactMap { path in
            let url = root.appendingPathComponent(path)
            let type = try FileManager.default.attributesOfItem(atPath: url.path)[.type] as? FileAttributeType
            guard type == .typeRegular, textSuffixes.contains(url.pathExtension) else { return nil }
            // The corpus may hold text on purpose broken; only text is tidy.
            guard let text = String(data: try Data(contentsOf: url), encoding: .utf8) else { return nil }
            return File(path: path, text: text)
        }
    }

    static func files(in folder: String, suffix: String) throws -> [File] {
        try files().filter { $0.path.hasPrefix(folder + "/") && $0.path.hasSuffix(suffix) }
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
}
