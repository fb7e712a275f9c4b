import ProtoWire

/// Spans with their resources and scopes: OTLP's `TracesData`, and `ExportTraceServiceRequest`, which has the same wire
/// form.
///
/// ```swift
/// let batch = try SpanBatch(decoding: payload)
/// for span in batch.spans { print(span.name) }
/// let bytes = batch.encoded()
/// ```
public struct SpanBatch: Sendable, Hashable {
    /// Spans by resource (field 1).
    public var resourceSpans: [ResourceSpans]
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates a batch.
    public init(resourceSpans: [ResourceSpans] = []) {
        self.resourceSpans = resourceSpans
        unknownFields = UnknownFields()
    }

    /// Number of spans in all resources. O(number of resources and scopes).
    public var spanCount: Int { resourceSpans.reduce(0) { $0 + $1.spanCount } }

    /// All spans in the order of the payload.
    public var spans: some Sequence<SpanRecord> {
        resourceSpans.lazy.flatMap { $0.scopeSpans.lazy.flatMap(\.spans) }
    }
}

extension SpanBatch: WireMessage {
    public init() { self.init(resourceSpans: []) }

    public static let schema: MessageSchema = .init("opentelemetry.proto.trace.v1.TracesData", schemaFields)

    /// Schema with the same fields under the name `ExportTraceServiceRequest`.
    public static let requestSchema: MessageSchema = .init(
        "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest", schemaFields)

    private static let schemaFields: [FieldSchema] = [
        FieldSchema(1, "resource_spans", .message { ResourceSpans.schema }, repeated: true)
    ]

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: try reader.messages(0x0A, into: &resourceSpans)
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependMessages(resourceSpans, key: 0x0A)
    }
}
