/// Name and fields of a message, as in `proto/`.
public struct MessageSchema: Sendable {
    /// Full protobuf name, such as `opentelemetry.proto.trace.v1.Span`.
    public let name: String
    /// Fields in the order of their numbers.
    public let fields: [FieldSchema]

    /// Creates a schema from fields in the order of their numbers.
    public init(_ name: String, _ fields: [FieldSchema]) {
        self.name = name
        self.fields = fields
    }

    /// Returns the field of a number; `nil` when the schema has none. O(number of fields).
    public func field(_ number: UInt32) -> FieldSchema? { fields.first { $0.number == number } }
}

/// One field of a message.
public struct FieldSchema: Sendable {
    /// Field number, 1 to 536,870,911.
    public let number: UInt32
    /// Name in `proto/` (snake_case).
    public let name: String
    /// Type of the field's value.
    public let type: FieldType
    /// `true` for a field that holds any number of values.
    public let isRepeated: Bool
    /// Name of the oneof that the field is a member of; `nil` for none.
    public let oneof: String?

    /// Creates the schema of a field.
    public init(_ number: UInt32, _ name: String, _ type: FieldType, repeated: Bool = false, oneof: String? = nil) {
        self.number = number
        self.name = name
        self.type = type
        isRepeated = repeated
        self.oneof = oneof
    }

    /// Name in the JSON mapping (lowerCamelCase).
    public var jsonName: String {
        var result: [UInt8] = []
        var raises = false
        for letter in name.utf8 {
            if letter == UInt8(ascii: "_") {
                raises = true
            } else {
                let isLower = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
                result.append(raises && isLower ? letter - 0x20 : letter)
                raises = false
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// Type of a field's value.
public enum FieldType: Sendable {
    /// A scalar, a string or bytes, named as in protobuf.
    case double, fixed32, fixed64, uint32, uint64, int32, int64, bool, string, bytes
    /// An open enum: numbers without a name are legal too.
    case enumeration(EnumSchema)
    /// A message; its schema comes from a closure, since messages contain each other.
    case message(@Sendable () -> MessageSchema)

    /// Wire type of one value that is not packed.
    public var wireType: WireType {
        switch self {
        case .double, .fixed64: .fixed64
        case .fixed32: .fixed32
        case .uint32, .uint64, .int32, .int64, .bool, .enumeration: .varint
        case .string, .bytes, .message: .lengthDelimited
        }
    }
}

/// Name and named values of an enum.
public struct EnumSchema: Sendable {
    /// Full protobuf name, such as `opentelemetry.proto.trace.v1.Span.SpanKind`.
    public let name: String
    /// Named values in the order of the schema.
    public let values: [Value]

    /// One named value of an enum.
    public struct Value: Sendable {
        /// Number of the value on the wire.
        public let number: Int32
        /// Name of the value in `proto/`, such as `SPAN_KIND_SERVER`.
        public let name: String
    }

    /// Creates a schema from numbers with their names.
    public init(_ name: String, _ values: [(Int32, String)]) {
        self.name = name
        self.values = values.map { Value(number: $0.0, name: $0.1) }
    }

    /// Returns the name of a number; `nil` when the schema has none.
    public func name(of number: Int32) -> String? { values.first { $0.number == number }?.name }
}
