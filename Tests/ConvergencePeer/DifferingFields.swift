import ProtoWire
import SpanMerge
import SpanModel

extension MergedSpan {
    /// The fields in which two spans differ, by their names in `proto/`, an attribute as `attributes.KEY`; no values.
    func fieldsDiffering(from other: MergedSpan) -> [String] {
        var names: [String] = []
        func compare<Value: Equatable>(_ name: String, _ value: (MergedSpan) -> Value) {
            if value(self) != value(other) { names.append(name) }
        }
        compare("name") { Array($0.span.name.utf8) }
        compare("kind") { $0.span.kind }
        compare("parent_span_id") { $0.span.parentSpanID }
        compare("trace_state") { Array($0.span.traceState.utf8) }
        compare("start_time_unix_nano") { $0.span.startTimeUnixNano }
        compare("end_time_unix_nano") { $0.span.endTimeUnixNano }
        compare("events") { $0.span.events.map { $0.encoded() } }
        compare("links") { $0.span.links.map { $0.encoded() } }
        compare("status") { $0.span.status?.encoded() }
        compare("flags") { $0.span.flags }
        compare("revision") { $0.span.revision }
        compare("dropped counts") {
            [$0.span.droppedAttributesCount, $0.span.droppedEventsCount, $0.span.droppedLinksCount]
        }
        compare("unknown fields") { $0.span.unknownFields }
        compare("resource") { $0.origin.resource?.encoded() }
        compare("resource schema_url") { Array($0.origin.resourceSchemaURL.utf8) }
        compare("scope") { $0.origin.scope?.encoded() }
        compare("scope schema_url") { Array($0.origin.scopeSchemaURL.utf8) }
        compare("conflicts") { $0.conflicts.map { Array($0.utf8) } }
        let (mine, theirs) = (attributesByKey, other.attributesByKey)
        let keys = Set(mine.keys).union(theirs.keys).filter { mine[$0] != theirs[$0] }
        names += keys.map { "attributes.\(String(decoding: $0, as: UTF8.self))" }.sorted()
        return names.isEmpty ? ["encoding"] : names
    }

    private var attributesByKey: [[UInt8]: [UInt8]] {
        Dictionary(span.attributes.map { (Array($0.key.utf8), $0.encoded()) }) { _, last in last }
    }
}
