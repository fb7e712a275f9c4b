import ProtoWire
import SpanModel

/// Join of reports of one span that are all running or all ended: `spanwire.storage.v1.SpanPart`.
///
/// `span` and `origin` hold the values that readers see. `farEnd` holds, for each field in which two reports differ,
/// the value at the other end. So a conflict is known from the set of values alone, whatever their order and number.
public struct SpanPart: Sendable {
    /// Values of the span's fields that readers see, in canonical form (field 1).
    var span: SpanRecord
    /// Origin that readers see (field 2).
    public var origin: SharedOrigin
    /// Values at the other ends of fields that conflict (field 3); `nil` when none does.
    var farEnd: FarEnd?
    var unknownFields: UnknownFields

    /// Creates the part that one report makes.
    init(_ report: SpanRecord, origin: SharedOrigin) {
        span = report.canonical()
        self.origin = origin
        farEnd = nil
        unknownFields = UnknownFields()
    }
}

/// Values at the other ends of fields that conflict: the greatest start, the least of everything else. A field without
/// a conflict is unset. `spanwire.storage.v1.SpanFarEnd`. A reference, since hardly any span has one.
final class FarEnd: Sendable {
    /// Span with the fields that conflict (field 1).
    let span: SpanRecord
    /// Origin with the fields that conflict (field 2).
    let origin: SpanOrigin
    let unknownFields: UnknownFields

    init(span: SpanRecord, origin: SpanOrigin, unknownFields: UnknownFields) {
        self.span = span
        self.origin = origin
        self.unknownFields = unknownFields
    }

    /// Far end without conflicts.
    static let none = FarEnd(span: SpanRecord(), origin: SpanOrigin(), unknownFields: UnknownFields())

    var isEmpty: Bool { origin.isUnknown && unknownFields.isEmpty && span.encoded().isEmpty }
}

extension SpanOrigin {
    /// `true` when nothing is set.
    var isUnknown: Bool {
        resource == nil && scope == nil && resourceSchemaURL.isEmpty && scopeSchemaURL.isEmpty
            && unknownFields.isEmpty
    }
}
