/// A word of a filter's text with its position.
struct FilterWord {
    var text: String
    /// Index of the first scalar, which is the quote of a quoted word.
    var start: Int
    var isQuoted: Bool
}

/// Walks over the text of a filter, scalar by scalar.
struct FilterScanner {
    let scalars: [Unicode.Scalar]
    var position = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    mutating func skipSpaces() {
        while let scalar = next, scalar.properties.isWhitespace { position += 1 }
    }

    /// Reads the scalars up to a space, a parenthesis, a double quote or, for the name of a field, an operator.
    mutating func word(isName: Bool) -> FilterWord {
        let start = position
        while let scalar = next, !scalar.properties.isWhitespace, scalar != "(", scalar != ")", scalar != "\"",
            !(isName && Self.isOperator(scalar))
        { position += 1 }
        return FilterWord(text: text(start..<position), start: start, isQuoted: false)
    }

    static func isOperator(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "=", "!", "<", ">", "~": true
        default: false
        }
    }

    /// Reads the text in the quotes, single or double, that begin here, and resolves its escapes.
    mutating func quotedText() throws(SpanFilterError) -> FilterWord {
        let start = position
        let quote = next
        position += 1
        var view = String.UnicodeScalarView()
        while let scalar = next {
            let place = position
            position += 1
            if scalar == quote { return FilterWord(text: String(view), start: start, isQuoted: true) }
            guard scalar == "\\" else {
                view.append(scalar)
                continue
            }
            guard let escaped = next else { break }
            position += 1
            switch escaped {
            case "\"", "'", "\\": view.append(escaped)
            case "n": view.append("\n")
            case "r": view.append("\r")
            case "t": view.append("\t")
            case "u":
                guard let value = scalars.escapedScalar(at: &position) else { throw Self.escapeFault(place) }
                view.append(value)
            default: throw Self.escapeFault(place)
            }
        }
        throw openQuote(start)
    }

    /// Reads the regular expression in the quotes, single or double, that begin here. Backslashes stay, since they
    /// belong to the expression.
    mutating func quotedPattern() throws(SpanFilterError) -> FilterWord {
        let start = position
        let quote = next
        position += 1
        while let scalar = next {
            if scalar == quote {
                position += 1
                return FilterWord(text: text(start + 1..<position - 1), start: start, isQuoted: true)
            }
            position += scalar == "\\" && position + 1 < scalars.count ? 2 : 1
        }
        throw openQuote(start)
    }

    private static func escapeFault(_ place: Int) -> SpanFilterError {
        SpanFilterError(
            .syntax, "an unknown escape", column: place + 1, hint: "\\\" \\' \\\\ \\n \\r \\t \\u{1f600} are known")
    }

    private func openQuote(_ start: Int) -> SpanFilterError {
        SpanFilterError(
            .syntax, "a quote that is not closed", column: start + 1,
            hint: "write \(scalars[start]) where the value ends")
    }

    private func text(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range])
        return String(view)
    }
}
