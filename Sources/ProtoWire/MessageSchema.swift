/// A message's name and fields, as in `proto/`.
public struct MessageSchema: Sendable {
    /// The full protobuf name, such as `opentelemetry.proto.trace.v1.Span`.
    public let name: String
    /// In the order of their numbers.
    public let fields: [FieldSchema]

    public init(_ name: String, _ fields: [FieldSchema]) {
        self.name = name
        self.fields = fields
    }

    /// The field of that number, `nil` when the schema has none. O(number of fields).
    public func field(_ number: UInt32) -> FieldSchema? { fields.first { $0.number == number } }
}

/// One field of a message.
public struct FieldSchema: Sendable {
    /// 1 to 536,870,911.
    public let number: UInt32
    /// The name in `proto/` (snake_case).
    public let name: String
    public let type: FieldType
    /// Whether the field holds any number of values.
    public let isRepeated: Bool
    /// The oneof that the field is a member of.
    public let oneof: String?

    public init(_ number: UInt32, _ name: String, _ type: FieldType, repeated: Bool = false, oneof: String? = nil) {
        self.number = number
        self.name = name
        self.type = type
        isRepeated = repeated
        self.oneof = oneof
    }

    /// The name in the JSON mapping (lowerCamelCase).
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

/// The type of a field's value.
public enum FieldType: Sendable {
    case double, fixed32, fixed64, uint32, uint64, int32, int64, bool, string, bytes
    /// An open enum: other numbers are legal too.
    case enumeration(EnumSchema)
    /// A closure, because messages contain each other.
    case message(@Sendable () -> MessageSchema)

    /// The wire type of one value that is not packed.
    public var wireType: WireType {
        switch self {
        case .double, .fixed64: .fixed64
        case .fixed32: .fixed32
        case .uint32, .uint64, .int32, .int64, .bool, .enumeration: .varint
        case .string, .bytes, .message: .lengthDelimited
        }
    }
}

/// An enum's name and its named values.
public struct EnumSchema: Sendable {
    /// The full protobuf name, such as `opentelemetry.proto.trace.v1.Span.SpanKind`.
    public let name: String
    /// In the order of the schema.
    public let values: [Value]

    /// One named value.
    public struct Value: Sendable {
        /// The value on the wire.
        public let number: Int32
        /// The name in `proto/`, such as `SPAN_KIND_SERVER`.
        public let name: String
    }

    public init(_ name: String, _ values: [(Int32, String)]) {
        self.name = name
        self.values = values.map { Value(number: $0.0, name: $0.1) }
    }

    /// The name of a number, `nil` when the schema has none.
    public func name(of number: Int32) -> String? { values.first { $0.number == number }?.name }
}
