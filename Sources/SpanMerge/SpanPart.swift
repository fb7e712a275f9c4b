import ProtoWire
import SpanModel

/// The join of reports of one span that are all running or all ended. `spanwire.storage.v1.SpanPart`.
///
/// `span` and `origin` hold what is shown; `farEnd` holds, of each field of which two reports said different things,
/// the value at the other end, so that a clash is known from the set of values alone.
public struct SpanPart: Sendable {
    /// Field 1, in canonical form.
    var span: SpanRecord
    /// Field 2.
    public var origin: SharedOrigin
    /// Field 3.
    var farEnd: FarEnd?
    var unknownFields: UnknownFields

    /// The part that one report makes.
    init(_ report: SpanRecord, origin: SharedOrigin) {
        span = report.canonical()
        self.origin = origin
        farEnd = nil
        unknownFields = UnknownFields()
    }
}

/// The other ends of fields that clashed: the greatest start, the least of everything else; unset where none clashed.
/// `spanwire.storage.v1.SpanFarEnd`. A reference, since hardly any span has one.
final class FarEnd: Sendable {
    /// Field 1.
    let span: SpanRecord
    /// Field 2.
    let origin: SpanOrigin
    let unknownFields: UnknownFields

    init(span: SpanRecord, origin: SpanOrigin, unknownFields: UnknownFields) {
        self.span = span
        self.origin = origin
        self.unknownFields = unknownFields
    }

    /// Nothing clashed.
    static let none = FarEnd(span: SpanRecord(), origin: SpanOrigin(), unknownFields: UnknownFields())

    var isEmpty: Bool { origin.isUnknown && unknownFields.isEmpty && span.encoded().isEmpty }
}

extension SpanOrigin {
    /// Nothing is set.
    var isUnknown: Bool {
        resource == nil && scope == nil && resourceSchemaURL.isEmpty && scopeSchemaURL.isEmpty
            && unknownFields.isEmpty
    }
}
