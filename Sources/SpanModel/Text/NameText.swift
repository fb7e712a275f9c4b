/// Notation of stored names (services, operations, keys, reasons) in the output and the arguments of commands.
///
/// A name stands as it is, or in double quotes with the escapes of a filter where it could be taken for something else.
package enum NameText {
    /// Returns the notation of a name: `GET /cart`, `"a \"b\"\n"`, `""` for an empty name.
    ///
    /// A name is quoted when it is empty; holds a double quote, a backslash or a character that drives a terminal;
    /// begins with a dash, another kind of quote, or a scalar that joins the one before it or is invisible; or has
    /// white space at either end.
    package static func shown(_ name: String) -> String {
        let scalars = name.unicodeScalars
        guard let first = scalars.first, let last = scalars.last, first != "-", first != "'",
            !isTypographicQuote(first), !first.clings, !first.properties.isWhitespace,
            !last.properties.isWhitespace,
            scalars.allSatisfy({ $0.isShown && $0 != "\"" && $0 != "\\" })
        else { return quoted(name) }
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
        return isWord ? shown(name) : quoted(name)
    }

    /// Returns the notation of an attribute's key behind `attr.` in a filter: as it is when `isBareKey` holds, else quoted.
    package static func key(_ text: String) -> String { !text.isEmpty && isBareKey(text) ? text : quoted(text) }

    /// Returns `true` for a text of ASCII letters, digits and `. _ - / : @` alone.
    package static func isBareKey(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "._-/:@".utf8.contains(byte)
        }
    }

    /// Returns the text in double quotes, with `\", `\\`, `\n`, `\t`, `\r` and `\u{1b}` for what cannot stand there as it is.
    package static func quoted(_ text: String) -> String {
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

    /// Returns the escape of a scalar, such as `\u{1b}`.
    package static func escape(_ scalar: Unicode.Scalar) -> String {
        "\\u{" + String(scalar.value, radix: 16) + "}"
    }

    /// Returns `true` for a typographic quote, or a quote of other scripts, which a filter would take for a part of the
    /// value.
    package static func isTypographicQuote(_ scalar: Unicode.Scalar?) -> Bool {
        guard let scalar else { return false }
        switch scalar.value {
        // Grave and acute accent, « and »; ‘ to ‟; primes; ‹ and ›; wide ones of East Asia.
        case 0x60, 0xB4, 0xAB, 0xBB, 0x2018...0x201F, 0x2032...0x2033, 0x2039...0x203A, 0xFF02, 0xFF07: return true
        default: return false
        }
    }
}

extension Unicode.Scalar {
    /// `true` unless the scalar is a control character, or one that reorders or breaks a line.
    package var isShown: Bool {
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
    package var clings: Bool {
        value >= 0x80 && (properties.isDefaultIgnorableCodePoint || ("=" + String(self)).count == 1)
    }
}
