import ProtoWire
import SpanModel

extension SpanState {
    /// Returns the span as readers see it: each value of the ended reports where they have one, else of the running
    /// ones.
    ///
    /// Attributes are chosen key by key; events and links of both parts are kept, each once.
    public func merged() -> MergedSpan {
        guard let part = ended ?? live else { return MergedSpan(span: SpanRecord(), origin: SpanOrigin()) }
        var conflicts = part.conflicts { _ in true }
        guard let live, ended != nil else {
            return MergedSpan(span: part.span, origin: part.origin.origin, conflicts: conflicts)
        }
        var span = part.span
        var lowerFields = FieldNotes(isNeeded: live.farEnd != nil)
        span.fill(from: live.span, &lowerFields)
        span.attributes = Self.overlay(part.span.attributes, on: live.span.attributes, &lowerFields)
        if !live.span.events.isEmpty && !live.span.events.isIdentical(to: span.events) {
            span.events = (span.events + live.span.events).sortedAsSet()
        }
        if !live.span.links.isEmpty && !live.span.links.isIdentical(to: span.links) {
            span.links = (span.links + live.span.links).sortedAsSet()
        }
        var origin = part.origin.origin
        if part.origin !== live.origin { origin.fill(from: live.origin.origin, &lowerFields) }
        if live.farEnd != nil {
            conflicts = (conflicts + live.conflicts { lowerFields.contains($0) }).sorted { byteOrder($0, $1) < 0 }
        }
        return MergedSpan(span: span, origin: origin, conflicts: conflicts)
    }

    /// Returns the attributes of `upper`, and those of `lower` whose keys `upper` does not have.
    private static func overlay(
        _ upper: [Attribute], on lower: [Attribute], _ lowerFields: inout FieldNotes
    ) -> [Attribute] {
        var result: [Attribute] = []
        result.reserveCapacity(max(upper.count, lower.count))
        var position = 0
        for attribute in lower {
            while position < upper.count, byteOrder(upper[position].key, attribute.key) < 0 {
                result.append(upper[position])
                position += 1
            }
            if position < upper.count, same(upper[position].key, attribute.key) { continue }
            result.append(attribute)
            lowerFields.note("attributes." + attribute.key)
        }
        result += upper[position...]
        return result
    }
}

/// Names of fields that come from the running reports; kept only when a conflict may have to be reported.
private struct FieldNotes {
    let isNeeded: Bool
    private var fields: Set<[UInt8]> = []

    init(isNeeded: Bool) { self.isNeeded = isNeeded }

    mutating func note(_ field: @autoclosure () -> String) {
        if isNeeded { fields.insert(Array(field().utf8)) }
    }

    func contains(_ field: String) -> Bool { fields.contains(Array(field.utf8)) }
}

extension SpanRecord {
    /// Takes over the fields, except attributes, events and links, that are set in `lower` and not here, and notes
    /// their names.
    fileprivate mutating func fill(from lower: SpanRecord, _ lowerFields: inout FieldNotes) {
        func take(_ field: String, _ isUnset: Bool, _ assign: () -> Void) {
            guard isUnset else { return }
            assign()
            lowerFields.note(field)
        }
        take("name", name.isEmpty) { name = lower.name }
        take("kind", kind == .unspecified) { kind = lower.kind }
        take("trace_state", traceState.isEmpty) { traceState = lower.traceState }
        take("parent_span_id", !parentSpanID.isValid) {
            parentSpanID = lower.parentSpanID
            if parentSpanID.isValid {
                irregularIDs = IrregularIDs()
            } else if irregularIDs.isEmpty {
                irregularIDs = lower.irregularIDs
            }
        }
        take("start_time_unix_nano", startTimeUnixNano == 0) { startTimeUnixNano = lower.startTimeUnixNano }
        take("status", status == nil) { status = lower.status }
        take("flags", flags == 0) { flags = lower.flags }
        take("revision", revision == 0) { revision = lower.revision }
        take("dropped", droppedAttributesCount == 0) { droppedAttributesCount = lower.droppedAttributesCount }
        take("dropped", droppedEventsCount == 0) { droppedEventsCount = lower.droppedEventsCount }
        take("dropped", droppedLinksCount == 0) { droppedLinksCount = lower.droppedLinksCount }
        take("unknown", unknownFields.isEmpty) { unknownFields = lower.unknownFields }
    }
}

extension SpanOrigin {
    /// Takes over the fields that are set in `lower` and not here, and notes their names.
    fileprivate mutating func fill(from lower: SpanOrigin, _ lowerFields: inout FieldNotes) {
        if resource == nil {
            resource = lower.resource
            lowerFields.note("resource")
        }
        if scope == nil {
            scope = lower.scope
            lowerFields.note("scope")
        }
        if resourceSchemaURL.isEmpty {
            resourceSchemaURL = lower.resourceSchemaURL
            lowerFields.note("resource_schema_url")
        }
        if scopeSchemaURL.isEmpty {
            scopeSchemaURL = lower.scopeSchemaURL
            lowerFields.note("scope_schema_url")
        }
        if unknownFields.isEmpty { unknownFields = lower.unknownFields }
    }
}

extension SpanPart {
    /// Returns the names of the fields that conflict and for which `isMeant` is `true`, sorted.
    fileprivate func conflicts(where isMeant: (String) -> Bool) -> [String] {
        guard let far = farEnd else { return [] }
        var fields: [String] = far.span.attributes.map { "attributes." + $0.key }
        if far.span.endTimeUnixNano != 0 { fields.append("end_time_unix_nano") }
        if far.span.kind != .unspecified { fields.append("kind") }
        if !far.span.name.isEmpty { fields.append("name") }
        if far.span.parentSpanID.isValid { fields.append("parent_span_id") }
        if far.origin.resource != nil { fields.append("resource") }
        if !far.origin.resourceSchemaURL.isEmpty { fields.append("resource_schema_url") }
        if far.origin.scope != nil { fields.append("scope") }
        if !far.origin.scopeSchemaURL.isEmpty { fields.append("scope_schema_url") }
        if far.span.startTimeUnixNano != 0 { fields.append("start_time_unix_nano") }
        if far.span.status != nil { fields.append("status") }
        if !far.span.traceState.isEmpty { fields.append("trace_state") }
        return fields.filter(isMeant).sorted { byteOrder($0, $1) < 0 }
    }
}
