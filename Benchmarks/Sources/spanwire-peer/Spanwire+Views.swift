import Peer
import ProtoWire
import SpanModel

extension Spanwire {
    /// Reading with views, every field touched.
    static func viewWorks(on payload: [UInt8]) -> [Work] {
        [Work("views") { try Touch.spans(of: payload.rawSpan) }]
    }
}

/// Goes through all views of a payload and looks at every field of each. What it looked at goes into a sum that is used, so
/// that nothing can be left out.
enum Touch {
    /// How many spans there are.
    static func spans(of payload: RawSpan) throws -> Int {
        var spans = 0
        var sum: UInt64 = 0
        var groups = try SpanBatchView(payload).resourceSpans
        while let group = try groups.next() {
            sum &+= text(group.schemaURL)
            if let resource = try group.resource() {
                sum &+= UInt64(resource.droppedAttributesCount) &+ (try attributes(resource.attributes))
                var entities = resource.entityRefs
                while let entity = try entities.next() { sum &+= text(entity.type) &+ text(entity.schemaURL) }
            }
            var scopes = group.scopeSpans
            while let scopeSpans = try scopes.next() {
                sum &+= text(scopeSpans.schemaURL)
                if let scope = try scopeSpans.scope() {
                    sum &+= text(scope.name) &+ text(scope.version) &+ UInt64(scope.droppedAttributesCount)
                    sum &+= try attributes(scope.attributes)
                }
                var views = scopeSpans.spans
                while let view = try views.next() {
                    spans += 1
                    sum &+= try span(view)
                }
            }
        }
        return sum == 0 ? 0 : spans
    }

    @inline(__always)
    private static func span(_ span: SpanView) throws -> UInt64 {
        var sum = span.traceID.high ^ span.traceID.low ^ span.spanID.value ^ span.parentSpanID.value
        sum &+= text(span.traceState) &+ text(span.name) &+ UInt64(truncatingIfNeeded: span.kind.rawValue)
        sum &+= span.startTimeUnixNano ^ span.endTimeUnixNano
        sum &+= UInt64(span.droppedAttributesCount ^ span.droppedEventsCount ^ span.droppedLinksCount)
        sum &+= UInt64(span.flags ^ span.revision)
        if let status = span.status {
            sum &+= UInt64(truncatingIfNeeded: status.code.rawValue) &+ text(status.message)
        }
        sum &+= try attributes(span.attributes)
        var events = span.events
        while let event = try events.next() {
            sum &+= event.timeUnixNano &+ text(event.name) &+ UInt64(event.droppedAttributesCount)
            sum &+= try attributes(event.attributes)
        }
        var links = span.links
        while let link = try links.next() {
            sum &+= link.traceID.high ^ link.traceID.low ^ link.spanID.value
            sum &+= text(link.traceState) &+ UInt64(link.droppedAttributesCount ^ link.flags)
            sum &+= try attributes(link.attributes)
        }
        return sum
    }

    private static func attributes(_ views: MessageViews<AttributeView>) throws -> UInt64 {
        var views = views
        var sum: UInt64 = 0
        while let attribute = try views.next() {
            sum &+= text(attribute.key)
            if let view = attribute.value { sum &+= try value(view) }
        }
        return sum
    }

    @inline(__always)
    private static func value(_ value: AttributeValueView) throws -> UInt64 {
        switch value.content {
        case .empty: 0
        case .string(let view): text(view)
        case .bool(let flag): flag ? 1 : 2
        case .int(let number): UInt64(bitPattern: number)
        case .double(let number): number.bitPattern
        case .array(let views): try values(views)
        case .keyValueList(let views): try attributes(views)
        case .bytes(let bytes): UInt64(bytes.byteCount)
        case .stringIndex(let index): UInt64(truncatingIfNeeded: index)
        }
    }

    private static func values(_ views: MessageViews<AttributeValueView>) throws -> UInt64 {
        var views = views
        var sum: UInt64 = 0
        while let view = try views.next() { sum &+= try value(view) }
        return sum
    }

    private static func text(_ text: TextView) -> UInt64 { UInt64(text.utf8.byteCount) }
}
