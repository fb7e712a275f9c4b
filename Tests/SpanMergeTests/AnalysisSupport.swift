import SpanMerge
import SpanModel
import SpanStorageTesting

/// A span of a trace with times in nanoseconds.
func timed(
    _ id: UInt64, parent: UInt64 = 0, _ range: (UInt64, UInt64), kind: SpanKind = .internal, service: String = "a",
    host: String? = nil, name: String? = nil, error: Bool = false
) -> MergedSpan {
    var record = SpanRecord(
        traceID: TraceID(high: 1, low: 1), spanID: SpanID(id), parentSpanID: SpanID(parent), name: name ?? "\(id)",
        kind: kind, startTimeUnixNano: range.0, endTimeUnixNano: range.1)
    if error { record.status = SpanStatus(.error) }
    var attributes = [Attribute("service.name", .string(service))]
    if let host { attributes.append(Attribute("host.name", .string(host))) }
    return MergedSpan(span: record, origin: SpanOrigin(resource: Resource(attributes: attributes)))
}

/// A trace of up to 12 spans whose times fit in no particular way: children before, after and across their parents,
/// running ones, unknown starts.
func wildTrace(_ generator: inout SeededGenerator) -> [MergedSpan] {
    (1...UInt64.random(in: 1...12, using: &generator)).map { id in
        let start = UInt64.random(in: 1...60, using: &generator)
        var range = (start, start + UInt64.random(in: 0...60, using: &generator))
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: range.1 = 0
        case 1: range.0 = 0
        case 2: range = (range.1, range.0)
        default: break
        }
        return timed(id, parent: id == 1 ? 0 : .random(in: 1..<id, using: &generator), range)
    }
}
