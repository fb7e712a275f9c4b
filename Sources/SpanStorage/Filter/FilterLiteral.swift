import SpanModel

/// Value in the text of a filter; the field before a word decides how the word is read.
enum FilterLiteral {
    case value(SpanFilter.Value)
    case fault(String, hint: String)

    static func value(of field: SpanFilter.Field, _ word: FilterWord, _ nowUnixNano: UInt64) -> FilterLiteral {
        let text = word.text
        switch field {
        case .service, .name, .statusMessage, .scope, .event: return .value(.text(ExactText(text)))
        case .attribute, .resourceAttribute, .eventAttribute: return attribute(word)
        case .duration:
            if let nanoseconds = duration(text) { return .value(.duration(nanoseconds)) }
            if isDuration(text) { return fault("out of range", word, "a duration has at most 292 years (106751d)") }
            return fault("no duration", word, "a duration is a number with a unit: 250us, 100ms, 1.5s, 2m, 1h")
        case .start, .end:
            do throws(TimeTextError) {
                return .value(.time(try UTCTime.parsed(text, nowUnixNano: nowUnixNano)))
            } catch {
                return fault(error.isOutOfRange ? "out of range" : "no time", word, error.description)
            }
        case .kind:
            if let kind = kinds.first(where: { $0.description == text }) { return .value(.kind(kind)) }
            if let number = Int32(text) { return .value(.kind(SpanKind(rawValue: number))) }
            return fault("no kind", word, "kinds are " + kinds.map(\.description).joined(separator: ", "))
        case .status:
            if let code = codes.first(where: { $0.description == text }) { return .value(.status(code)) }
            if let number = Int32(text) { return .value(.status(SpanStatus.Code(rawValue: number))) }
            return fault("no status", word, "a status is " + codes.map(\.description).joined(separator: ", "))
        case .trace:
            if let id = TraceID(hex: text) { return .value(.trace(id)) }
            return fault("no trace id", word, "it has 32 hexadecimal digits")
        case .span, .parent:
            if let id = SpanID(hex: text) { return .value(.span(id)) }
            return fault("no span id", word, "it has 16 hexadecimal digits")
        case .running, .root, .error:
            if text == "true" || text == "false" { return .value(.flag(text == "true")) }
            return fault("neither true nor false", word, "write \(field.text) or not \(field.text)")
        }
    }

    private static let kinds: [SpanKind] = [.unspecified, .internal, .server, .client, .producer, .consumer]
    private static let codes: [SpanStatus.Code] = [.unset, .ok, .error]

    private static func fault(_ what: String, _ word: FilterWord, _ hint: String) -> FilterLiteral {
        .fault("\(FilterSpelling.shown(word.text)) is \(what)", hint: hint)
    }

    /// Reads an attribute's value: a number (`inf` and `-inf` among them) or `true` and `false` when it stands without
    /// quotes, else a string.
    private static func attribute(_ word: FilterWord) -> FilterLiteral {
        if word.isQuoted { return .value(.text(ExactText(word.text))) }
        switch word.text {
        case "true": return .value(.flag(true))
        case "false": return .value(.flag(false))
        case "inf": return .value(.decimal(.infinity))
        case "-inf": return .value(.decimal(-.infinity))
        case "nan": return fault("a number that compares with none", word, "put it in quotes to compare it as a text")
        default: break
        }
        guard isNumber(word.text) else { return .value(.text(ExactText(word.text))) }
        if let integer = Int64(word.text) { return .value(.integer(integer)) }
        guard let double = Double(word.text), double.isFinite else {
            return fault("too large a number", word, "put it in quotes to compare it as a text")
        }
        return .value(.decimal(double))
    }

    /// Returns `true` for the form of a number: `-12`, `1.5`, `2e9`, `1.5e-3`.
    private static func isNumber(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        func skipDigits() -> Bool {
            let count = rest.prefix(while: isDigit).count
            rest.removeFirst(count)
            return count > 0
        }
        func skip(_ bytes: String) -> Bool {
            guard let first = rest.first, bytes.utf8.contains(first) else { return false }
            rest.removeFirst()
            return true
        }
        _ = skip("-")
        guard skipDigits() else { return false }
        if skip("."), !skipDigits() { return false }
        if skip("eE") {
            _ = skip("+-")
            guard skipDigits() else { return false }
        }
        return rest.isEmpty
    }

    /// Returns `true` for the form of a duration, however long.
    private static func isDuration(_ text: String) -> Bool {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        return DurationText.heldNanoseconds(isNegative ? String(text.unicodeScalars.dropFirst()) : text) != nil
    }

    /// Reads a duration as `DurationText` does, with a minus before a negative one: spans may end before they start.
    private static func duration(_ text: String) -> Int64? {
        guard text.utf8.first == UInt8(ascii: "-") else { return DurationText.nanoseconds(text) }
        if text == "-9223372036854775808ns" { return .min }
        return DurationText.nanoseconds(String(text.unicodeScalars.dropFirst())).map { -$0 }
    }
}
