/// What may stand where the text of a filter names a field.
enum FilterFieldName: Equatable {
    case field(SpanFilter.Field)
    /// `start>=`
    case since
    /// `start<`
    case until

    /// Those with a key behind them.
    static let keyed: [(prefix: String, make: @Sendable (ExactText) -> SpanFilter.Field)] = [
        ("attr.", { .attribute($0) }), ("resource.", { .resourceAttribute($0) }), ("event.", { .eventAttribute($0) }),
    ]

    /// - Returns: `nil` when no field is called so, keyed ones aside.
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

    /// What was meant by a name that no field has, as a sentence; empty where nobody can tell.
    static func suggestion(for name: String) -> String {
        let name = String(name.unicodeScalars.prefix(64))
        let start = Array(name.utf8.prefix(3))
        if start.count == 3, start[2] == UInt8(ascii: ":"), start[..<2].allSatisfy({ (0x30...0x39).contains($0) }) {
            return "write T between a date and a time of day, or put both in quotes"
        }
        let words =
            SpanFilter.Field.plain.map(\.text) + ["since", "until", "and", "or", "not", "attr.KEY", "resource.KEY"]
        let lowercased = Array(name.lowercased().unicodeScalars)
        let near = words.map { (word: $0, distance: distance(lowercased, Array($0.unicodeScalars))) }
            .min { $0.distance < $1.distance }
        // Of a short name nothing would be left.
        if let near, near.distance <= min(2, (lowercased.count - 1) / 2) { return "did you mean \(near.word)?" }
        for prefix in ["attribute.", "attributes.", "span."] where name.utf8.starts(with: prefix.utf8) {
            let key = String(name.unicodeScalars.dropFirst(prefix.unicodeScalars.count))
            if !key.isEmpty { return "did you mean attr.\(FilterSpelling.key(key))?" }
        }
        if name.utf8.contains(UInt8(ascii: ".")) {
            return "did you mean attr.\(FilterSpelling.key(name)) or resource.\(FilterSpelling.key(name))?"
        }
        return "fields are " + words.filter { !["and", "or", "not"].contains($0) }.joined(separator: ", ")
            + ", event.KEY"
    }

    /// Levenshtein's: how many scalars have to be put in, taken out or replaced. O(product of the lengths).
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var row = Array(0...right.count)
        for (index, scalar) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (place, other) in right.enumerated() {
                let replaced = diagonal + (scalar == other ? 0 : 1)
                diagonal = row[place + 1]
                row[place + 1] = min(replaced, row[place] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}

extension SpanFilter.Field {
    /// Which operators the field has, where this one is not among them; `nil` where it is.
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
