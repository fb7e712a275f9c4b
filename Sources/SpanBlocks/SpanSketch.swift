import SpanMerge
import SpanModel

/// What statistics over many spans need of each: no attributes, no events, and texts by number.
package struct SpanSketch: Sendable {
    package var key: SpanKey
    /// `.invalid` for a root.
    package var parentSpanID: SpanID
    package var kind: SpanKind
    package var status: SpanStatus.Code
    /// Nanoseconds since 1970-01-01T00:00:00Z; 0 where it is not known.
    package var startUnixNano: UInt64
    /// As `MergedSpan.durationNano`.
    package var durationNano: Int64?
    package var isRunning: Bool
    /// Of `SpanSketches.services`.
    package var service: Int32
    /// Of `SpanSketches.names`.
    package var name: Int32
}

/// Sketches of the spans of a block, or of others that were read together.
package struct SpanSketches: Sendable {
    package private(set) var spans: [SpanSketch] = []
    /// In no order; one may be there twice.
    package private(set) var services: [String] = []
    /// Likewise.
    package private(set) var names: [String] = []

    private var servicesByOrigin: [Int32: Int32] = [:]
    private var namesByTerm: [UInt64: Int32] = [:]

    package init() {}

    /// Adds a span with one report.
    package mutating func add(_ entry: ReportEntry, of set: borrowing ReportSet) {
        let service: Int32
        if let known = servicesByOrigin[entry.origin] {
            service = known
        } else {
            service = Int32(services.count)
            services.append(set.origins[Int(entry.origin)].service)
            servicesByOrigin[entry.origin] = service
        }
        let name: Int32
        if let known = namesByTerm[entry.nameTerm] {
            name = known
        } else {
            name = Int32(names.count)
            names.append(set.name(entry))
            namesByTerm[entry.nameTerm] = name
        }
        spans.append(
            SpanSketch(
                key: entry.key, parentSpanID: entry.parentSpanID, kind: entry.kind, status: entry.status,
                startUnixNano: entry.startUnixNano, durationNano: entry.durationNano,
                isRunning: entry.endUnixNano == 0, service: service, name: name))
    }

    /// Adds a span that was joined.
    package mutating func add(_ merged: MergedSpan) {
        services.append(merged.service)
        names.append(merged.span.name)
        spans.append(
            SpanSketch(
                key: merged.key, parentSpanID: merged.span.parentSpanID, kind: merged.span.kind,
                status: merged.statusCode, startUnixNano: merged.span.startTimeUnixNano,
                durationNano: merged.durationNano, isRunning: merged.isRunning, service: Int32(services.count - 1),
                name: Int32(names.count - 1)))
    }
}
