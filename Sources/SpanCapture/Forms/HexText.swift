import SpanModel

/// Hexadecimal digits as people paste them.
///
/// Either digits in pairs, with spaces, line breaks, commas or colons between the pairs and `0x` or `\x` before them; or
/// a dump with an offset in front of each line, as `xxd`, `hexdump -C` and packet viewers print it. An offset counts as
/// one only when it equals the bytes so far.
enum HexText {
    /// The bytes that the text stands for.
    ///
    /// - Parameter maxBytes: how many at the most; a `*` line of a dump can stand for any number.
    /// - Throws: `not_hex` with the offset in the text, `payload_too_large`.
    static func decode(_ text: [UInt8], maxBytes: Int) throws(CaptureError) -> [UInt8] {
        isDump(text) ? try decodeDump(text, maxBytes: maxBytes) : try decodeDigits(text)
    }

    // MARK: Digits

    private static func decodeDigits(_ text: [UInt8]) throws(CaptureError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var high: UInt8?
        var position = 0
        while position < text.count {
            let character = text[position]
            if high == nil, isPrefix(at: position, in: text) {
                position += 2
                continue
            }
            if let value = character.hexDigitValue {
                if let first = high {
                    bytes.append(first << 4 | value)
                    high = nil
                } else {
                    high = value
                }
            } else if !isSeparator(character) || high != nil && !character.isTextSpace {
                throw CaptureError(.notHex, "a character that is no hexadecimal digit", offset: position)
            }
            position += 1
        }
        guard high == nil else {
            throw CaptureError(.notHex, "an odd number of hexadecimal digits", offset: text.count)
        }
        return bytes
    }

    /// `0x`, `0X` or `\x` with a digit behind it.
    private static func isPrefix(at position: Int, in text: [UInt8]) -> Bool {
        guard position + 2 < text.count, text[position + 2].hexDigitValue != nil else { return false }
        let (first, second) = (text[position], text[position + 1])
        guard second == UInt8(ascii: "x") || second == UInt8(ascii: "X") else { return false }
        return first == UInt8(ascii: "0") || first == UInt8(ascii: "\\")
    }

    private static func isSeparator(_ character: UInt8) -> Bool {
        character.isTextSpace || character == UInt8(ascii: ",") || character == UInt8(ascii: ":")
    }

    // MARK: Dumps

    /// The text starts with offset 0, at least four digits wide, and a column behind it.
    private static func isDump(_ text: [UInt8]) -> Bool {
        guard let start = text.firstIndex(where: { !$0.isTextSpace }) else { return false }
        let zeros = text[start...].prefix { $0 == UInt8(ascii: "0") }.count
        guard zeros >= 4, start + zeros + 1 < text.count else { return false }
        let next = text[start + zeros]
        let spaces = next == UInt8(ascii: " ") && text[start + zeros + 1] == UInt8(ascii: " ")
        return next == UInt8(ascii: ":") && text[start + zeros + 1] == UInt8(ascii: " ") || spaces
    }

    private static func decodeDump(_ text: [UInt8], maxBytes: Int) throws(CaptureError) -> [UInt8] {
        var bytes: [UInt8] = []
        var lastLine: [UInt8] = []
        var repeats = false
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: 0x0A) ?? text.count
            defer { start = end + 1 }
            guard let first = text[start..<end].firstIndex(where: { !$0.isTextSpace }) else { continue }
            if text[first] == UInt8(ascii: "*"), text[(first + 1)..<end].allSatisfy(\.isTextSpace) {
                repeats = !lastLine.isEmpty
                continue
            }
            var line = DumpLine(text[first..<end])
            guard let offset = line.offset() else {
                throw CaptureError(.notHex, "a line of a dump without its offset", offset: first)
            }
            if repeats {
                guard offset <= maxBytes else {
                    throw CaptureError(
                        .payloadTooLarge, "the dump stands for \(offset) bytes, the limit is \(maxBytes)", offset: first
                    )
                }
                while bytes.count < offset { bytes += lastLine.prefix(offset - bytes.count) }
                repeats = false
            }
            guard offset == bytes.count else {
                throw CaptureError(
                    .notHex, "a line with the offset \(offset) after \(bytes.count) bytes", offset: first)
            }
            lastLine = try line.bytes()
            bytes += lastLine
        }
        return bytes
    }

    /// One line of a dump: offset, pairs, and often the same as text.
    private struct DumpLine {
        private var rest: ArraySlice<UInt8>
        /// `xxd` puts a colon behind the offset and groups of several bytes, with two spaces before the text; the others
        /// have single bytes, an extra space after the eighth, and at most sixteen.
        private var hasColon = false

        init(_ line: ArraySlice<UInt8>) { rest = line }

        mutating func offset() -> Int? {
            var value = 0
            var digits = 0
            while let digit = rest.first?.hexDigitValue, digits < 15 {
                value = value << 4 | Int(digit)
                digits += 1
                rest.removeFirst()
            }
            guard digits >= 4 else { return nil }
            hasColon = rest.first == UInt8(ascii: ":")
            if hasColon { rest.removeFirst() }
            guard rest.first?.isTextSpace ?? true else { return nil }
            return value
        }

        mutating func bytes() throws(CaptureError) -> [UInt8] {
            var bytes: [UInt8] = []
            var spaces = 0
            while let character = rest.first {
                if character.isTextSpace {
                    spaces += 1
                    rest.removeFirst()
                    continue
                }
                let isText = hasColon ? spaces >= 2 && !bytes.isEmpty : bytes.count == 16 && spaces >= 1
                if isText || character == UInt8(ascii: "|") { break }
                spaces = 0
                guard let high = character.hexDigitValue, let low = rest.dropFirst().first?.hexDigitValue else {
                    throw CaptureError(
                        .notHex, "a character that is no hexadecimal digit", offset: rest.startIndex)
                }
                bytes.append(high << 4 | low)
                rest.removeFirst(2)
            }
            return bytes
        }
    }
}
