import ProtoWire

/// Library that recorded spans: OTLP's `InstrumentationScope`.
public struct InstrumentationScope: Sendable, Hashable {
    /// Name of the library (field 1).
    public var name: String
    /// Version of the library (field 2).
    public var version: String
    /// Attributes of the scope (field 3).
    public var attributes: [Attribute]
    /// Number of attributes left out by the sender's limits (field 4).
    public var droppedAttributesCount: UInt32
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates a scope.
    public init(
        name: String, version: String = "", attributes: [Attribute] = [], droppedAttributesCount: UInt32 = 0
    ) {
        self.name = name
        self.version = version
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
        unknownFields = UnknownFields()
    }
}

extension InstrumentationScope: WireMessage {
    public init() { self.init(name: "") }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.common.v1.InstrumentationScope",
        [
            FieldSchema(1, "name", .string),
            FieldSchema(2, "version", .string),
            FieldSchema(3, "attributes", .message { Attribute.schema }, repeated: true),
            FieldSchema(4, "dropped_attributes_count", .uint32),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: name = try reader.string()
            case 0x12: version = try reader.string()
            case 0x1A: try reader.attributes(0x1A, into: &attributes)
            case 0x20: droppedAttributesCount = UInt32(truncatingIfNeeded: try reader.varint())
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependVarint(UInt64(droppedAttributesCount), key: 0x20)
        writer.prependMessages(attributes, key: 0x1A)
        writer.prependString(version, key: 0x12)
        writer.prependString(name, key: 0x0A)
    }
}
