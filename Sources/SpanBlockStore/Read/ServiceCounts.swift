import SpanStorage

/// Spans by service.
struct ServiceCounts: Equatable {
    private(set) var byName: [[UInt8]: ServiceSummary] = [:]

    mutating func add(_ summary: ServiceSummary) {
        let name = Array(summary.name.utf8)
        var sum = byName[name] ?? ServiceSummary(name: summary.name, spans: 0, newestStartUnixNano: 0)
        sum.spans += summary.spans
        sum.newestStartUnixNano = max(sum.newestStartUnixNano, summary.newestStartUnixNano)
        byName[name] = sum
    }
}
