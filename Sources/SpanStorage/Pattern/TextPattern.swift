import ProtoWire

/// A regular expression that is looked for anywhere in a text, in time proportional to the text.
///
/// Works on Unicode scalars, one after the other, with all ways through the expression at once, so that nothing in it
/// can make it go back. What there is: literals, `.` (any scalar, line breaks too), `[a-z]` and `[^a-z]`, `\d` `\w` `\s`
/// of ASCII and their opposites `\D` `\W` `\S`, `\n` `\r` `\t` `\u{1f600}`, a backslash before any other ASCII
/// punctuation, `^` and `$` for the start and the end of the text, `*` `+` `?` `{2}` `{2,}` `{2,5}`, `|`, `( )` and
/// `(?: )`, and in sets the classes of POSIX, `[[:alpha:]]`. A brace that no digit follows stands for itself, as in
/// `/users/{id}`.
public struct TextPattern: Sendable, Hashable {
    /// Scalars of an expression.
    public static let maxLength = 1_024
    /// Steps of an expression, which is about its scalars with every repetition written out.
    public static let maxSteps = 1_000
    /// The largest number in braces.
    public static let maxRepetition = 1_000
    /// Groups within one another.
    public static let maxDepth = 64
    /// How many scalars of a text are looked at; `$` holds at the end of the text alone.
    public static let maxTextLength = 65_536

    /// The expression, on one line: quotes have a backslash before them, control characters are written as `\u{…}`.
    public let source: String
    let program: PatternProgram
    /// What it costs the query it is asked by; `nil` outside of one, where nothing is counted.
    var work: PatternWork?

    /// How much of a filter's `maxPatternSteps` it takes.
    public var steps: Int { program.steps.count }

    /// - Throws: `pattern` or `too_large`, with the column in the expression.
    public init(_ source: String) throws(SpanFilterError) {
        guard source.unicodeScalars.count <= Self.maxLength else {
            throw SpanFilterError(
                .tooLarge, "the pattern has more than \(Self.maxLength) characters", column: Self.maxLength + 1)
        }
        var parser = PatternParser(source)
        let expression = try parser.parse()
        guard expression.size < Self.maxSteps else {
            throw SpanFilterError(
                .tooLarge, "the pattern has more than \(Self.maxSteps) steps, its repetitions written out", column: 1)
        }
        program = PatternProgram(expression)
        self.source = Self.printable(source)
    }

    /// Whether the expression is found in the text. O(steps) at the most for each scalar; allocates a little. Of a query
    /// whose patterns have cost too much (`SpanFilter.checkPatternWork`) none is found.
    public func matches(_ text: String) -> Bool { program.matches(text, work) }

    // Expressions written differently are different, whatever they match.
    public static func == (left: TextPattern, right: TextPattern) -> Bool {
        left.source.hasSameBytes(as: right.source)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(ExactText(source)) }

    private static func printable(_ source: String) -> String {
        var result = ""
        var isEscaped = false
        for scalar in source.unicodeScalars {
            if !scalar.isShown {
                result += FilterSpelling.escape(scalar)
            } else {
                if scalar == "\"" && !isEscaped { result += "\\" }
                result.unicodeScalars.append(scalar)
            }
            isEscaped = scalar == "\\" && !isEscaped
        }
        return result
    }
}

extension TextPattern: CustomStringConvertible {
    public var description: String { source }
}
