/// Fault in bytes that are to be a message, with its code, byte and field.
///
/// A description never holds a field's value, so that it can be logged.
public struct WireError: Error, Sendable, Hashable {
    /// Code of the fault. Open: later versions may add codes.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The bytes end inside a key, a varint, a fixed-width value or a group.
        public static let truncated = Code(rawValue: "truncated")
        /// A varint has no end within ten bytes (a key or a length: within five).
        public static let varintTooLong = Code(rawValue: "varint_too_long")
        /// A key is above 2^32 - 1 or names field 0.
        public static let invalidKey = Code(rawValue: "invalid_key")
        /// A key has wire type 6 or 7, which are not assigned.
        public static let invalidWireType = Code(rawValue: "invalid_wire_type")
        /// A length is above 2^31 - 1 or reaches past the end of the message around it.
        public static let invalidLength = Code(rawValue: "invalid_length")
        /// An end-group key closes nothing, or another group than the open one.
        public static let unmatchedGroup = Code(rawValue: "unmatched_group")
        /// More messages and groups are open than `WireLimits.maxDepth`.
        public static let tooDeep = Code(rawValue: "too_deep")
        /// A `string` field is not UTF-8.
        public static let invalidUTF8 = Code(rawValue: "invalid_utf8")
        /// A payload is larger than `WireLimits.maxPayloadBytes`.
        public static let payloadTooLarge = Code(rawValue: "payload_too_large")
    }

    /// Code of the fault.
    public var code: Code

    /// One sentence for people, with limit and actual value where there is one.
    public var message: String

    /// Offset in the payload at which the faulty element starts, in bytes.
    public var offset: Int

    /// Path of the field in which the fault lies, such as `resource_spans[0].scope_spans[1].spans[3].trace_id`; empty
    /// for the outermost message itself, and when the schema was not at hand.
    public var path: String

    /// Creates an error.
    public init(_ code: Code, _ message: String, offset: Int, path: String = "") {
        self.code = code
        self.message = message
        self.offset = offset
        self.path = path
    }
}

extension WireError: CustomStringConvertible {
    /// Code, byte, path and message: `invalid_length at byte 42 in resource_spans[0]: …`
    public var description: String {
        path.isEmpty
            ? "\(code.rawValue) at byte \(offset): \(message)"
            : "\(code.rawValue) at byte \(offset) in \(path): \(message)"
    }
}
