import ProtoWire
import SpanModel

/// Resource and scope of spans, encoded once and shared by all of them.
public final class SpanOrigin: Sendable {
    /// The fields of `ResourceSpans` other than `scope_spans`.
    let resourceFields: [UInt8]
    /// The fields of `ScopeSpans` other than `spans`.
    let scopeFields: [UInt8]

    public init(
        resource: Resource?, resourceSchemaURL: String = "", scope: InstrumentationScope?, scopeSchemaURL: String = ""
    ) {
        resourceFields = ResourceSpans(resource: resource, schemaURL: resourceSchemaURL).encoded()
        scopeFields = ScopeSpans(scope: scope, schemaURL: scopeSchemaURL).encoded()
    }
}
