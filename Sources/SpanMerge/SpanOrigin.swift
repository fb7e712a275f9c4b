import ProtoWire
import SpanModel

/// Where a report comes from: the resource and the instrumentation scope around the span.
///
/// `spanwire.storage.v1.SpanOrigin`: what the spans of one `ScopeSpans` share, so that a store keeps it once.
public struct SpanOrigin: Sendable, Hashable {
    /// Field 1; `nil` when not known.
    public var resource: Resource?
    /// Field 2: of the resource's conventions; empty when not said.
    public var resourceSchemaURL: String
    /// Field 3; `nil` when not known.
    public var scope: InstrumentationScope?
    /// Field 4: of the spans' conventions; empty when not said.
    public var scopeSchemaURL: String
    public var unknownFields: UnknownFields

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

    /// The resource's `service.name`; empty when it has none.
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
