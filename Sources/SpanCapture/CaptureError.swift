import ProtoWire

/// Why captured bytes are not, or not wholly, what they were taken for.
///
/// A description never holds a field's value, so that it can be logged.
public struct CaptureError: Error, Sendable, Hashable {
    /// The kind of fault. Open: every code of `WireError` and of `JSONError` occurs too.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The input ends inside a frame or a field.
        public static let truncated = Code(rawValue: "truncated")
        /// Text that is no hexadecimal dump.
        public static let notHex = Code(rawValue: "not_hex")
        /// Text that is no base64.
        public static let notBase64 = Code(rawValue: "not_base64")
        /// JSON that no reader takes.
        public static let invalidJSON = Code(rawValue: "invalid_json")
        /// JSON in which not one key is known at the top.
        public static let unknownJSON = Code(rawValue: "unknown_json")
        /// Bytes with content of which not one field is known: text, another file, a part of a payload.
        public static let unknownProtobuf = Code(rawValue: "unknown_protobuf")
        /// OTLP of another signal: logs, metrics or profiles.
        public static let otherSignal = Code(rawValue: "other_signal")
        /// White space and nothing else.
        public static let blank = Code(rawValue: "blank")
        /// A frame of a kind that the protocol does not have.
        public static let unknownFrameKind = Code(rawValue: "unknown_frame_kind")
        /// A payload over `CaptureOptions.limits`.
        public static let payloadTooLarge = Code(rawValue: "payload_too_large")
    }

    public var code: Code

    /// One sentence for people, with limit and actual value where there is one.
    public var message: String

    /// Where the faulty element starts: bytes from the start of the input, once hexadecimal or base64 text around it is
    /// undone; in that text itself, as UTF-8, for `not_hex`, `not_base64` and `blank`, and of JSON.
    public var offset: Int

    /// The field in which the fault lies, such as `resource_spans[0].scope_spans[1].spans[3].trace_id`, or empty.
    public var path: String

    public init(_ code: Code, _ message: String, offset: Int, path: String = "") {
        self.code = code
        self.message = message
        self.offset = offset
        self.path = path
    }

    /// - Parameter base: where the message starts in the input.
    public init(_ error: WireError, at base: Int = 0) {
        self.init(
            Code(rawValue: error.code.rawValue), error.message, offset: base + error.offset, path: error.path)
    }
}

extension CaptureError: CustomStringConvertible {
    /// `truncated at byte 42 in resource_spans[0]: …`
    public var description: String {
        path.isEmpty
            ? "\(code.rawValue) at byte \(offset): \(message)"
            : "\(code.rawValue) at byte \(offset) in \(path): \(message)"
    }
}
