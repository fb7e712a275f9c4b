import ProtoWire

/// Fault in captured bytes, with its code, offset and field.
///
/// A description never holds a field's value, so that it can be logged.
public struct CaptureError: Error, Sendable, Hashable {
    /// Code of the fault. Open: every code of `WireError` and of `JSONError` occurs too.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The input ends inside a frame or a field.
        public static let truncated = Code(rawValue: "truncated")
        /// The text is not a hexadecimal dump.
        public static let notHex = Code(rawValue: "not_hex")
        /// The text is not base64.
        public static let notBase64 = Code(rawValue: "not_base64")
        /// The text violates JSON's grammar.
        public static let invalidJSON = Code(rawValue: "invalid_json")
        /// The JSON has no known key at its top.
        public static let unknownJSON = Code(rawValue: "unknown_json")
        /// The bytes have no known field: text, another file, a part of a payload.
        public static let unknownProtobuf = Code(rawValue: "unknown_protobuf")
        /// The bytes are OTLP of another signal: logs, metrics or profiles.
        public static let otherSignal = Code(rawValue: "other_signal")
        /// The input is white space and nothing else.
        public static let blank = Code(rawValue: "blank")
        /// A frame has a kind that the protocol does not have.
        public static let unknownFrameKind = Code(rawValue: "unknown_frame_kind")
        /// A payload exceeds `CaptureOptions.limits`.
        public static let payloadTooLarge = Code(rawValue: "payload_too_large")
    }

    /// Code of the fault.
    public var code: Code

    /// One sentence for people, with limit and actual value where there is one.
    public var message: String

    /// Offset at which the faulty element starts, in bytes of the input once hexadecimal or base64 text around it is
    /// decoded. For `notHex`, `notBase64`, `blank` and JSON: in bytes of the text itself as UTF-8.
    public var offset: Int

    /// Path of the field in which the fault lies, such as `resource_spans[0].scope_spans[1].spans[3].trace_id`; empty
    /// when it is not known.
    public var path: String

    /// Creates an error.
    public init(_ code: Code, _ message: String, offset: Int, path: String = "") {
        self.code = code
        self.message = message
        self.offset = offset
        self.path = path
    }

    /// Creates an error from a message's fault.
    ///
    /// - Parameter base: offset of the message in the input.
    public init(_ error: WireError, at base: Int = 0) {
        self.init(
            Code(rawValue: error.code.rawValue), error.message, offset: base + error.offset, path: error.path)
    }
}

extension CaptureError: CustomStringConvertible {
    /// Code, byte, path and message: `truncated at byte 42 in resource_spans[0]: …`
    public var description: String {
        path.isEmpty
            ? "\(code.rawValue) at byte \(offset): \(message)"
            : "\(code.rawValue) at byte \(offset) in \(path): \(message)"
    }
}
