import ProtoWire

/// Outcome of an operation: OTLP's `Status`.
public struct SpanStatus: Sendable, Hashable {
    /// Code of an outcome. Open: other numbers are legal on the wire.
    public struct Code: RawRepresentable, Sendable, Hashable, BitwiseCopyable, CustomStringConvertible {
        public let rawValue: Int32

        @inlinable
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// The outcome is not stated.
        public static let unset = Code(rawValue: 0)
        /// The operation is known to have succeeded.
        public static let ok = Code(rawValue: 1)
        /// The operation failed.
        public static let error = Code(rawValue: 2)

        /// Numbers and names of the codes in the schema.
        public static let schema = EnumSchema(
            "opentelemetry.proto.trace.v1.Status.StatusCode",
            [(0, "STATUS_CODE_UNSET"), (1, "STATUS_CODE_OK"), (2, "STATUS_CODE_ERROR")])

        /// Name of the code, such as `error`; the number when it has no name.
        public var description: String {
            switch self {
            case .unset: "unset"
            case .ok: "ok"
            case .error: "error"
            default: String(rawValue)
            }
        }
    }

    /// Code of the outcome (field 3).
    public var code: Code
    /// Message for people (field 2), meant for `error`.
    public var message: String
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates a status.
    public init(_ code: Code, message: String = "") {
        self.code = code
        self.message = message
        unknownFields = UnknownFields()
    }

    /// Status that does not state an outcome.
    public static let unset = SpanStatus(.unset)
    /// Status of an operation that is known to have succeeded.
    public static let ok = SpanStatus(.ok)
    /// Status of a failed operation, without a message; `SpanStatus(.error, message: "…")` has one.
    public static let error = SpanStatus(.error)
}

extension SpanStatus: WireMessage {
    public init() { self.init(.unset) }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.trace.v1.Status",
        [FieldSchema(2, "message", .string), FieldSchema(3, "code", .enumeration(Code.schema))])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x12: message = try reader.string()
            case 0x18: code = Code(rawValue: Int32(truncatingIfNeeded: try reader.varint()))
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependVarint(UInt64(bitPattern: Int64(code.rawValue)), key: 0x18)
        writer.prependString(message, key: 0x12)
    }
}
