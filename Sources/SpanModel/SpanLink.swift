import ProtoWire

/// Link from a span to a span of this or another trace: OTLP's `Span.Link`.
public struct SpanLink: Sendable, Hashable {
    /// Trace id of the linked span (field 1).
    public var traceID: TraceID
    /// Span id of the linked span (field 2).
    public var spanID: SpanID
    /// W3C `tracestate` of the linked span (field 3).
    public var traceState: String
    /// Attributes of the link (field 4).
    public var attributes: [Attribute]
    /// Number of attributes left out by the sender's limits (field 5).
    public var droppedAttributesCount: UInt32
    /// W3C trace flags in bits 0 to 7, then `HAS_IS_REMOTE` and `IS_REMOTE` (field 6).
    public var flags: UInt32
    /// Ids that came with another length, or as zeros.
    public var irregularIDs: IrregularIDs
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates a link.
    public init(
        traceID: TraceID, spanID: SpanID, traceState: String = "", attributes: [Attribute] = [],
        droppedAttributesCount: UInt32 = 0, flags: UInt32 = 0
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.traceState = traceState
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
        self.flags = flags
        irregularIDs = IrregularIDs()
        unknownFields = UnknownFields()
    }
}

extension SpanLink: WireMessage {
    public init() { self.init(traceID: .invalid, spanID: .invalid) }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.trace.v1.Span.Link",
        [
            FieldSchema(1, "trace_id", .bytes),
            FieldSchema(2, "span_id", .bytes),
            FieldSchema(3, "trace_state", .string),
            FieldSchema(4, "attributes", .message { Attribute.schema }, repeated: true),
            FieldSchema(5, "dropped_attributes_count", .uint32),
            FieldSchema(6, "flags", .fixed32),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: traceID = try reader.traceID(&irregularIDs)
            case 0x12: spanID = try reader.spanID(.spanID, &irregularIDs)
            case 0x1A: traceState = try reader.string()
            case 0x22: try reader.attributes(0x22, into: &attributes)
            case 0x28: droppedAttributesCount = UInt32(truncatingIfNeeded: try reader.varint())
            case 0x35: flags = try reader.fixed32()
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependFixed32(flags, key: 0x35)
        writer.prependVarint(UInt64(droppedAttributesCount), key: 0x28)
        writer.prependMessages(attributes, key: 0x22)
        writer.prependString(traceState, key: 0x1A)
        writer.prependSpanID(spanID, .spanID, irregularIDs, key: 0x12)
        writer.prependTraceID(traceID, irregularIDs, key: 0x0A)
    }
}
