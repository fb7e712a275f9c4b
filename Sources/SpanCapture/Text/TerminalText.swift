/// Text from outside, made safe to show: nothing in it can move a terminal's cursor or reorder a line.
public enum TerminalText {
    /// Returns the text with control characters, line separators and bidirectional controls written as `\n`, `\t` or
    /// `\u{202e}`, and with backslashes doubled.
    public static func escaped(_ text: String) -> String { escaped(text, quoted: false) }

    /// Returns the escaped text in double quotes, with quotes inside escaped.
    public static func quoted(_ text: String) -> String { "\"" + escaped(text, quoted: true) + "\"" }

    /// Returns a line made of words and of parts from outside (a file's name, an argument). Everything that could move
    /// the cursor is escaped, and nothing else changes, so that parts which are escaped already stay as they are.
    public static func line(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar.value) {
                result += escaped(String(scalar))
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Returns `true` for printable ASCII without quotes and backslashes, which looks the same in quotes or not.
    static func isPlain(_ text: String) -> Bool {
        func isPlainByte(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F && byte != 0x5C && byte != 0x22 }
        // Proof: the buffer is only read while the closure runs.
        let isPlain = unsafe text.utf8.withContiguousStorageIfAvailable { unsafe $0.allSatisfy(isPlainByte) }
        return isPlain ?? text.utf8.allSatisfy(isPlainByte)
    }

    /// Returns `true` for printable ASCII, backslashes and quotes included: one column for each byte.
    static func isPrintable(_ text: String) -> Bool {
        func isPrintableByte(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F }
        // Proof: the buffer is only read while the closure runs.
        let isPrintable = unsafe text.utf8.withContiguousStorageIfAvailable { unsafe $0.allSatisfy(isPrintableByte) }
        return isPrintable ?? text.utf8.allSatisfy(isPrintableByte)
    }

    private static func escaped(_ text: String, quoted: Bool) -> String {
        if isPlain(text) { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += quoted ? "\\\"" : "\""
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            default:
                if isUnsafe(scalar.value) {
                    result += "\\u{" + String(scalar.value, radix: 16) + "}"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }

    static func isUnsafe(_ value: UInt32) -> Bool {
        switch value {
        // C0, delete, C1; Arabic letter mark; direction marks; separators and embeddings; isolates; byte order mark.
        case ..<0x20, 0x7F...0x9F, 0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }
}
