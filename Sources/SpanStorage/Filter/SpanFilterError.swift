import SpanModel

/// Fault in the text of a filter, with its position.
public struct SpanFilterError: Error, Sendable, Hashable {
    /// Code of the fault. Open: later versions may add codes.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// An unknown word stands in the place of a field.
        public static let unknownField = Code(rawValue: "unknown_field")
        /// The field does not have the operator.
        public static let wrongOperator = Code(rawValue: "wrong_operator")
        /// The field does not take the value.
        public static let wrongValue = Code(rawValue: "wrong_value")
        /// Something is missing, or stands where it must not.
        public static let syntax = Code(rawValue: "syntax")
        /// A regular expression is malformed.
        public static let pattern = Code(rawValue: "pattern")
        /// The text exceeds one of `SpanFilterLimits`.
        public static let tooLarge = Code(rawValue: "too_large")
    }

    /// Code of the fault.
    public var code: Code
    /// Description of the fault, which "at column …" completes: `unknown field "durations"`.
    public var message: String
    /// Position of the fault in Unicode scalars, from 1; one past the end when something is missing there.
    public var column: Int
    /// Advice on how to mend the text; empty when the message gives it.
    public var hint: String

    /// Creates an error at a column.
    public init(_ code: Code, _ message: String, column: Int, hint: String = "") {
        self.code = code
        self.message = message
        self.column = column
        self.hint = hint
    }
}

extension SpanFilterError: CustomStringConvertible {
    /// Message, column and hint: `unknown field "durations" at column 14; did you mean duration?`
    public var description: String { "\(message) at column \(column)" + (hint.isEmpty ? "" : "; \(hint)") }

    /// Returns two lines: the part of the text around the fault, and a caret below the fault.
    ///
    /// Control characters are shown as `·`, so that nothing in the text drives a terminal. The line has at most 76
    /// scalars, each taken for one column.
    ///
    /// - Parameter filter: text that was parsed.
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
