import ProtoWire

/// Event at one moment within a span: OTLP's `Span.Event`.
public struct SpanEvent: Sendable, Hashable {
    /// Time of the event in nanoseconds since 1970-01-01T00:00:00Z (field 1).
    public var timeUnixNano: UInt64
    /// Name of the event (field 2).
    public var name: String
    /// Attributes of the event (field 3).
    public var attributes: [Attribute]
    /// Number of attributes left out by the sender's limits (field 4).
    public var droppedAttributesCount: UInt32
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates an event.
    public init(timeUnixNano: UInt64, name: String, attributes: [Attribute] = [], droppedAttributesCount: UInt32 = 0) {
        self.timeUnixNano = timeUnixNano
        self.name = name
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
        unknownFields = UnknownFields()
    }
}

extension SpanEvent: WireMessage {
    public init() { self.init(timeUnixNano: 0, name: "") }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.trace.v1.Span.Event",
        [
            FieldSchema(1, "time_unix_nano", .fixed64),
            FieldSchema(2, "name", .string),
            FieldSchema(3, "attributes", .message { Attribute.schema }, repeated: true),
            FieldSchema(4, "dropped_attributes_count", .uint32),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x09: timeUnixNano = try reader.fixed64()
            case 0x12: name = try reader.string()
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
        writer.prependString(name, key: 0x12)
        writer.prependFixed64(timeUnixNano, key: 0x09)
    }
}
