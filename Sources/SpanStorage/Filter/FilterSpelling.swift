import SpanModel

/// Spelling of words in the text of a filter.
enum FilterSpelling {
    /// Returns the text as it is when a filter reads that back as the same text, else in quotes.
    static func word(_ text: String) -> String {
        let first = text.utf8.first ?? 0
        let isBare =
            (isLetter(first) || first == UInt8(ascii: "_") || first == UInt8(ascii: "/")) && NameText.isBareKey(text)
            && !["true", "false", "inf", "nan"].contains(text)
        return isBare ? text : NameText.quoted(text)
    }

    /// Returns `true` for a scalar that begins a quoted text: a double quote, or a single one as in shells and SQL.
    static func isQuote(_ scalar: Unicode.Scalar?) -> Bool { scalar == "\"" || scalar == "'" }

    /// Returns the text in quotes, cut after 40 scalars: for messages.
    static func shown(_ text: String) -> String {
        let start = text.unicodeScalars.prefix(40)
        var cut = String.UnicodeScalarView(start)
        if start.endIndex != text.unicodeScalars.endIndex { cut.append("…") }
        return NameText.quoted(String(cut))
    }

    /// Returns the scalar as it is when it is safe to print, else its escape.
    static func shown(_ scalar: Unicode.Scalar) -> String { scalar.isShown ? String(scalar) : NameText.escape(scalar) }

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

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}
