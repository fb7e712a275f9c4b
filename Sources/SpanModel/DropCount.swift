import ProtoWire

/// Number of spans that a sender dropped for one reason: `spanwire.transport.v1.DropCount`.
public struct DropCount: Sendable, Hashable {
    /// Short machine-readable word (field 1), such as `queue_full`.
    public var reason: String
    /// Number of spans (field 2).
    public var spans: UInt64
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates the count of a reason.
    public init(reason: String, spans: UInt64) {
        self.reason = reason
        self.spans = spans
        unknownFields = UnknownFields()
    }
}

extension DropCount: WireMessage {
    public init() { self.init(reason: "", spans: 0) }

    public static let schema: MessageSchema = .init(
        "spanwire.transport.v1.DropCount",
        [FieldSchema(1, "reason", .string), FieldSchema(2, "spans", .uint64)])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: reason = try reader.string()
            case 0x10: spans = try reader.varint()
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependVarint(spans, key: 0x10)
        writer.prependString(reason, key: 0x0A)
    }
}
