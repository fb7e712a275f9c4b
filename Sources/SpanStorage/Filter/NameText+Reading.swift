/// Notation of stored names (services, operations, keys, reasons) in the output and the arguments of commands.
///
/// A name stands as it is, or in double quotes with the escapes of a filter where it could be taken for something else.
/// `read` returns for every text from `shown` the original name, byte for byte. So does a filter for a text from
/// `shown` that has no spaces or is put in quotes.
package enum NameText {
    /// Returns the notation of a name: `GET /cart`, `"a \"b\"\n"`, `""` for an empty name.
    ///
    /// A name is quoted when it is empty; holds a double quote, a backslash or a character that drives a terminal;
    /// begins with a dash, another kind of quote, or a scalar that joins the one before it or is invisible; or has
    /// white space at either end.
    package static func shown(_ name: String) -> String {
        let scalars = name.unicodeScalars
        guard let first = scalars.first, let last = scalars.last, first != "-", first != "'",
            !FilterSpelling.isTypographicQuote(first), !first.clings, !first.properties.isWhitespace,
            !last.properties.isWhitespace,
            scalars.allSatisfy({ $0.isShown && $0 != "\"" && $0 != "\\" })
        else { return FilterSpelling.quoted(name) }
        return name
    }

    /// Returns the notation of a name that is cut in its middle when it is far longer than `columns`. The cost depends
    /// on `columns`, not on the length of the name.
    ///
    /// - Parameter columns: width of the output, at least 1; `nil` for all of the name.
    package static func shown(_ name: String, columns: Int?) -> String {
        // No column takes more than eight scalars, so that what is left out here is not to be seen.
        guard let columns, name.utf8.count > 64 * max(columns, 1) else { return shown(name) }
        let scalars = name.unicodeScalars
        var seen = String.UnicodeScalarView(scalars.prefix(8 * max(columns, 1)))
        seen.append("…")
        seen.append(contentsOf: scalars.suffix(8 * max(columns, 1)))
        return shown(String(seen))
    }

    /// Returns the notation of a name in a list: as `shown(_:)`, and quoted when it holds a space or a comma.
    package static func listed(_ name: String) -> String {
        let isWord = !name.utf8.contains(UInt8(ascii: " ")) && !name.utf8.contains(UInt8(ascii: ","))
        return isWord ? shown(name) : FilterSpelling.quoted(name)
    }

    /// Returns the name that a notation stands for: the text in quotes when it begins with a double quote, else the
    /// text itself.
    ///
    /// - Throws: `syntax` when the quotes are not closed, something follows them, or an escape is unknown.
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
    /// Name of the key in a filter, such as `attr.http.route` or `resource."odd key"`; `init(name:)` reads it back.
    package var name: String {
        (owner == .span ? SpanFilter.Field.attribute(key) : .resourceAttribute(key)).text
    }

    /// Reads the name of a key: `resource.KEY`, `attr.KEY`, or `KEY` alone for an attribute of spans. Each key stands
    /// as it is or in quotes.
    ///
    /// - Throws: `syntax` when quotes around the key are not closed, something follows them, or an escape is unknown;
    ///   the column counts in `name`.
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
