/// JSON without an object at its start: a string, a number, `true`, `false` or `null`, or an array of such.
///
///     "CgQKAhIA"
///     [10, 18, 18]
enum JSONScalars {
    /// Returns `true` when the text is such JSON, or may be the start of JSON: `[` or `{` and nothing else. An even
    /// number of digits is hexadecimal text instead.
    static func isJSON(_ text: [UInt8]) -> Bool {
        var position = start(of: text)
        let first = position
        while position < text.count, text[position] == UInt8(ascii: "[") { position = skipSpace(text, position + 1) }
        if position == text.count { return position > first }
        if text[position] == UInt8(ascii: "{") { return skipSpace(text, position + 1) == text.count }
        guard let (word, end) = scalar(text, at: position) else { return false }
        let next = skipSpace(text, end)
        if next == text.count { return position > first || word != "a number" || !isPairs(text[position..<end]) }
        return position > first && (text[next] == UInt8(ascii: ",") || text[next] == UInt8(ascii: "]"))
    }

    /// Returns the name of the scalar at a position, such as `a number`; `nil` when none stands there.
    static func word(_ text: [UInt8], at position: Int) -> String? { scalar(text, at: position)?.word }

    /// Returns advice for bytes that came as JSON; `nil` when the text is something else.
    static func hint(_ text: [UInt8]) -> String? {
        let first = start(of: text)
        guard first < text.count else { return nil }
        if text[first] == UInt8(ascii: "["), word(text, at: skipSpace(text, first + 1)) == "a number" {
            return "; bytes as decimal numbers are not read, hexadecimal digits are"
        }
        return text[first] == UInt8(ascii: "\"") ? "; hexadecimal or base64 text is read without the quotes" : nil
    }

    // MARK: Reading

    private static func start(of text: [UInt8]) -> Int {
        skipSpace(text, text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
    }

    private static func skipSpace(_ text: [UInt8], _ position: Int) -> Int {
        text[position...].firstIndex { !$0.isTextSpace } ?? text.count
    }

    /// Returns `true` for digits in pairs and nothing else.
    private static func isPairs(_ digits: ArraySlice<UInt8>) -> Bool {
        digits.count % 2 == 0 && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func scalar(_ text: [UInt8], at position: Int) -> (word: String, end: Int)? {
        guard position < text.count else { return nil }
        if text[position] == UInt8(ascii: "\"") {
            var end = position + 1
            while end < text.count, text[end] != UInt8(ascii: "\""), text[end] >= 0x20 {
                end += text[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            return end < text.count && text[end] == UInt8(ascii: "\"") ? ("a string", end + 1) : nil
        }
        let end = text[position...].firstIndex { $0.isTextSpace || ",]}".utf8.contains($0) } ?? text.count
        guard end - position <= 64 else { return nil }
        let token = String(decoding: text[position..<end], as: UTF8.self)
        switch token {
        case "null": return ("null", end)
        case "true", "false": return ("true or false", end)
        default: return isNumber(token.utf8) ? ("a number", end) : nil
        }
    }

    /// Returns `true` for a number by RFC 8259, section 6.
    private static func isNumber(_ token: String.UTF8View) -> Bool {
        var rest = Array(token)[...]
        func digits(_ rest: inout ArraySlice<UInt8>) -> Int {
            let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let isZero = rest.first == UInt8(ascii: "0")
        let whole = digits(&rest)
        guard whole > 0, !isZero || whole == 1 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits(&rest) > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits(&rest) > 0 else { return false }
        }
        return rest.isEmpty
    }
}
