/// Why bytes are not a message: what is wrong, at which byte, in which field.
///
/// A description never holds a field's value, so that it can be logged.
public struct WireError: Error, Sendable, Hashable {
    /// The kind of fault. Open: later versions may add codes.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The bytes end inside a key, a varint, a fixed-width value or a group.
        public static let truncated = Code(rawValue: "truncated")
        /// A varint has no end within ten bytes (a key or a length: within five).
        public static let varintTooLong = Code(rawValue: "varint_too_long")
        /// A key is above 2^32 - 1 or names field 0.
        public static let invalidKey = Code(rawValue: "invalid_key")
        /// Wire type 6 or 7.
        public static let invalidWireType = Code(rawValue: "invalid_wire_type")
        /// A length is above 2^31 - 1 or reaches past the end of the message around it.
        public static let invalidLength = Code(rawValue: "invalid_length")
        /// An end-group key that closes nothing, or another group than the open one.
        public static let unmatchedGroup = Code(rawValue: "unmatched_group")
        /// More open messages and groups than `WireLimits.maxDepth`.
        public static let tooDeep = Code(rawValue: "too_deep")
        /// A `string` field that is not UTF-8.
        public static let invalidUTF8 = Code(rawValue: "invalid_utf8")
        /// A payload over `WireLimits.maxPayloadBytes`.
        public static let payloadTooLarge = Code(rawValue: "payload_too_large")
    }

    public var code: Code

    /// One sentence for people, with limit and actual value where there is one.
    public var message: String

    /// Where the faulty element starts: bytes from the start of the payload.
    public var offset: Int

    /// The field in which the fault lies, such as `resource_spans[0].scope_spans[1].spans[3].trace_id`; empty when it
    /// lies in the outermost message itself or the schema was not at hand.
    public var path: String

    public init(_ code: Code, _ message: String, offset: Int, path: String = "") {
        self.code = code
        self.message = message
        self.offset = offset
        self.path = path
    }
}

extension WireError: CustomStringConvertible {
    /// `invalid_length at byte 42 in resource_spans[0]: …`
    public var description: String {
        path.isEmpty
            ? "\(code.rawValue) at byte \(offset): \(message)"
            : "\(code.rawValue) at byte \(offset) in \(path): \(message)"
    }
}
