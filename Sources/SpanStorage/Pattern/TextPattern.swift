import ProtoWire
import SpanModel

/// A regular expression that is looked for anywhere in a text, in time proportional to the length of the text.
///
/// The search works on Unicode scalars and follows all ways through the expression at once, so it never backtracks. The
/// syntax has:
///
/// - literals, and `.` for any scalar, line breaks included;
/// - the sets `[a-z]` and `[^a-z]`, with the classes of POSIX in them, `[[:alpha:]]`;
/// - `\d` `\w` `\s` of ASCII and their opposites `\D` `\W` `\S`;
/// - the escapes `\n` `\r` `\t` `\u{1f600}`, and a backslash before any other ASCII punctuation;
/// - `^` and `$` for the start and the end of the text;
/// - the repetitions `*` `+` `?` `{2}` `{2,}` `{2,5}`, the choice `|`, the groups `( )` and `(?: )`.
///
/// A brace that no digit follows stands for itself, as in `/users/{id}`.
public struct TextPattern: Sendable, Hashable {
    /// Greatest length of an expression in Unicode scalars.
    public static let maxLength = 1_024
    /// Greatest number of steps of an expression: about its scalars with every repetition written out.
    public static let maxSteps = 1_000
    /// Greatest number in braces.
    public static let maxRepetition = 1_000
    /// Greatest depth of groups within one another.
    public static let maxDepth = 64
    /// Number of scalars of a text that are searched; `$` holds only at the end of the text.
    public static let maxTextLength = 65_536

    /// Expression on one line: quotes have a backslash before them, control characters are written as `\u{…}`.
    public let source: String
    let program: PatternProgram
    /// Budget of the query that uses the pattern; `nil` outside of a query, where nothing is counted.
    var work: PatternWork?

    /// Number of steps, which counts towards a filter's `maxPatternSteps`.
    public var steps: Int { program.steps.count }

    /// Compiles an expression.
    ///
    /// - Throws: `pattern` or `tooLarge`, with the column in the expression.
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

    /// Returns `true` when the expression is found in the text. At most O(steps) for each scalar; allocates memory
    /// proportional to `steps`. In a query whose patterns have spent their budget (`SpanFilter.checkPatternWork`) the
    /// result is `false`.
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
                result += NameText.escape(scalar)
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
