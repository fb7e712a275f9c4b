import Foundation
import ProtoWire
import SpanModel

/// The JSON mapping once more, from the typed model and without a thought for speed: the twin of `JSONPrinter`.
enum NaiveJSON {
    static func value(_ batch: SpanBatch) -> [String: Any] {
        object([
            (
                "resourceSpans",
                list(batch.resourceSpans) { group in
                    object([
                        ("resource", group.resource.map(value)), ("schemaUrl", text(group.schemaURL)),
                        (
                            "scopeSpans",
                            list(group.scopeSpans) { scope in
                                object([
                                    ("scope", scope.scope.map(value)), ("schemaUrl", text(scope.schemaURL)),
                                    ("spans", list(scope.spans, value)),
                                ])
                            }
                        ),
                    ])
                }
            )
        ])
    }

    private static func value(_ resource: Resource) -> Any {
        object([
            ("attributes", list(resource.attributes, value)),
            ("droppedAttributesCount", count(resource.droppedAttributesCount)),
            (
                "entityRefs",
                list(resource.entityRefs) { entity in
                    object([
                        ("schemaUrl", text(entity.schemaURL)), ("type", text(entity.type)),
                        ("idKeys", list(entity.idKeys) { $0 }),
                        ("descriptionKeys", list(entity.descriptionKeys) { $0 }),
                    ])
                }
            ),
        ])
    }

    private static func value(_ scope: InstrumentationScope) -> Any {
        object([
            ("name", text(scope.name)), ("version", text(scope.version)),
            ("attributes", list(scope.attributes, value)),
            ("droppedAttributesCount", count(scope.droppedAttributesCount)),
        ])
    }

    private static func value(_ span: SpanRecord) -> Any {
        object([
            ("traceId", id(span.traceID.isValid ? span.traceID.bytes : span.irregularIDs[.traceID])),
            ("spanId", id(span.spanID.isValid ? span.spanID.bytes : span.irregularIDs[.spanID])),
            (
                "parentSpanId",
                id(span.parentSpanID.isValid ? span.parentSpanID.bytes : span.irregularIDs[.parentSpanID])
            ),
            ("traceState", text(span.traceState)), ("name", text(span.name)),
            ("kind", span.kind.rawValue == 0 ? nil : NSNumber(value: span.kind.rawValue)),
            ("startTimeUnixNano", time(span.startTimeUnixNano)), ("endTimeUnixNano", time(span.endTimeUnixNano)),
            ("attributes", list(span.attributes, value)),
            ("droppedAttributesCount", count(span.droppedAttributesCount)),
            (
                "events",
                list(span.events) { event in
                    object([
                        ("timeUnixNano", time(event.timeUnixNano)), ("name", text(event.name)),
                        ("attributes", list(event.attributes, value)),
                        ("droppedAttributesCount", count(event.droppedAttributesCount)),
                    ])
                }
            ),
            ("droppedEventsCount", count(span.droppedEventsCount)),
            (
                "links",
                list(span.links) { link in
                    object([
                        ("traceId", id(link.traceID.isValid ? link.traceID.bytes : link.irregularIDs[.traceID])),
                        ("spanId", id(link.spanID.isValid ? link.spanID.bytes : link.irregularIDs[.spanID])),
                        ("traceState", text(link.traceState)), ("attributes", list(link.attributes, value)),
                        ("droppedAttributesCount", count(link.droppedAttributesCount)), ("flags", count(link.flags)),
                    ])
                }
            ),
            ("droppedLinksCount", count(span.droppedLinksCount)),
            (
                "status",
                span.status.map { status in
                    object([
                        ("message", text(status.message)),
                        ("code", status.code.rawValue == 0 ? nil : NSNumber(value: status.code.rawValue)),
                    ])
                }
            ),
            ("flags", count(span.flags)), ("revision", count(span.revision)),
        ])
    }

    private static func value(_ attribute: Attribute) -> Any {
        let index = attribute.keyStringIndex
        return object([
            ("key", text(attribute.key)), ("value", attribute.value.map(value)),
            ("keyStrindex", index == 0 ? nil : NSNumber(value: index)),
        ])
    }

    private static func value(_ value: AttributeValue) -> Any {
        switch value.plain {
        case .string(let text): return ["stringValue": text]
        case .bool(let flag): return ["boolValue": flag]
        case .int(let number): return ["intValue": String(number)]
        case .double(let number):
            if number.isNaN { return ["doubleValue": "NaN"] }
            if number.isInfinite { return ["doubleValue": number < 0 ? "-Infinity" : "Infinity"] }
            return ["doubleValue": number]
        case .array(let values): return ["arrayValue": object([("values", list(values, Self.value))])]
        case .keyValueList(let attributes):
            return ["kvlistValue": object([("values", list(attributes, Self.value))])]
        case .bytes(let bytes): return ["bytesValue": Data(bytes).base64EncodedString()]
        case .stringIndex(let index): return ["stringValueStrindex": NSNumber(value: index)]
        case .empty, .extended: return [String: Any]()
        }
    }

    private static func object(_ members: [(String, Any?)]) -> [String: Any] {
        var object: [String: Any] = [:]
        for (name, value) in members { if let value { object[name] = value } }
        return object
    }

    private static func list<Element>(_ elements: [Element], _ value: (Element) -> Any) -> [Any]? {
        elements.isEmpty ? nil : elements.map(value)
    }

    private static func text(_ text: String) -> String? { text.isEmpty ? nil : text }
    private static func count(_ count: UInt32) -> NSNumber? { count == 0 ? nil : NSNumber(value: count) }
    private static func time(_ time: UInt64) -> String? { time == 0 ? nil : String(time) }

    private static func id(_ bytes: [UInt8]?) -> String? {
        bytes.map { bytes in bytes.map { String(format: "%02x", $0) }.joined() }
    }
}
