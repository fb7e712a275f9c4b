import SpanModel

/// Spelling of words in the text of a filter.
enum FilterSpelling {
    /// Returns the text as it is when a filter reads that back as the same text, else in quotes.
    static func word(_ text: String) -> String {
        let first = text.utf8.first ?? 0
        let isBare =
            (isLetter(first) || first == UInt8(ascii: "_") || first == UInt8(ascii: "/")) && isBareKey(text)
            && !["true", "false", "inf", "nan"].contains(text)
        return isBare ? text : quoted(text)
    }

    static func key(_ text: String) -> String { !text.isEmpty && isBareKey(text) ? text : quoted(text) }

    static func quoted(_ text: String) -> String {
        var result = "\""
        // A mark would be drawn onto the quote, or onto the end of an escape.
        var isBehindOwnMark = true
        for scalar in text.unicodeScalars {
            if isBehindOwnMark && scalar.clings {
                result += escape(scalar)
                continue
            }
            isBehindOwnMark = true
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            default:
                if scalar.isShown {
                    result.unicodeScalars.append(scalar)
                    isBehindOwnMark = false
                } else {
                    result += escape(scalar)
                }
            }
        }
        return result + "\""
    }

    /// Returns `true` for a scalar that begins a quoted text: a double quote, or a single one as in shells and SQL.
    static func isQuote(_ scalar: Unicode.Scalar?) -> Bool { scalar == "\"" || scalar == "'" }

    /// Returns `true` for a typographic quote, or a quote of other scripts, which a filter would take for a part of the
    /// value.
    static func isTypographicQuote(_ scalar: Unicode.Scalar?) -> Bool {
        guard let scalar else { return false }
        switch scalar.value {
        // Grave and acute accent, « and »; ‘ to ‟; primes; ‹ and ›; wide ones of East Asia.
        case 0x60, 0xB4, 0xAB, 0xBB, 0x2018...0x201F, 0x2032...0x2033, 0x2039...0x203A, 0xFF02, 0xFF07: return true
        default: return false
        }
    }

    /// Returns the text in quotes, cut after 40 scalars: for messages.
    static func shown(_ text: String) -> String {
        let start = text.unicodeScalars.prefix(40)
        var cut = String.UnicodeScalarView(start)
        if start.endIndex != text.unicodeScalars.endIndex { cut.append("…") }
        return quoted(String(cut))
    }

    /// Returns the scalar as it is when it is safe to print, else its escape.
    static func shown(_ scalar: Unicode.Scalar) -> String { scalar.isShown ? String(scalar) : escape(scalar) }

    /// Returns the escape of a scalar, such as `\u{1b}`.
    static func escape(_ scalar: Unicode.Scalar) -> String { "\\u{" + String(scalar.value, radix: 16) + "}" }

    /// Returns the duration without loss, in the largest unit of which it is a whole number.
    static func duration(_ nanoseconds: Int64) -> String {
        let units: [(UInt64, String)] = [
            (3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"), (1000, "us"),
        ]
        let amount = nanoseconds.magnitude
        let sign = nanoseconds < 0 ? "-" : ""
        for (unit, name) in units where amount != 0 && amount.isMultiple(of: unit) {
            return "\(sign)\(amount / unit)\(name)"
        }
        return "\(sign)\(amount)ns"
    }

    static func time(_ unixNano: UInt64) -> String {
        let text = UTCTime.text(unixNano)
        guard unixNano.isMultiple(of: 1_000_000_000) else { return text }
        return String(text.dropLast(11)) + "Z"
    }

    private static func isBareKey(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            isLetter(byte) || (0x30...0x39).contains(byte) || "._-/:@".utf8.contains(byte)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}

extension Unicode.Scalar {
    /// `true` unless the scalar is a control character, or one that reorders or breaks a line.
    var isShown: Bool {
        switch value {
        // C0, delete, C1; Arabic letter mark; direction marks; separators and embeddings; isolates; byte order mark.
        case ..<0x20, 0x7F...0x9F, 0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: false
        default: true
        }
    }

    /// `true` for a scalar that is drawn onto the one before it or is invisible: a combining mark, a joiner, a
    /// variation selector, a skin tone, a filler.
    ///
    /// A search for the character `=` does not find a `=` that such a scalar follows.
    var clings: Bool {
        value >= 0x80 && (properties.isDefaultIgnorableCodePoint || ("=" + String(self)).count == 1)
    }
}
