import Foundation

/// Which files of a folder mention types that others of it declare.
struct FileGraph {
    /// By file, the files whose types it mentions.
    private(set) var arrows: [String: Set<String>] = [:]

    init(_ files: [SourceTree.File]) {
        let declaration =
            #/
            ^ (?: @\w+ (?: \([^)]*\) )? \s+ )*
            (?: (?: public | package | internal | private | fileprivate | final | indirect ) \s+ )*
            (?: struct | class | enum | actor | protocol | typealias ) \s+ (\w+)
            /#
        var owners: [Substring: String] = [:]
        var codes: [String: String] = [:]
        for file in files {
            let code = Self.code(file.text)
            codes[file.path] = code
            for line in code.split(separator: "\n") {
                guard let name = line.firstMatch(of: declaration)?.1, owners[name] == nil else { continue }
                owners[name] = file.path
            }
        }
        for (path, code) in codes {
            // `Inner` of `Outer.Inner` is not told from others of that name: `Outer` counts.
            let words = code.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "." }
            let names = Set(words.compactMap { $0.split(separator: ".", omittingEmptySubsequences: false).first })
            arrows[path] = Set(names.compactMap { owners[$0] }).subtracting([path])
        }
    }

    /// A file without comments and texts.
    static func code(_ text: String) -> String {
        var code = text.replacing(#/"""[\s\S]*?"""/#, with: "\"\"")
        code.replace(#/"(?:[^"\\\n]|\\.)*"/#, with: "\"\"")
        code.replace(#/\/\/[^\n]*/#, with: "")
        return code
    }

    /// Groups of files of which each leads to each other one, by arrows.
    var circles: [[String]] {
        var reached: [String: Set<String>] = [:]
        for start in arrows.keys {
            var seen: Set<String> = []
            var open = Array(arrows[start] ?? [])
            while let next = open.popLast() {
                if seen.insert(next).inserted { open += arrows[next] ?? [] }
            }
            reached[start] = seen
        }
        var circles: [[String]] = []
        var placed: Set<String> = []
        for start in arrows.keys.sorted() where !placed.contains(start) {
            let circle = (reached[start] ?? []).filter { reached[$0]?.contains(start) == true }.union([start])
            placed.formUnion(circle)
            if circle.count > 1 { circles.append(circle.sorted()) }
        }
        return circles
    }
}
