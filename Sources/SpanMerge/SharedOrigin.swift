import ProtoWire
import SpanModel

/// An origin in canonical form, with its bytes, shared by all spans that have it.
///
/// Made once for each `ScopeSpans`; a reference, so that a span pays one pointer for it.
public final class SharedOrigin: Sendable {
    /// In canonical form.
    public let origin: SpanOrigin
    /// The canonical bytes; empty for an origin of which nothing is known.
    public let bytes: [UInt8]

    /// Puts an origin in canonical form. Allocates.
    public convenience init(_ origin: SpanOrigin) { self.init(canonical: origin.canonical()) }

    init(canonical origin: SpanOrigin) {
        self.origin = origin
        bytes = origin.encoded()
    }

    /// An origin of which nothing is known.
    public static let unknown = SharedOrigin(canonical: SpanOrigin())

    func isIdentical(to other: SharedOrigin) -> Bool { self === other || bytes == other.bytes }
}

extension SpanOrigin {
    /// The origin of the spans in `scope` within `resource`. Fields of both envelopes that the schema does not name
    /// belong to no span and are left out.
    public init(_ resource: ResourceSpans, _ scope: ScopeSpans) {
        self.init(
            resource: resource.resource, resourceSchemaURL: resource.schemaURL, scope: scope.scope,
            scopeSchemaURL: scope.schemaURL)
    }
}
