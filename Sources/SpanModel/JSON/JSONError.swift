/// Why text is not a message in JSON: what is wrong, at which byte, in which field.
///
/// A description never holds a field's value, so that it can be logged.
public struct JSONError: Error, Sendable, Hashable {
    /// The kind of fault. Open: later versions may add codes.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The text ends inside a value.
        public static let truncated = Code(rawValue: "truncated")
        /// Something that JSON's grammar has no room for.
        public static let invalidJSON = Code(rawValue: "invalid_json")
        /// A string that is not UTF-8.
        public static let invalidUTF8 = Code(rawValue: "invalid_utf8")
        /// Half of a surrogate pair in `\u` escapes.
        public static let loneSurrogate = Code(rawValue: "lone_surrogate")
        /// A value of another kind than the field has, such as a number for text.
        public static let wrongType = Code(rawValue: "wrong_type")
        /// A number that does not fit into the field's type, or has a fraction where there is none.
        public static let outOfRange = Code(rawValue: "out_of_range")
        /// An id that is not an even number of hexadecimal digits.
        public static let invalidID = Code(rawValue: "invalid_id")
        /// Bytes that are no base64.
        public static let invalidBase64 = Code(rawValue: "invalid_base64")
        /// A name that the enum does not have.
        public static let unknownEnumName = Code(rawValue: "unknown_enum_name")
        /// A field that stands twice in one object.
        public static let duplicateKey = Code(rawValue: "duplicate_key")
        /// A second member of a oneof.
        public static let oneofSetTwice = Code(rawValue: "oneof_set_twice")
        /// More open messages than `WireLimits.maxDepth`; in a value that is ignored, objects and arrays count.
        public static let tooDeep = Code(rawValue: "too_deep")
        /// A document over `WireLimits.maxPayloadBytes`.
        public static let payloadTooLarge = Code(rawValue: "payload_too_large")
        /// Something behind the one document that was asked for.
        public static let trailingText = Code(rawValue: "trailing_text")
    }

    public var code: Code

    /// One sentence for people, with limit and actual value where there is one.
    public var message: String

    /// Where the faulty element starts: bytes from the start of the text.
    public var offset: Int

    /// The field in which the fault lies, such as `resourceSpans[0].scopeSpans[1].spans[3].traceId`; empty when it lies
    /// in the outermost object itself.
    public var path: String

    public init(_ code: Code, _ message: String, offset: Int, path: String = "") {
        self.code = code
        self.message = message
        self.offset = offset
        self.path = path
    }

    /// The same fault, seen from the message around it.
    func inside(_ field: String, index: Int?) -> JSONError {
        var error = self
        error.path = field + (index.map { "[\($0)]" } ?? "") + (path.isEmpty ? "" : "." + path)
        return error
    }
}

extension JSONError: CustomStringConvertible {
    /// `invalid_id at byte 42 in resourceSpans[0].scopeSpans[0].spans[0].traceId: …`
    public var description: String {
        path.isEmpty
            ? "\(code.rawValue) at byte \(offset): \(message)"
            : "\(code.rawValue) at byte \(offset) in \(path): \(message)"
    }
}
