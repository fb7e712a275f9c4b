/// Why a text is no filter.
public struct SpanFilterError: Error, Sendable, Hashable {
    /// The kind of fault. Open.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A word stands where a field is meant and is none.
        public static let unknownField = Code(rawValue: "unknown_field")
        /// The field has no such operator.
        public static let wrongOperator = Code(rawValue: "wrong_operator")
        /// The field takes no such value.
        public static let wrongValue = Code(rawValue: "wrong_value")
        /// Something is missing, or stands where it must not.
        public static let syntax = Code(rawValue: "syntax")
        /// A regular expression has a fault.
        public static let pattern = Code(rawValue: "pattern")
        /// Beyond one of `SpanFilterLimits`.
        public static let tooLarge = Code(rawValue: "too_large")
    }

    public var code: Code
    /// What is wrong, up to the column: `unknown field "durations"`.
    public var message: String
    /// Where, in Unicode scalars from 1; one past the end where something is missing there.
    public var column: Int
    /// What to do; empty where the message says it.
    public var hint: String

    public init(_ code: Code, _ message: String, column: Int, hint: String = "") {
        self.code = code
        self.message = message
        self.column = column
        self.hint = hint
    }
}

extension SpanFilterError: CustomStringConvertible {
    /// `unknown field "durations" at column 14; did you mean duration?`
    public var description: String { "\(message) at column \(column)" + (hint.isEmpty ? "" : "; \(hint)") }

    /// The part of the text around the fault in one line, and a line with a caret below it.
    ///
    /// Control characters are shown as `·`, so that nothing in it drives a terminal; at most 76 characters wide. Every
    /// scalar is taken for one column.
    ///
    /// - Parameter filter: the text that was parsed.
    public func caretLines(in filter: String) -> String {
        let width = 76
        let place = min(max(column, 1) - 1, filter.unicodeScalars.count)
        let scalars = Array(filter.unicodeScalars.prefix(place + width))
        let start = scalars.count <= width ? 0 : max(0, min(place - width / 2, scalars.count - width))
        var line = ""
        for scalar in scalars[start..<min(start + width, scalars.count)] {
            line.unicodeScalars.append(scalar.isShown ? scalar : "·")
        }
        return line + "\n" + String(repeating: " ", count: place - start) + "^"
    }
}
