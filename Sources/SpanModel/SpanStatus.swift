import ProtoWire

/// How the operation ended. OTLP's `Status`.
public struct SpanStatus: Sendable, Hashable {
    /// Open: other numbers are legal on the wire.
    public struct Code: RawRepresentable, Sendable, Hashable, BitwiseCopyable, CustomStringConvertible {
        public let rawValue: Int32

        @inlinable
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// Not said.
        public static let unset = Code(rawValue: 0)
        /// Known to be fine.
        public static let ok = Code(rawValue: 1)
        /// Failed.
        public static let error = Code(rawValue: 2)

        public static let schema = EnumSchema(
            "opentelemetry.proto.trace.v1.Status.StatusCode",
            [(0, "STATUS_CODE_UNSET"), (1, "STATUS_CODE_OK"), (2, "STATUS_CODE_ERROR")])

        /// `error`, or the number where there is no name.
        public var description: String {
            switch self {
            case .unset: "unset"
            case .ok: "ok"
            case .error: "error"
            default: String(rawValue)
            }
        }
    }

    /// Field 3.
    public var code: Code
    /// Field 2: for people, meant for `error`.
    public var message: String
    public var unknownFields: UnknownFields

    public init(_ code: Code, message: String = "") {
        self.code = code
        self.message = message
        unknownFields = UnknownFields()
    }

    /// The operation did not say how it ended.
    public static let unset = SpanStatus(.unset)
    /// The operation is known to have ended well.
    public static let ok = SpanStatus(.ok)
    /// The operation failed, without a message; `SpanStatus(.error, message: "…")` has one.
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
