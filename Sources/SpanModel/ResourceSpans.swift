import ProtoWire

/// Spans of one resource: OTLP's `ResourceSpans`.
public struct ResourceSpans: Sendable, Hashable {
    /// Resource that produced the spans (field 1); `nil` when it is not known.
    public var resource: Resource?
    /// Spans by instrumentation scope (field 2).
    public var scopeSpans: [ScopeSpans]
    /// URL of the schema that the resource follows (field 3).
    public var schemaURL: String
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates a group.
    public init(resource: Resource?, scopeSpans: [ScopeSpans] = [], schemaURL: String = "") {
        self.resource = resource
        self.scopeSpans = scopeSpans
        self.schemaURL = schemaURL
        unknownFields = UnknownFields()
    }

    /// Number of spans in all scopes. O(number of scopes).
    public var spanCount: Int { scopeSpans.reduce(0) { $0 + $1.spans.count } }
}

extension ResourceSpans: WireMessage {
    public init() { self.init(resource: nil) }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.trace.v1.ResourceSpans",
        [
            FieldSchema(1, "resource", .message { Resource.schema }),
            FieldSchema(2, "scope_spans", .message { ScopeSpans.schema }, repeated: true),
            FieldSchema(3, "schema_url", .string),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: try reader.merge(&resource)
            case 0x12: try reader.messages(0x12, into: &scopeSpans)
            case 0x1A: schemaURL = try reader.string()
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependString(schemaURL, key: 0x1A)
        writer.prependMessages(scopeSpans, key: 0x12)
        if let resource { writer.prependMessage(resource, key: 0x0A) }
    }
}

/// Spans that one instrumentation scope recorded: OTLP's `ScopeSpans`.
public struct ScopeSpans: Sendable, Hashable {
    /// Scope that recorded the spans (field 1); `nil` when it is not known.
    public var scope: InstrumentationScope?
    /// Spans of the scope (field 2).
    public var spans: [SpanRecord]
    /// URL of the schema that the spans follow (field 3).
    public var schemaURL: String
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates a group.
    public init(scope: InstrumentationScope?, spans: [SpanRecord] = [], schemaURL: String = "") {
        self.scope = scope
        self.spans = spans
        self.schemaURL = schemaURL
        unknownFields = UnknownFields()
    }
}

extension ScopeSpans: WireMessage {
    public init() { self.init(scope: nil) }

    public static let schema: MessageSchema = .init(
        "opentelemetry.proto.trace.v1.ScopeSpans",
        [
            FieldSchema(1, "scope", .message { InstrumentationScope.schema }),
            FieldSchema(2, "spans", .message { SpanRecord.schema }, repeated: true),
            FieldSchema(3, "schema_url", .string),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A: try reader.merge(&scope)
            case 0x12: try reader.spans(0x12, into: &spans)
            case 0x1A: schemaURL = try reader.string()
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependString(schemaURL, key: 0x1A)
        writer.prependMessages(spans, key: 0x12)
        if let scope { writer.prependMessage(scope, key: 0x0A) }
    }
}
