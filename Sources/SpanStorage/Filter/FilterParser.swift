import SpanModel

/// Recursive-descent parser of the grammar:
///
///     filter = [ or ]
///     or     = and { "or" and }
///     and    = unary { [ "and" ] unary }
///     unary  = "not" unary | "(" [ or ] ")" | term
struct FilterParser {
    private var scanner: FilterScanner
    private let nowUnixNano: UInt64
    private var depth = 0
    private var terms = 0
    private var patternSteps = 0
    /// Last term whose value stands without quotes, with the scalar indices at which the value begins and ends.
    private var bare: (term: String, start: Int, end: Int)?

    init(_ text: String, nowUnixNano: UInt64) {
        scanner = FilterScanner(text)
        self.nowUnixNano = nowUnixNano
    }

    mutating func parse() throws(SpanFilterError) -> SpanFilter {
        scanner.skipSpaces()
        if scanner.next == nil { return .everything }
        let filter = try either()
        if scanner.next != nil { throw fault(.syntax, "a ) without a (", at: scanner.position) }
        return filter
    }

    private func fault(
        _ code: SpanFilterError.Code, _ message: String, at position: Int, hint: String = ""
    ) -> SpanFilterError { SpanFilterError(code, message, column: position + 1, hint: hint) }

    private mutating func either() throws(SpanFilterError) -> SpanFilter {
        var parts = [try both()]
        while skipWord("or") { parts.append(try both()) }
        return .any(parts)
    }

    private mutating func both() throws(SpanFilterError) -> SpanFilter {
        var parts = [try unary()]
        while true {
            if skipWord("and") {
                parts.append(try unary())
            } else if scanner.next == nil || scanner.next == ")" || peekedWord().text == "or" {
                return .all(parts)
            } else {
                parts.append(try unary())
            }
        }
    }

    /// Skips spaces and returns the next word, which is not consumed.
    private mutating func peekedWord() -> FilterWord {
        scanner.skipSpaces()
        var ahead = scanner
        return ahead.word(isName: true)
    }

    private mutating func skipWord(_ word: String) -> Bool {
        guard peekedWord().text == word else { return false }
        _ = scanner.word(isName: true)
        return true
    }

    private mutating func unary() throws(SpanFilterError) -> SpanFilter {
        if skipWord("not") {
            try goDeeper(at: scanner.position - 3)
            defer { depth -= 1 }
            return .not(try unary())
        }
        let start = scanner.position
        guard scanner.skip("(") else { return try term() }
        try goDeeper(at: start)
        defer { depth -= 1 }
        scanner.skipSpaces()
        if scanner.skip(")") { return .everything }
        let filter = try either()
        guard scanner.skip(")") else { throw fault(.syntax, "a ( without a )", at: start) }
        return filter
    }

    private mutating func goDeeper(at position: Int) throws(SpanFilterError) {
        depth += 1
        guard depth <= SpanFilterLimits.maxDepth else {
            throw fault(
                .tooLarge, "more than \(SpanFilterLimits.maxDepth) parentheses and nots within one another",
                at: position)
        }
    }

    private mutating func term() throws(SpanFilterError) -> SpanFilter {
        terms += 1
        guard terms <= SpanFilterLimits.maxTerms else {
            throw fault(.tooLarge, "more than \(SpanFilterLimits.maxTerms) terms", at: scanner.position)
        }
        let name = try fieldName()
        scanner.skipSpaces()
        guard let scalar = scanner.next, FilterScanner.isOperator(scalar) else {
            guard case .field(let field) = name.field else {
                throw fault(
                    .syntax, "a time is missing", at: scanner.position, hint: "write since=1h or until=2026-08-01")
            }
            return .present(field)
        }
        let place = scanner.position
        let operation = try operation()
        scanner.skipSpaces()
        switch name.field {
        case .since, .until:
            guard operation == .equal else {
                throw fault(.wrongOperator, "since and until take = alone", at: place, hint: "start takes < and >=")
            }
            let value = try value(of: .start, operation)
            return .compare(.start, name.field == .since ? .greaterOrEqual : .less, value) ?? .nothing
        case .field(let field):
            if let hint = field.refusal(of: operation) {
                throw fault(.wrongOperator, "\(field.text) has no \(operation.rawValue)", at: place, hint: hint)
            }
            let value = try value(of: field, operation)
            guard let filter = SpanFilter.compare(field, operation, value) else {
                // Of what the value was read as for this field, only a flag has fewer operators than the field.
                throw fault(
                    .wrongOperator, "true and false have no \(operation.rawValue)", at: place,
                    hint: "they have = and !=")
            }
            return filter
        }
    }

    private mutating func fieldName() throws(SpanFilterError) -> (field: FilterFieldName, start: Int) {
        scanner.skipSpaces()
        try refuseTypographicQuote(at: scanner.position)
        guard !FilterSpelling.isQuote(scanner.next) else {
            throw fault(
                .syntax, "a quote without a field before it", at: scanner.position,
                hint: "quotes stand around a value, as in service=\"checkout\"")
        }
        let word = scanner.word(isName: true)
        if word.text == "or" || word.text == "and" {
            throw fault(.syntax, "nothing before \(word.text)", at: word.start, hint: "a term is missing there")
        }
        if word.text.isEmpty {
            guard let scalar = scanner.next else { throw fault(.syntax, "a term is missing", at: word.start) }
            if scalar == "!" {
                throw fault(.syntax, "a ! before a term", at: word.start, hint: "write not before a term")
            }
            throw fault(.syntax, "no field here", at: word.start, hint: "write a term such as service=checkout")
        }
        for (prefix, make) in FilterFieldName.keyed where word.text.utf8.starts(with: prefix.utf8) {
            var key = String(word.text.unicodeScalars.dropFirst(prefix.unicodeScalars.count))
            // A word goes on over a single quote (it's), and none begins with one.
            if key.unicodeScalars.first == "'" { scanner.position = word.start + prefix.unicodeScalars.count }
            try refuseTypographicQuote(at: word.start + prefix.unicodeScalars.count)
            if key.isEmpty || scanner.next == "'" {
                guard FilterSpelling.isQuote(scanner.next) else {
                    throw fault(
                        .syntax, "\(prefix) without a key", at: scanner.position,
                        hint: "write \(prefix)KEY or \(prefix)\"KEY\"")
                }
                key = try scanner.quotedText().text
            }
            return (.field(make(ExactText(key))), word.start)
        }
        guard let field = FilterFieldName(word.text) else {
            throw fault(
                .unknownField, "unknown field \(FilterSpelling.shown(word.text))", at: word.start,
                hint: FilterFieldName.suggestion(for: word.text, behind: termBefore(word)))
        }
        return (field, word.start)
    }

    private func refuseTypographicQuote(at position: Int) throws(SpanFilterError) {
        guard position < scanner.scalars.count, NameText.isTypographicQuote(scanner.scalars[position]) else {
            return
        }
        throw fault(
            .syntax, "a quote that only texts have", at: position,
            hint: "write \" around a value; put one that has such a quote in it in \" too")
    }

    /// Returns the term before a word with the word drawn into its value, as in `name="GET /cart"`. `nil` unless the
    /// value stands without quotes, only spaces are between them, and no operator follows the word.
    private func termBefore(_ word: FilterWord) -> String? {
        var ahead = scanner
        ahead.skipSpaces()
        guard let bare, ahead.next.map(FilterScanner.isOperator) != true,
            scanner.scalars[bare.end..<word.start].allSatisfy(\.properties.isWhitespace)
        else { return nil }
        let value = String(String.UnicodeScalarView(scanner.scalars[bare.start..<scanner.position]))
        return bare.term + FilterSpelling.shown(value)
    }

    private mutating func operation() throws(SpanFilterError) -> SpanFilter.Operator {
        let start = scanner.position
        let operation: SpanFilter.Operator
        if scanner.skip("=") {
            operation = .equal
        } else if scanner.skip("<") {
            operation = scanner.skip("=") ? .lessOrEqual : .less
        } else if scanner.skip(">") {
            operation = scanner.skip("=") ? .greaterOrEqual : .greater
        } else if scanner.skip("~") {
            operation = .matches
        } else {
            _ = scanner.skip("!")
            guard scanner.next == "=" || scanner.next == "~" else {
                throw fault(.syntax, "a ! without = or ~", at: start, hint: "write not before a term")
            }
            operation = scanner.skip("=") ? .notEqual : .doesNotMatch
            if operation == .doesNotMatch { _ = scanner.skip("~") }
        }
        if let scalar = scanner.next, FilterScanner.isOperator(scalar) {
            let hint =
                operation == .equal && scalar == "="
                ? "did you mean =?"
                : operation == .equal && scalar == "~" ? "did you mean ~?" : "put a value that starts with it in quotes"
            throw fault(.syntax, "unexpected \(scalar) after \(operation.rawValue)", at: scanner.position, hint: hint)
        }
        return operation
    }

    private mutating func value(
        of field: SpanFilter.Field, _ operation: SpanFilter.Operator
    ) throws(SpanFilterError) -> SpanFilter.Value {
        let isPattern = operation.positive == .matches
        let word: FilterWord
        try refuseTypographicQuote(at: scanner.position)
        if FilterSpelling.isQuote(scanner.next) {
            word = isPattern ? try scanner.quotedPattern() : try scanner.quotedText()
        } else {
            word = scanner.word(isName: false)
            if word.text.isEmpty {
                throw fault(
                    .syntax, "a value is missing", at: word.start, hint: "write \"\" for an empty one")
            }
        }
        if let scalar = scanner.next, scalar != ")", !scalar.properties.isWhitespace {
            throw fault(
                .syntax, "unexpected \(FilterSpelling.shown(scalar)) after a value", at: scanner.position,
                hint: hint(behind: word, scalar))
        }
        if !word.isQuoted { bare = (field.text + operation.rawValue, word.start, scanner.position) }
        if isPattern { return .pattern(try pattern(word)) }
        switch FilterLiteral.value(of: field, word, nowUnixNano) {
        case .value(let value): return value
        case .fault(let message, let hint): throw fault(.wrongValue, message, at: word.start, hint: hint)
        }
    }

    /// Returns advice about a scalar right behind a value.
    private func hint(behind value: FilterWord, _ scalar: Unicode.Scalar) -> String {
        if !value.isQuoted { return "put the whole value in quotes" }
        if value.text.isEmpty { return "write a quote once on each side of a value" }
        return FilterSpelling.isQuote(scalar)
            ? "write \\\(scalar) for a quote within a value" : "put a space between terms"
    }

    private mutating func pattern(_ word: FilterWord) throws(SpanFilterError) -> TextPattern {
        let start = word.start + (word.isQuoted ? 1 : 0)
        do throws(SpanFilterError) {
            let pattern = try TextPattern(word.text)
            patternSteps += pattern.steps
            guard patternSteps <= SpanFilterLimits.maxPatternSteps else {
                throw SpanFilterError(
                    .tooLarge, "the patterns have more than \(SpanFilterLimits.maxPatternSteps) steps together",
                    column: 1)
            }
            return pattern
        } catch {
            throw SpanFilterError(error.code, error.message, column: start + error.column, hint: error.hint)
        }
    }
}
