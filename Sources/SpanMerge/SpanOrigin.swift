import ProtoWire
import SpanModel

/// Resource and instrumentation scope that surround a report: `spanwire.storage.v1.SpanOrigin`.
///
/// All spans of one `ScopeSpans` share an origin, so that a store keeps it once.
public struct SpanOrigin: Sendable, Hashable {
    /// Resource that produced the span (field 1); `nil` when it is not known.
    public var resource: Resource?
    /// URL of the schema that the resource follows (field 2); empty when it is not stated.
    public var resourceSchemaURL: String
    /// Scope that recorded the span (field 3); `nil` when it is not known.
    public var scope: InstrumentationScope?
    /// URL of the schema that the spans follow (field 4); empty when it is not stated.
    public var scopeSchemaURL: String
    /// Fields that the schema does not name.
    public var unknownFields: UnknownFields

    /// Creates an origin.
    public init(
        resource: Resource? = nil, resourceSchemaURL: String = "", scope: InstrumentationScope? = nil,
        scopeSchemaURL: String = ""
    ) {
        self.resource = resource
        self.resourceSchemaURL = resourceSchemaURL
        self.scope = scope
        self.scopeSchemaURL = scopeSchemaURL
        unknownFields = UnknownFields()
    }

    /// Value of the resource's `service.name`; empty when it has none.
    public var service: String { resource?.serviceName ?? "" }
}

extension SpanOrigin: WireMessage {
    public init() { self.init(resource: nil) }

    public static let schema: MessageSchema = .init(
        "spanwire.storage.v1.SpanOrigin",
        [
            FieldSchema(1, "resource", .message { Resource.schema }),
            FieldSchema(2, "resource_schema_url", .string),
            FieldSchema(3, "scope", .message { InstrumentationScope.schema }),
            FieldSchema(4, "scope_schema_url", .string),
        ])

    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let key = try reader.nextKey() {
            switch key.rawValue {
            case 0x0A:
                var inner = resource ?? Resource()
                try reader.merge(&inner)
                resource = inner
            case 0x12: resourceSchemaURL = try reader.string()
            case 0x1A:
                var inner = scope ?? InstrumentationScope()
                try reader.merge(&inner)
                scope = inner
            case 0x22: scopeSchemaURL = try reader.string()
            default: try reader.unknownField(key, into: &unknownFields)
            }
        }
    }

    public func encode(to writer: inout WireWriter) {
        writer.prependUnknown(unknownFields)
        writer.prependString(scopeSchemaURL, key: 0x22)
        if let scope { writer.prependMessage(scope, key: 0x1A) }
        writer.prependString(resourceSchemaURL, key: 0x12)
        if let resource { writer.prependMessage(resource, key: 0x0A) }
    }
}
