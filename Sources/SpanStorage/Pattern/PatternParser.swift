/// Recursive-descent parser of regular expressions. Never nests deeper than `TextPattern.maxDepth`.
struct PatternParser {
    let scalars: [Unicode.Scalar]
    var position = 0
    private var depth = 0

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    /// Parses the whole expression.
    ///
    /// - Throws: `pattern` or `tooLarge`, with the column in the expression.
    mutating func parse() throws(SpanFilterError) -> PatternExpression {
        let expression = try choice()
        if position < scalars.count {
            throw fault("a ) without a (", at: position, hint: "write \\) for the character")
        }
        return expression
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    func fault(_ message: String, at position: Int, hint: String = "") -> SpanFilterError {
        SpanFilterError(.pattern, message, column: position + 1, hint: hint)
    }

    private mutating func choice() throws(SpanFilterError) -> PatternExpression {
        var parts = [try sequence()]
        while skip("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() throws(SpanFilterError) -> PatternExpression {
        var parts: [PatternExpression] = []
        while let scalar = next, scalar != "|", scalar != ")" { parts.append(try repeated()) }
        return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repeated() throws(SpanFilterError) -> PatternExpression {
        let isPlace = next == "^" || next == "$"
        let part = try single()
        let first = position
        guard let (least, most) = try bounds() else { return part }
        if isPlace { throw fault("nothing to repeat", at: first, hint: "^ and $ stand for a place; leave it out") }
        let second = position
        let mark = next
        if try bounds() != nil {
            let hint =
                switch mark {
                case "?": "leave out the ?, with which the same is found"
                case "+": "leave out the +; there is no going back that it could spare"
                default: "put the first one in parentheses"
                }
            throw fault("a repetition of a repetition", at: second, hint: hint)
        }
        return .repetition(part, least: least, most: most)
    }

    /// Reads a repetition, `*`, `+`, `?`, `{2}`, `{2,}` or `{2,5}`; `nil` when none stands here.
    private mutating func bounds() throws(SpanFilterError) -> (Int, Int?)? {
        if skip("*") { return (0, nil) }
        if skip("+") { return (1, nil) }
        if skip("?") { return (0, 1) }
        let start = position
        guard isRepetitionBrace(at: start) else { return nil }
        position += 1
        let least = try number()
        var most: Int? = least
        if skip(",") { most = next == "}" ? nil : try number() }
        guard skip("}") else { throw fault("a repetition without its }", at: start, hint: "write {2}, {2,} or {2,5}") }
        if let most, most < least { throw fault("a repetition whose end is below its start", at: start) }
        return (least, most)
    }

    private func isRepetitionBrace(at index: Int) -> Bool {
        guard index + 1 < scalars.count, scalars[index] == "{" else { return false }
        return ("0"..."9").contains(scalars[index + 1])
    }

    /// Returns `true` for `{,2}` or `{ 2 }`, which some dialects take for a repetition and others for characters: only
    /// digits, commas and blanks between braces.
    private func isLooseRepetition(at index: Int) -> Bool {
        guard scalars[index] == "{" else { return false }
        let inner = scalars[(index + 1)...].prefix { " ,\t".unicodeScalars.contains($0) || ("0"..."9").contains($0) }
        let isOpen = inner.first == "," && inner.dropFirst().first.map { ("0"..."9").contains($0) } == true
        let isClosed = inner.endIndex < scalars.count && scalars[inner.endIndex] == "}"
        return isOpen || isClosed && inner.contains { ("0"..."9").contains($0) }
    }

    private mutating func number() throws(SpanFilterError) -> Int {
        let start = position
        var value = 0
        while let digit = next, ("0"..."9").contains(digit) {
            value = value * 10 + Int(digit.value - 0x30)
            position += 1
            if value > TextPattern.maxRepetition {
                throw SpanFilterError(
                    .tooLarge, "a repetition of more than \(TextPattern.maxRepetition)", column: start + 1)
            }
        }
        if position == start {
            throw fault("a repetition without a number", at: start, hint: "write {2}, {2,} or {2,5}")
        }
        return value
    }

    private mutating func single() throws(SpanFilterError) -> PatternExpression {
        let start = position
        if isRepetitionBrace(at: start) {
            throw fault("nothing to repeat", at: start, hint: "write \\{ for the character")
        }
        if isLooseRepetition(at: start) {
            throw fault(
                "an unknown kind of repetition", at: start,
                hint: "write {2}, {2,}, {2,5} or {0,2}, or \\{ for the character")
        }
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case ".": return .any
        case "^": return .start
        case "$": return .end
        case "[": return .set(try set(from: start))
        case "(": return try group(from: start)
        case "*", "+", "?":
            throw fault("nothing to repeat", at: start, hint: "write \\\(scalar) for the character")
        case "\\":
            switch try escape(from: start) {
            case .set(let set): return .set(set)
            case .scalar(let value): return .scalar(value)
            }
        default: return .scalar(scalar.value)
        }
    }

    private mutating func group(from start: Int) throws(SpanFilterError) -> PatternExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= TextPattern.maxDepth else {
            throw SpanFilterError(
                .tooLarge, "more than \(TextPattern.maxDepth) groups within one another", column: start + 1)
        }
        if skip("?") && !skip(":") { throw unknownGroup(from: start) }
        let inner = try choice()
        guard skip(")") else { throw fault("a ( without a )", at: start, hint: "write \\( for the character") }
        return inner
    }

    private enum Escaped {
        case scalar(UInt32)
        case set(ScalarSet)
    }

    /// Reads the rest of an escape whose backslash is at `start`.
    private mutating func escape(from start: Int) throws(SpanFilterError) -> Escaped {
        guard let scalar = next else { throw fault("a \\ at the end", at: start, hint: "write \\\\ for the character") }
        position += 1
        switch scalar {
        case "d": return .set(.digits)
        case "D": return .set(ScalarSet.digits.inverted)
        case "w": return .set(.wordScalars)
        case "W": return .set(ScalarSet.wordScalars.inverted)
        case "s": return .set(.spaces)
        case "S": return .set(ScalarSet.spaces.inverted)
        case "n": return .scalar(0x0A)
        case "r": return .scalar(0x0D)
        case "t": return .scalar(0x09)
        case "u":
            guard let value = scalars.escapedScalar(at: &position) else {
                throw fault("no character after \\u", at: start, hint: "write its number as \\u{1f600}")
            }
            return .scalar(value.value)
        default:
            guard scalar.isASCIIPunctuation, scalar != "<", scalar != ">" else {
                throw unknownEscape(scalar, at: start)
            }
            return .scalar(scalar.value)
        }
    }

    /// Reads the rest of a set whose `[` is at `start`.
    private mutating func set(from start: Int) throws(SpanFilterError) -> ScalarSet {
        let isInverted = skip("^")
        try checkForBareClass(from: start, isInverted: isInverted)
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while true {
            let place = position
            guard let scalar = next else {
                throw fault("a [ without a ]", at: start, hint: "write \\[ for the character")
            }
            // As everywhere, a ] that comes first stands for itself.
            if scalar == "]" && !isFirst { break }
            isFirst = false
            if try skipClass(adding: &ranges) {
                try checkForRange()
                continue
            }
            if scalar == "&", position + 1 < scalars.count, scalars[position + 1] == "&" {
                throw fault("sets are not intersected", at: place, hint: "write & once for the character")
            }
            guard let low = try member(adding: &ranges) else {
                try checkForRange()
                continue
            }
            var high = low
            if next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                position += 1
                let isClass = try skipClass(adding: &ranges)
                let last = next
                guard !isClass, let end = try member(adding: &ranges) else {
                    throw fault("a range that ends with a class", at: place, hint: Self.hyphen)
                }
                guard end >= low else {
                    let hint =
                        last == "\\" || scalar == "\\"
                        ? "" : last.map { "write \(FilterSpelling.shown($0))-\(FilterSpelling.shown(scalar))" }
                    throw fault("a range whose end is not behind its start", at: place, hint: hint ?? "")
                }
                high = end
            }
            ranges.append(low...high)
        }
        position += 1
        let set = ScalarSet(ranges)
        return isInverted ? set.inverted : set
    }

    /// Reads one scalar of a set; `nil` when an escape stood for a set, which is then added to `ranges`.
    private mutating func member(adding ranges: inout [ClosedRange<UInt32>]) throws(SpanFilterError) -> UInt32? {
        let start = position
        let scalar = scalars[position]
        position += 1
        guard scalar == "\\" else { return scalar.value }
        switch try escape(from: start) {
        case .scalar(let value): return value
        case .set(let set):
            ranges += set.ranges
            return nil
        }
    }
}

extension [Unicode.Scalar] {
    /// Reads the scalar of `{1f600}` at the position, which then stands behind it; `nil` for another form or an invalid
    /// scalar.
    func escapedScalar(at position: inout Int) -> Unicode.Scalar? {
        guard position < count, self[position] == "{" else { return nil }
        var value: UInt32 = 0
        var index = position + 1
        while index < count, let digit = self[index].hexDigit, index - position <= 6 {
            value = value << 4 | digit
            index += 1
        }
        guard index > position + 1, index < count, self[index] == "}", let scalar = Unicode.Scalar(value) else {
            return nil
        }
        position = index + 1
        return scalar
    }
}

extension Unicode.Scalar {
    fileprivate var hexDigit: UInt32? {
        switch value {
        case 0x30...0x39: value - 0x30
        case 0x41...0x46: value - 0x41 + 10
        case 0x61...0x66: value - 0x61 + 10
        default: nil
        }
    }

    fileprivate var isASCIIPunctuation: Bool {
        switch value {
        case 0x20...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }
}
