import SpanModel

/// Paths of the keys in the first document of a text: enough to tell which program wrote it.
///
/// A path such as `data[].spans[].traceID` stands for a member; of an array only the first element is looked at.
/// Bounded: the first mebibyte, four levels, 200 paths. A text that ends early or is broken gives the paths before
/// that.
struct JSONOutline {
    private(set) var paths: Set<String> = []
    /// Keys of the outermost object in their order: at most five, at most 64 bytes of each.
    private(set) var topKeys: [String] = []

    private let text: ArraySlice<UInt8>
    private var cursor: Int

    private static let maxBytes = 1 << 20
    private static let maxLevels = 4
    private static let maxPaths = 200
    private static let maxDepth = 64

    /// Reads the outline.
    ///
    /// - Parameter text: text that starts with the document.
    init(_ text: ArraySlice<UInt8>) {
        self.text = text.prefix(Self.maxBytes)
        cursor = text.startIndex
        _ = value("", level: 0, depth: 0)
    }

    /// Returns `true` when all of the paths exist.
    func has(_ wanted: String...) -> Bool { wanted.allSatisfy(paths.contains) }

    // MARK: Reading

    private var next: UInt8? { cursor < text.endIndex ? text[cursor] : nil }

    private mutating func skipSpace() {
        while let character = next, character.isTextSpace { cursor += 1 }
    }

    /// Moves over a value and notes its paths.
    ///
    /// - Parameter level: level of the value; `nil` when nothing more is noted.
    /// - Returns: `false` when the text ends or is not JSON.
    private mutating func value(_ path: String, level: Int?, depth: Int) -> Bool {
        skipSpace()
        guard depth < Self.maxDepth, let first = next else { return false }
        switch first {
        case UInt8(ascii: "{"): return object(path, level: level, depth: depth)
        case UInt8(ascii: "["): return array(path, level: level, depth: depth)
        case UInt8(ascii: "\""): return string() != nil
        default:
            let start = cursor
            while let character = next, !character.isTextSpace, !",]}".utf8.contains(character) { cursor += 1 }
            return cursor > start
        }
    }

    private mutating func object(_ path: String, level: Int?, depth: Int) -> Bool {
        cursor += 1
        while true {
            skipSpace()
            if next == UInt8(ascii: "}") { break }
            guard let key = string() else { return false }
            skipSpace()
            guard next == UInt8(ascii: ":") else { return false }
            cursor += 1
            var inner: String?
            if let level, level < Self.maxLevels, paths.count < Self.maxPaths {
                let name = path.isEmpty ? key : path + "." + key
                paths.insert(name)
                inner = name
                if path.isEmpty, topKeys.count < 5 { topKeys.append(key) }
            }
            let innerLevel = inner == nil ? nil : level.map { $0 + 1 }
            guard value(inner ?? "", level: innerLevel, depth: depth + 1) else { return false }
            skipSpace()
            guard next == UInt8(ascii: ",") else { break }
            cursor += 1
        }
        guard next == UInt8(ascii: "}") else { return false }
        cursor += 1
        return true
    }

    private mutating func array(_ path: String, level: Int?, depth: Int) -> Bool {
        cursor += 1
        var level = level
        while true {
            skipSpace()
            if next == UInt8(ascii: "]") { break }
            guard value(path + "[]", level: level, depth: depth + 1) else { return false }
            level = nil
            skipSpace()
            guard next == UInt8(ascii: ",") else { break }
            cursor += 1
        }
        guard next == UInt8(ascii: "]") else { return false }
        cursor += 1
        return true
    }

    /// Reads a string as it stands in the text, escapes included; `nil` when none stands here.
    private mutating func string() -> String? {
        guard next == UInt8(ascii: "\"") else { return nil }
        cursor += 1
        let start = cursor
        while let character = next {
            if character == UInt8(ascii: "\"") {
                cursor += 1
                return String(decoding: text[start..<min(cursor - 1, start + 64)], as: UTF8.self)
            }
            cursor += character == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }
}
