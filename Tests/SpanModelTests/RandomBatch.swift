import Foundation
import ProtoWire
import SpanModel

/// Batches of every shape from a seed.
struct RandomBatch {
    var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    /// The seed from `SEED=`, or a random one.
    static var seed: UInt64 {
        ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0 ... .max)
    }

    mutating func batch() -> SpanBatch {
        var batch = SpanBatch()
        for _ in 0..<below(3) {
            var group = ResourceSpans(resource: nil, schemaURL: text())
            if below(5) > 0 {
                group.resource = Resource(attributes: attributes(), droppedAttributesCount: count())
                if below(3) == 0 {
                    group.resource?.entityRefs = [EntityRef(schemaURL: text(), type: text(), idKeys: [text(), text()])]
                }
            }
            for _ in 0..<below(3) {
                var scope = ScopeSpans(scope: nil, schemaURL: text())
                if below(5) > 0 {
                    scope.scope = InstrumentationScope(name: text(), version: text(), attributes: attributes())
                }
                for _ in 0..<below(4) { scope.spans.append(span()) }
                group.scopeSpans.append(scope)
            }
            batch.resourceSpans.append(group)
        }
        return batch
    }

    private mutating func span() -> SpanRecord {
        var span = SpanRecord(
            traceID: .random(using: &generator), spanID: .random(using: &generator), name: text(),
            kind: SpanKind(rawValue: [0, 1, 2, 3, 4, 5, 77, -1][below(8)]), startTimeUnixNano: generator.next(),
            endTimeUnixNano: below(2) == 0 ? 0 : .max, attributes: attributes(), traceState: text(), flags: count(),
            revision: count())
        if below(4) == 0 {
            span.traceID = .invalid
            span.irregularIDs[.traceID] = bytes()
        }
        if below(2) == 0 { span.parentSpanID = .random(using: &generator) }
        span.droppedAttributesCount = count()
        span.droppedEventsCount = count()
        span.droppedLinksCount = count()
        for _ in 0..<below(3) {
            span.events.append(
                SpanEvent(
                    timeUnixNano: generator.next(), name: text(), attributes: attributes(),
                    droppedAttributesCount: count()))
        }
        for _ in 0..<below(3) {
            var link = SpanLink(
                traceID: .random(using: &generator), spanID: .random(using: &generator), traceState: text(),
                attributes: attributes(), droppedAttributesCount: count(), flags: count())
            if below(3) == 0 {
                link.spanID = .invalid
                link.irregularIDs[.spanID] = bytes()
            }
            span.links.append(link)
        }
        if below(3) > 0 {
            span.status = SpanStatus(SpanStatus.Code(rawValue: [0, 1, 2, -5][below(4)]), message: text())
        }
        if below(8) == 0 { span.unknownFields = UnknownFields(bytes: [0xF8, 0x3F, 0x05]) }
        return span
    }

    private mutating func attributes() -> [Attribute] {
        (0..<below(4)).map { _ in attribute(depth: 0) }
    }

    private mutating func attribute(depth: Int) -> Attribute {
        var attribute = Attribute(text(), below(6) == 0 ? nil : value(depth: depth))
        // key_strindex, once or twice, with a stranger between.
        if below(8) == 0 { attribute.unknownFields = UnknownFields(bytes: [0x18, 0x07]) }
        if below(8) == 0 {
            attribute.unknownFields = UnknownFields(bytes: [0x18, 0x07, 0xF8, 0x3F, 0x05, 0x18, UInt8(below(2))])
        }
        return attribute
    }

    private mutating func value(depth: Int) -> AttributeValue {
        switch below(depth > 4 ? 7 : 9) {
        case 0: return .empty
        case 1: return .string(text())
        case 2: return .bool(below(2) == 0)
        case 3: return .int([0, -1, .max, .min, 1 << 53 + 1][below(5)])
        case 4:
            let bits = Double(bitPattern: generator.next())
            return .double(
                [0, 0.1, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, 1e16, 1e22, 123456789, bits][below(10)])
        case 5: return .bytes(bytes())
        case 6: return .stringIndex([0, 4, -1][below(3)])
        case 7: return .array((0..<below(4)).map { _ in value(depth: depth + 1) })
        default: return .keyValueList((0..<below(4)).map { _ in attribute(depth: depth + 1) })
        }
    }

    private mutating func text() -> String {
        ["", "a", "ключ", "\u{2028}\u{2029}", "\0\u{1}\u{1F}\u{7F}\"\\/\u{8}\u{C}\n\r\t", "😀", "service.name"][below(7)]
    }

    private mutating func bytes() -> [UInt8] { (0..<(1 + below(7))).map { _ in UInt8(below(256)) } }
    private mutating func count() -> UInt32 { [0, 0, 1, .max][below(4)] }
    /// A random number from 0 up to, not including, the bound.
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
}
