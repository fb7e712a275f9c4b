import SpanModel

/// Names that may stand where the text of a filter names a field.
enum FilterFieldName: Equatable {
    case field(SpanFilter.Field)
    /// The name `since`, short for `start>=`.
    case since
    /// The name `until`, short for `start<`.
    case until

    /// Prefixes of fields that are followed by a key.
    static let keyed: [(prefix: String, make: @Sendable (ExactText) -> SpanFilter.Field)] = [
        ("attr.", { .attribute($0) }), ("resource.", { .resourceAttribute($0) }), ("event.", { .eventAttribute($0) }),
    ]

    /// Creates the field with a name; `nil` when no field has it. Fields with a key are not looked up here.
    init?(_ name: String) {
        if name == "since" {
            self = .since
        } else if name == "until" {
            self = .until
        } else if let field = SpanFilter.Field.plain.first(where: { $0.text == name }) {
            self = .field(field)
        } else {
            return nil
        }
    }

    /// Returns a sentence that guesses the meaning of a name that no field has.
    ///
    /// - Parameter value: the term that ends right before the name, with the name drawn into its value, when that may
    ///   be meant. A near name then counts only at a distance of one character.
    static func suggestion(for name: String, behind value: String? = nil) -> String {
        let name = String(name.unicodeScalars.prefix(64))
        if let hint = foreignWords[name] { return hint }
        let start = Array(name.utf8.prefix(3))
        if start.count == 3, start[2] == UInt8(ascii: ":"), start[..<2].allSatisfy({ (0x30...0x39).contains($0) }) {
            return "write T between a date and a time of day, or put both in quotes"
        }
        let words =
            SpanFilter.Field.plain.map(\.text) + ["since", "until", "and", "or", "not", "attr.KEY", "resource.KEY"]
        if let near = NearName.word(name, among: words, distance: value == nil ? 2 : 1) {
            return "did you mean \(near)?"
        }
        if let value { return "put the value before it in quotes, if it belongs to that: \(value)" }
        let parts = name.split(separator: ":", maxSplits: 1)
        if parts.count == 2, FilterFieldName(String(parts[0])) != nil {
            return "write \(parts[0])=\(FilterSpelling.word(String(parts[1])))"
        }
        for prefix in ["attribute.", "attributes.", "span."] where name.utf8.starts(with: prefix.utf8) {
            let key = String(name.unicodeScalars.dropFirst(prefix.unicodeScalars.count))
            if !key.isEmpty { return "did you mean attr.\(NameText.key(key))?" }
        }
        if name.utf8.contains(UInt8(ascii: ".")) {
            return "did you mean attr.\(NameText.key(name)) or resource.\(NameText.key(name))?"
        }
        return "fields are " + words.filter { !["and", "or", "not"].contains($0) }.joined(separator: ", ")
            + ", event.KEY"
    }

    /// Hints for words of other query languages.
    private static let foreignWords = [
        "&&": "write and", "&": "write and", "||": "write or", "|": "write or", "in": "write service=a or service=b",
        "IN": "write service=a or service=b",
    ]
}

extension SpanFilter.Field {
    /// Returns a sentence with the operators that the field has when `operation` is not among them; `nil` when it is.
    func refusal(of operation: SpanFilter.Operator) -> String? {
        let isEquality = operation.positive == .equal
        let isPattern = operation.positive == .matches
        switch self {
        case .kind, .status, .trace, .span, .parent: return isEquality ? nil : "it has = and !="
        case .running, .root, .error: return isEquality ? nil : "write \(text) or not \(text)"
        case .duration, .start, .end: return isPattern ? "it has = != < <= > >=" : nil
        default: return nil
        }
    }
}
