/// How commands write the names of what is stored (services, operations, keys, reasons), and how they read them back.
///
/// A name stands as it is, or, where it could be taken for something else, in double quotes with the escapes of a filter.
/// `read` gives for every name that `shown` wrote the name again, byte for byte; so does a filter for the same text where
/// that has no spaces, or is put in quotes.
package enum NameText {
    /// `GET /cart`, `"a \"b\"\n"`; `""` for an empty name.
    ///
    /// In quotes are: an empty name, one with a quote, a backslash or a character that drives a terminal, and one that
    /// begins with a dash, with another quote, or with what joins the character before it or is not to be seen (a mark, a
    /// joiner, a filler), or has white space at an end.
    package static func shown(_ name: String) -> String {
        let scalars = name.unicodeScalars
        guard let first = scalars.first, let last = scalars.last, first != "-", first != "'",
            !FilterSpelling.isTypographicQuote(first), !first.clings, !first.properties.isWhitespace,
            !last.properties.isWhitespace,
            scalars.allSatisfy({ $0.isShown && $0 != "\"" && $0 != "\\" })
        else { return FilterSpelling.quoted(name) }
        return name
    }

    /// As `shown`, of a name that is cut in its middle where it has more columns; costs what is printed, however long it is.
    ///
    /// - Parameter columns: what there is room for; at least 1. `nil` for all of the name.
    package static func shown(_ name: String, columns: Int?) -> String {
        // No column takes more than eight scalars, so that what is left out here is not to be seen.
        guard let columns, name.utf8.count > 64 * max(columns, 1) else { return shown(name) }
        let scalars = name.unicodeScalars
        var seen = String.UnicodeScalarView(scalars.prefix(8 * max(columns, 1)))
        seen.append("…")
        seen.append(contentsOf: scalars.suffix(8 * max(columns, 1)))
        return shown(String(seen))
    }

    /// As `shown`, and in quotes where there is a space or a comma in it: for lists of names.
    package static func listed(_ name: String) -> String {
        let isWord = !name.utf8.contains(UInt8(ascii: " ")) && !name.utf8.contains(UInt8(ascii: ","))
        return isWord ? shown(name) : FilterSpelling.quoted(name)
    }

    /// The name that is meant: what stands in the quotes where the text begins with one, else the text itself.
    ///
    /// - Throws: `syntax` where the quotes are not closed, something stands behind them, or an escape is unknown.
    package static func read(_ text: String) throws(SpanFilterError) -> String {
        guard text.utf8.first == UInt8(ascii: "\"") else { return text }
        var scanner = FilterScanner(text)
        let word = try scanner.quotedText()
        guard scanner.next == nil else {
            throw SpanFilterError(
                .syntax, "something behind the name in quotes", column: scanner.position + 1,
                hint: "write \\\" for a quote in it")
        }
        return word.text
    }
}

extension AttributeKey {
    /// As a filter has it, and `read` takes it: `attr.http.route`, `resource."odd key"`.
    package var name: String {
        (owner == .span ? SpanFilter.Field.attribute(key) : .resourceAttribute(key)).text
    }

    /// The key of a name: `resource.KEY`, `attr.KEY`, or `KEY` alone for one of spans, each as it is or in quotes.
    ///
    /// - Throws: as `NameText.read`, with the column in the name.
    package init(name: String) throws(SpanFilterError) {
        for (prefix, owner) in [("resource.", SpanConditions.AttributeEquality.Owner.resource), ("attr.", .span)]
        where name.utf8.starts(with: prefix.utf8) {
            do throws(SpanFilterError) {
                let rest = String(name.unicodeScalars.dropFirst(prefix.unicodeScalars.count))
                self.init(owner, ExactText(try NameText.read(rest)))
            } catch {
                throw SpanFilterError(
                    error.code, error.message, column: error.column + prefix.unicodeScalars.count, hint: error.hint)
            }
            return
        }
        self.init(.span, ExactText(try NameText.read(name)))
    }
}
