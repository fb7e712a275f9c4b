/// Shape of error messages: the part that messages share when they differ only in numbers and names.
package enum MessageShape {
    /// Number of Unicode scalars of a shape that are kept; `…` follows a shape that was cut.
    package static let maxLength = 200

    /// Returns the message with `#` for each run of digits, `<id>` for each run of eight or more hexadecimal digits and
    /// dashes that has a digit, and `"…"` for each text in double quotes that is closed. White space becomes spaces.
    ///
    /// `order 5f0c2a11-77 not found after 300 ms: "cart"` becomes `order <id> not found after # ms: "…"`. O(length).
    package static func of(_ message: String) -> String {
        let scalars = Array(message.unicodeScalars.prefix(maxLength * 8))
        var result = String.UnicodeScalarView()
        var (index, kept) = (0, 0)
        func put(_ text: String, _ end: Int) {
            result.append(contentsOf: text.unicodeScalars)
            kept += text.unicodeScalars.count
            index = end
        }
        while index < scalars.count {
            guard kept < maxLength else {
                result.append("…")
                break
            }
            let scalar = scalars[index]
            if scalar == "\"", let end = scalars[(index + 1)...].firstIndex(of: "\"") {
                put("\"…\"", end + 1)
            } else if isWordPart(scalar), index == 0 || !isWordPart(scalars[index - 1]) {
                var end = index
                while end < scalars.count, isWordPart(scalars[end]) { end += 1 }
                put(word(scalars[index..<end]), end)
            } else {
                put(scalar.properties.isWhitespace ? " " : String(scalar), index + 1)
            }
        }
        return String(result)
    }

    private static func word(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        let hasDigit = scalars.contains(where: isDigit)
        if hasDigit, scalars.count >= 8, scalars.allSatisfy({ $0 == "-" || $0.properties.isASCIIHexDigit }) {
            return "<id>"
        }
        guard hasDigit else { return String(String.UnicodeScalarView(scalars)) }
        var result = String.UnicodeScalarView()
        for (position, scalar) in zip(scalars.indices, scalars) {
            if !isDigit(scalar) {
                result.append(scalar)
            } else if position == scalars.startIndex || !isDigit(scalars[position - 1]) {
                result.append("#")
            }
        }
        return String(result)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.value >= 0x30 && scalar.value <= 0x39 }

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "-" || scalar == "_" || isDigit(scalar) || scalar.properties.isAlphabetic
    }
}
