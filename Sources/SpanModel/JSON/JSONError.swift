/// Fault in JSON text that is to be a message, with its code, byte and field.
///
/// A description never holds a field's value, so that it can be logged.
public struct JSONError: Error, Sendable, Hashable {
    /// Code of the fault. Open: later versions may add codes.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The text ends inside a value.
        public static let truncated = Code(rawValue: "truncated")
        /// The text violates JSON's grammar.
        public static let invalidJSON = Code(rawValue: "invalid_json")
        /// A string is not UTF-8.
        public static let invalidUTF8 = Code(rawValue: "invalid_utf8")
        /// Half of a surrogate pair stands alone among `\u` escapes.
        public static let loneSurrogate = Code(rawValue: "lone_surrogate")
        /// A value is of another kind than the field, such as a number for a string.
        public static let wrongType = Code(rawValue: "wrong_type")
        /// A number does not fit into the field's type, or has a fraction where the type has none.
        public static let outOfRange = Code(rawValue: "out_of_range")
        /// An id is not an even number of hexadecimal digits.
        public static let invalidID = Code(rawValue: "invalid_id")
        /// A value of bytes is not base64.
        public static let invalidBase64 = Code(rawValue: "invalid_base64")
        /// The enum has no value of that name.
        public static let unknownEnumName = Code(rawValue: "unknown_enum_name")
        /// A field stands twice in one object.
        public static let duplicateKey = Code(rawValue: "duplicate_key")
        /// A second member of a oneof is set.
        public static let oneofSetTwice = Code(rawValue: "oneof_set_twice")
        /// More messages are open than `WireLimits.maxDepth`; in an ignored value, objects and arrays count.
        public static let tooDeep = Code(rawValue: "too_deep")
        /// A document is larger than `WireLimits.maxPayloadBytes`.
        public static let payloadTooLarge = Code(rawValue: "payload_too_large")
        /// Text follows the one document that was asked for.
        public static let trailingText = Code(rawValue: "trailing_text")
    }

    /// Code of the fault.
    public var code: Code

    /// One sentence for people, with limit and actual value where there is one.
    public var message: String

    /// Offset in the text at which the faulty element starts, in bytes.
    public var offset: Int

    /// Path of the field in which the fault lies, such as `resourceSpans[0].scopeSpans[1].spans[3].traceId`; empty for
    /// the outermost object itself.
    public var path: String

    /// Creates an error.
    public init(_ code: Code, _ message: String, offset: Int, path: String = "") {
        self.code = code
        self.message = message
        self.offset = offset
        self.path = path
    }

    /// Returns the error with the path seen from the message around it.
    func inside(_ field: String, index: Int?) -> JSONError {
        var error = self
        error.path = field + (index.map { "[\($0)]" } ?? "") + (path.isEmpty ? "" : "." + path)
        return error
    }
}

extension JSONError: CustomStringConvertible {
    /// Code, byte, path and message: `invalid_id at byte 42 in resourceSpans[0].scopeSpans[0].spans[0].traceId: …`
    public var description: String {
        path.isEmpty
            ? "\(code.rawValue) at byte \(offset): \(message)"
            : "\(code.rawValue) at byte \(offset) in \(path): \(message)"
    }
}
