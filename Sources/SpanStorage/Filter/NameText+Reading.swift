import SpanModel

// `read` gives for every name that `shown` wrote the name again, byte for byte; so does a filter for the same text where that
// has no spaces, or is put in quotes.
extension NameText {
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
