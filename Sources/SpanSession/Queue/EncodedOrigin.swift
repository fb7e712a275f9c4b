import ProtoWire
import SpanModel

/// Resource and scope of spans, encoded once and shared by all of them.
///
/// Two origins are equal when they encode to the same bytes; the same object is so at no cost.
public final class EncodedOrigin: Sendable {
    /// The fields of `ResourceSpans` other than `scope_spans`.
    package let resourceFields: [UInt8]
    /// The fields of `ScopeSpans` other than `spans`.
    package let scopeFields: [UInt8]
    private let hashed: Int

    /// Encodes a resource and a scope, for all spans that have them.
    public convenience init(
        resource: Resource?, resourceSchemaURL: String = "", scope: InstrumentationScope?, scopeSchemaURL: String = ""
    ) {
        self.init(
            resourceFields: ResourceSpans(resource: resource, schemaURL: resourceSchemaURL).encoded(),
            scopeFields: ScopeSpans(scope: scope, schemaURL: scopeSchemaURL).encoded())
    }

    /// Takes fields that are encoded already.
    package init(resourceFields: [UInt8], scopeFields: [UInt8]) {
        self.resourceFields = resourceFields
        self.scopeFields = scopeFields
        var hasher = Hasher()
        hasher.combine(resourceFields)
        hasher.combine(scopeFields)
        hashed = hasher.finalize()
    }

    /// The most that the origin takes in a batch, besides its spans: its fields, and two keys with lengths.
    package var overheadBytes: Int { resourceFields.count + scopeFields.count + 12 }
}

extension EncodedOrigin: Hashable {
    public static func == (left: EncodedOrigin, right: EncodedOrigin) -> Bool {
        left === right
            || left.hashed == right.hashed && left.resourceFields == right.resourceFields
                && left.scopeFields == right.scopeFields
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(hashed) }
}
