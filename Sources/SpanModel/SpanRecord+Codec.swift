import ProtoWire

extension SpanRecord: WireMessage {
    public init() { self.init(traceID: .invalid, spanID: .invalid, name: "", startTimeUnixNano: 0) }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.trace.v1.Span",
        [
            FieldSchema(1, "trace_id", .bytes),
            FieldSchema(2, "span_id", .bytes),
            FieldSchema(3, "trace_state", .string),
            FieldSchema(4, "parent_span_id", .bytes),
            FieldSchema(5, "name", .string),
            FieldSchema(6, "kind", .enumeration(SpanKind.schema)),
            FieldSchema(7, "start_time_unix_nano", .fixed64),
            FieldSchema(8, "end_time_unix_nano", .fixed64),
            FieldSchema(9, "attributes", .message { Attribute.schema }, repeated: true),
            FieldSchema(10, "dropped_attributes_count", .uint32),
            FieldSchema(11, "events", .message { SpanEvent.schema }, repeated: true),
            FieldSchema(12, "dropped_events_count", .uint32),
            FieldSchema(13, "links", .message { SpanLink.schema }, repeated: true),
            FieldSchema(14, "dropped_links_count", .uint32),
            FieldSchema(15, "status", .message { SpanStatus.schema }),
            FieldSchema(16, "flags", .fixed32),
            FieldSchema(1001, "revision", .uint32),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: traceID = try reader.traceID(&irregularIDs)
            case 0x12: spanID = try reader.spanID(.spanID, &irregularIDs)
            case 0x1A: traceState = try reader.string()
            case 0x22: parentSpanID = try reader.spanID(.parentSpanID, &irregularIDs)
            case 0x2A: name = try reader.string()
            case 0x30: kind = SpanKind(rawValue: Int32(truncatingIfNeeded: try reader.varint()))
            case 0x39: startTimeUnixNano = try reader.fixed64()
            case 0x41: endTimeUnixNano = try reader.fixed64()
            case 0x4A: try reader.attributes(0x4A, into: &attributes)
            case 0x50: droppedAttributesCount = UInt32(truncatingIfNeeded: try reader.varint())
            case 0x5A: try reader.messages(0x5A, into: &events)
            case 0x60: droppedEventsCount = UInt32(truncatingIfNeeded: try reader.varint())
            case 0x6A: try reader.messages(0x6A, into: &links)
            case 0x70: droppedLinksCount = UInt32(truncatingIfNeeded: try reader.varint())
            case 0x7A: try reader.merge(&status)
            case 0x85: flags = try reader.fixed32()
            case 0x1F48: revision = UInt32(truncatingIfNeeded: try reader.varint())
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        encodeAfterAttributes(to: &writer)
        encodeFromAttributes(to: &writer)
    }

    /// Encodes the fields with higher numbers than the attributes.
    @inline(__always)
    func encodeAfterAttributes(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependVarint(UInt64(revision), key: 0x1F48)
        writer.prependFixed32(flags, key: 0x85)
        if let status { writer.prependMessage(status, key: 0x7A) }
        writer.prependVarint(UInt64(droppedLinksCount), key: 0x70)
        writer.prependMessages(links, key: 0x6A)
        writer.prependVarint(UInt64(droppedEventsCount), key: 0x60)
        writer.prependMessages(events, key: 0x5A)
        writer.prependVarint(UInt64(droppedAttributesCount), key: 0x50)
    }

    /// Encodes the attributes and the fields with lower numbers.
    @inline(__always)
    func encodeFromAttributes(to writer: inout WireWriter) {
        writer.prependMessages(attributes, key: 0x4A)
        writer.prependFixed64(endTimeUnixNano, key: 0x41)
        writer.prependFixed64(startTimeUnixNano, key: 0x39)
        writer.prependVarint(UInt64(bitPattern: Int64(kind.rawValue)), key: 0x30)
        writer.prependString(name, key: 0x2A)
        writer.prependSpanID(parentSpanID, .parentSpanID, irregularIDs, key: 0x22)
        writer.prependString(traceState, key: 0x1A)
        writer.prependSpanID(spanID, .spanID, irregularIDs, key: 0x12)
        writer.prependTraceID(traceID, irregularIDs, key: 0x0A)
    }
}
