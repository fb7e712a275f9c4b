import ProtoWire
import SpanModel

/// An origin in canonical form with its bytes, shared by all spans that have it.
///
/// It is made once for each `ScopeSpans`, and is a reference, so that each span pays one pointer for it.
public final class SharedOrigin: Sendable {
    /// Origin in canonical form.
    public let origin: SpanOrigin
    /// Canonical bytes; empty for an origin of which nothing is known.
    public let bytes: [UInt8]

    /// Puts an origin in canonical form. Allocates.
    public convenience init(_ origin: SpanOrigin) { self.init(canonical: origin.canonical()) }

    init(canonical origin: SpanOrigin) {
        self.origin = origin
        bytes = origin.encoded()
    }

    /// Origin of which nothing is known.
    public static let unknown = SharedOrigin(canonical: SpanOrigin())

    func isIdentical(to other: SharedOrigin) -> Bool { self === other || bytes == other.bytes }
}

extension SpanOrigin {
    /// Creates the origin of the spans in `scope` within `resource`. Unknown fields of both envelopes belong to no span
    /// and are left out.
    public init(_ resource: ResourceSpans, _ scope: ScopeSpans) {
        self.init(
            resource: resource.resource, resourceSchemaURL: resource.schemaURL, scope: scope.scope,
            scopeSchemaURL: scope.schemaURL)
    }
}
