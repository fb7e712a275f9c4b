import ProtoWire
import SpanModel

extension SpanPart {
    /// Joins reports of running spans: the higher revision wins whole; equal revisions join field by field.
    func joinedLive(_ other: SpanPart) -> SpanPart {
        if span.revision != other.span.revision { return span.revision > other.span.revision ? self : other }
        return joined(other)
    }

    /// Joins field by field. Both parts are of one span.
    func joined(_ other: SpanPart) -> SpanPart {
        let (left, right) = (farEnd ?? .none, other.farEnd ?? .none)
        var near = span
        var far = SpanRecord()
        near.joinScalars(&far, Self.pair(span, left.span), Self.pair(other.span, right.span))
        (near.attributes, far.attributes) = [Attribute].join(
            (span.attributes, left.span.attributes), (other.span.attributes, right.span.attributes))
        if !span.events.isIdentical(to: other.span.events) {
            near.events = (span.events + other.span.events).sortedAsSet()
        }
        if !span.links.isIdentical(to: other.span.links) {
            near.links = (span.links + other.span.links).sortedAsSet()
        }
        near.unknownFields = span.unknownFields.union(other.span.unknownFields)

        var result = self
        result.span = near
        var farOrigin = SpanOrigin()
        if left.origin.isUnknown && right.origin.isUnknown && origin.isIdentical(to: other.origin) {
            result.origin = origin
        } else {
            let nearOrigin = origin.origin.joined(left.origin, other.origin.origin, right.origin, far: &farOrigin)
            result.origin = SharedOrigin(canonical: nearOrigin)
        }
        let joinedFar = FarEnd(
            span: far, origin: farOrigin, unknownFields: left.unknownFields.union(right.unknownFields))
        result.farEnd = joinedFar.isEmpty ? nil : joinedFar
        result.unknownFields = unknownFields.union(other.unknownFields)
        return result
    }

    private static func pair(_ near: SpanRecord, _ far: SpanRecord) -> (near: SpanRecord, far: SpanRecord) {
        (near, far)
    }
}

extension SpanRecord {
    /// Joins all fields but attributes, events, links and unknown fields.
    fileprivate mutating func joinScalars(
        _ far: inout SpanRecord, _ left: (near: SpanRecord, far: SpanRecord),
        _ right: (near: SpanRecord, far: SpanRecord)
    ) {
        let names = Ends(text: left.near.name, left.far.name)
            .joined(Ends(text: right.near.name, right.far.name), by: byteOrder)
        (name, far.name) = (names.near ?? "", names.far ?? "")

        let states = Ends(text: left.near.traceState, left.far.traceState)
            .joined(Ends(text: right.near.traceState, right.far.traceState), by: byteOrder)
        (traceState, far.traceState) = (states.near ?? "", states.far ?? "")

        func kinds(_ near: SpanKind, _ far: SpanKind) -> Ends<SpanKind> {
            Ends(near == .unspecified ? nil : near, far == .unspecified ? nil : far)
        }
        let kinds = kinds(left.near.kind, left.far.kind).joined(kinds(right.near.kind, right.far.kind)) {
            order(UInt32(bitPattern: $0.rawValue), UInt32(bitPattern: $1.rawValue))
        }
        (kind, far.kind) = (kinds.near ?? .unspecified, kinds.far ?? .unspecified)

        func ids(_ near: SpanID, _ far: SpanID) -> Ends<SpanID> {
            Ends(near.isValid ? near : nil, far.isValid ? far : nil)
        }
        let parents = ids(left.near.parentSpanID, left.far.parentSpanID)
            .joined(ids(right.near.parentSpanID, right.far.parentSpanID), by: order)
        (parentSpanID, far.parentSpanID) = (parents.near ?? .invalid, parents.far ?? .invalid)
        joinIrregularParents(left.near, right.near)

        func times(_ near: UInt64, _ far: UInt64) -> Ends<UInt64> { Ends(near == 0 ? nil : near, far == 0 ? nil : far) }
        let starts = times(left.near.startTimeUnixNano, left.far.startTimeUnixNano)
            .joined(times(right.near.startTimeUnixNano, right.far.startTimeUnixNano)) { order($1, $0) }
        (startTimeUnixNano, far.startTimeUnixNano) = (starts.near ?? 0, starts.far ?? 0)
        let ends = times(left.near.endTimeUnixNano, left.far.endTimeUnixNano)
            .joined(times(right.near.endTimeUnixNano, right.far.endTimeUnixNano), by: order)
        (endTimeUnixNano, far.endTimeUnixNano) = (ends.near ?? 0, ends.far ?? 0)

        let statuses = Ends(left.near.status, left.far.status)
            .joined(Ends(right.near.status, right.far.status), by: SpanStatus.order)
        (status, far.status) = (statuses.near, statuses.far)

        droppedAttributesCount = max(left.near.droppedAttributesCount, right.near.droppedAttributesCount)
        droppedEventsCount = max(left.near.droppedEventsCount, right.near.droppedEventsCount)
        droppedLinksCount = max(left.near.droppedLinksCount, right.near.droppedLinksCount)
        flags = left.near.flags | right.near.flags
        revision = max(left.near.revision, right.near.revision)
    }

    /// Joins parent ids that are not valid: a valid one wins over them; of two, the greater bytes win.
    private mutating func joinIrregularParents(_ left: SpanRecord, _ right: SpanRecord) {
        guard !left.irregularIDs.isEmpty || !right.irregularIDs.isEmpty else { return }
        let (a, b) = (left.irregularIDs[.parentSpanID] ?? [], right.irregularIDs[.parentSpanID] ?? [])
        irregularIDs = IrregularIDs()
        if !parentSpanID.isValid { irregularIDs[.parentSpanID] = byteOrder(a, b) < 0 ? b : a }
    }
}

extension SpanOrigin {
    /// Joins each of the four fields on its own.
    func joined(
        _ farLeft: SpanOrigin, _ right: SpanOrigin, _ farRight: SpanOrigin, far: inout SpanOrigin
    ) -> SpanOrigin {
        var near = self
        let resources = Ends(resource, farLeft.resource)
            .joined(Ends(right.resource, farRight.resource), by: encodedOrder)
        (near.resource, far.resource) = (resources.near, resources.far)
        let scopes = Ends(scope, farLeft.scope).joined(Ends(right.scope, farRight.scope), by: encodedOrder)
        (near.scope, far.scope) = (scopes.near, scopes.far)
        let resourceURLs = Ends(text: resourceSchemaURL, farLeft.resourceSchemaURL)
            .joined(Ends(text: right.resourceSchemaURL, farRight.resourceSchemaURL), by: byteOrder)
        (near.resourceSchemaURL, far.resourceSchemaURL) = (resourceURLs.near ?? "", resourceURLs.far ?? "")
        let scopeURLs = Ends(text: scopeSchemaURL, farLeft.scopeSchemaURL)
            .joined(Ends(text: right.scopeSchemaURL, farRight.scopeSchemaURL), by: byteOrder)
        (near.scopeSchemaURL, far.scopeSchemaURL) = (scopeURLs.near ?? "", scopeURLs.far ?? "")
        near.unknownFields = unknownFields.union(right.unknownFields)
        far.unknownFields = farLeft.unknownFields.union(farRight.unknownFields)
        return near
    }
}
