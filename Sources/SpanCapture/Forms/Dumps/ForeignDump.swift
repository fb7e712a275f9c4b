/// A dump of a kind that is not read, recognised by its lines.
struct ForeignDump {
    /// Name of the kind of dump.
    let name: String

    private var isRepeating = false

    /// Error that says what to do instead.
    var error: CaptureError {
        let words =
            isRepeating
            ? "lines that repeat are left out (*), and without offsets nothing says how many; make the dump with od -v"
            : "\(name) is not read; make the dump with xxd, hexdump -C or od -A x -t x1 instead"
        return CaptureError(.notHex, words, offset: 0)
    }

    private static let maxBytes = 64 << 10
    private static let maxLines = 200

    /// Recognises a dump; `nil` when the text is no such dump.
    ///
    /// - Parameter isNamed: `true` to look only for dumps that tell their program, not for any lines with offsets.
    init?(_ text: [UInt8], isNamed: Bool) {
        let start = text.prefix(Self.maxBytes)
        // The last line may have been cut.
        let lines = start.split(separator: 0x0A).prefix(Self.maxLines).map(Line.init).filter { !$0.isIgnored }
        guard let first = lines.first else { return nil }
        if first.text.contains("unsigned char"), first.text.contains("[]") {
            name = "a C array (xxd -i)"
        } else if lines.prefix(3).contains(where: { $0.text.hasPrefix("Contents of section") }) {
            name = "a dump of sections (objdump -s)"
        } else if lines.dropFirst().first?.text.contains("\u{2502}") == true {
            name = "a dump in a frame of lines (hexyl)"
        } else if Self.areColumns(lines), Self.hasRepeats(text) {
            name = "a dump without offsets (od -An)"
            isRepeating = true
        } else if Self.areWideNumbers(lines) {
            name = Self.numbers
        } else if Self.areCharacters(lines) {
            name = "a dump of characters (od -c, od -a, hexdump -c)"
        } else if !isNamed, Self.haveOffsets(lines) {
            let isNumbers = lines.allSatisfy { $0.tokens.dropFirst().allSatisfy(Self.isDecimal) }
            name = isNumbers ? Self.numbers : "a dump of this kind"
        } else {
            return nil
        }
    }

    private static let numbers = "a dump of decimal numbers (od -t d, -t u or -t f)"

    private struct Line {
        let text: String
        let tokens: [Substring]
        /// `true` for a line that stands for repeated ones, or is blank.
        var isIgnored: Bool { tokens.isEmpty || tokens == ["*"] }

        init(_ bytes: ArraySlice<UInt8>) {
            text = String(decoding: bytes, as: UTF8.self)
            tokens = text.split { $0 == " " || $0 == "\t" || $0 == "\r" }
        }

        /// Digits of the line's offset, perhaps after `0x` and before a colon; `nil` when it has none.
        var offset: Substring? {
            guard var digits = tokens.first else { return nil }
            if digits.hasPrefix("0x") { digits = digits.dropFirst(2) }
            if digits.hasSuffix(":") { digits = digits.dropLast() }
            return (4...16).contains(digits.count) && digits.allSatisfy(\.isHexDigit) ? digits : nil
        }
    }

    // MARK: Characters

    /// Returns `true` when each byte is a character, an escape, three octal digits or a name; a blank is none of these.
    private static func areCharacters(_ lines: [Line]) -> Bool {
        let hasOffsets = lines.count > 1 && lines.allSatisfy { $0.offset != nil && $0.tokens[0].count >= 6 }
        var marks = 0
        var characters = 0
        var octals = 0
        for line in lines {
            for token in line.tokens.dropFirst(hasOffsets ? 1 : 0) {
                if escapes.contains(token) || names.contains(token) {
                    marks += 1
                } else if token.count == 1 || token == "**" {
                    characters += 1
                } else if token.count == 3, token.allSatisfy({ ("0"..."7").contains($0) }) {
                    octals += 1
                } else {
                    return false
                }
            }
        }
        // Digits alone, one or three in a token, are some other dump or none.
        return hasOffsets ? marks > 0 || characters > 0 && octals > 0 : marks > 1 && marks + characters + octals >= 8
    }

    private static let escapes: Set<Substring> = [
        "\\0", "\\a", "\\b", "\\t", "\\n", "\\v", "\\f", "\\r",
    ]

    private static let names: Set<Substring> = [
        "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "ht", "nl", "lf", "vt", "ff", "np", "cr", "so",
        "si", "dle", "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc", "fs", "gs", "rs", "us",
        "sp", "del",
    ]

    // MARK: Columns

    /// Returns `true` when there are only digits in columns of one width, which no offset has beside bytes.
    private static func areColumns(_ lines: [Line]) -> Bool {
        let width = lines[0].tokens[0].count
        return width > 1
            && lines.allSatisfy { $0.tokens.allSatisfy { $0.count == width && $0.allSatisfy(\.isHexDigit) } }
    }

    /// Returns `true` when a line is `*` and nothing else.
    private static func hasRepeats(_ text: [UInt8]) -> Bool {
        text.indices.contains { position in
            text[position] == UInt8(ascii: "*") && (position == 0 || text[position - 1] == 0x0A)
                && (position + 1 == text.count || text[position + 1] == 0x0A || text[position + 1] == 0x0D)
        }
    }

    /// Returns `true` for offsets and numbers without leading zeros, some with more digits than a byte has; hexadecimal
    /// digits never stand so.
    private static func areWideNumbers(_ lines: [Line]) -> Bool {
        guard lines.count > 1, lines.allSatisfy({ $0.offset != nil && $0.tokens[0].count >= 6 }) else { return false }
        var widths: Set<Int> = []
        for number in lines.flatMap({ $0.tokens.dropFirst() }) {
            let digits = number.hasPrefix("-") ? number.dropFirst() : number
            guard digits == "0" || digits.first != "0", !digits.isEmpty, digits.allSatisfy({ ("0"..."9").contains($0) })
            else { return false }
            widths.insert(digits.count)
        }
        return widths.count > 1 && (widths.max() ?? 0) > 3
    }

    // MARK: Offsets

    /// Returns `true` when each line starts with an offset, all at equal distances but the last.
    private static func haveOffsets(_ lines: [Line]) -> Bool {
        let offsets = lines.compactMap(\.offset)
        guard offsets.count >= 2, offsets.count * 5 >= lines.count * 4 else { return false }
        return [16, 8, 10].contains { radix in
            let values = offsets.compactMap { UInt64($0, radix: radix) }
            guard values.count == offsets.count, zip(values, values.dropFirst()).allSatisfy({ $0 < $1 }) else {
                return false
            }
            let steps = zip(values.dropFirst(), values).map { $0 - $1 }
            guard let step = steps.first, step <= 256 else { return false }
            // Of two lines the first has to be the start.
            return steps.count == 1 ? values[0] == 0 : step >= 4 && steps.dropLast().allSatisfy { $0 % step == 0 }
        }
    }

    private static func isDecimal(_ token: Substring) -> Bool {
        token.allSatisfy { $0.isNumber || "+-.e".contains($0) } || token == "nan" || token == "inf" || token == "-nan"
    }
}
