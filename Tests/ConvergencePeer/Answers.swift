import SpanMerge
import SpanModel
import SpanStorage
import SpanStorageTesting

/// What a store is asked besides its spans, and what it answers.
struct Answers {
    /// Question and answer, in the same order for every store.
    private(set) var all: [(question: String, answer: AnyHashable)] = []
    /// How many searches found spans.
    private(set) var searchesWithSpans = 0

    private static let minuteNano: UInt64 = 60_000_000_000

    /// Of a larger load less is asked, for the oracle looks at every span for every answer.
    private static let largeLoad = 50_000

    /// Asks everything.
    init(of store: any SpanStore, _ load: ReportLoad) async throws {
        all.append(("services", AnyHashable(try await store.services())))
        let middle = load.baseUnixNano + 10 * Self.minuteNano...load.baseUnixNano + 40 * Self.minuteNano
        let scans = [
            ("all", SpanScan()), ("half an hour", SpanScan(starts: middle)),
            ("a service", SpanScan(filter: try SpanFilter(parsing: "service=cart", nowUnixNano: 0))),
        ]
        for (name, scan) in load.spans > Self.largeLoad ? [scans[1]] : scans { try await analyse(store, scan, name) }
        try await search(store, load)
    }

    private mutating func analyse(_ store: any SpanStore, _ scan: SpanScan, _ name: String) async throws {
        all.append(("operations of \(name)", AnyHashable(try await store.operations(scan))))
        all.append(("dependencies of \(name)", AnyHashable(try await store.dependencies(scan))))
        let latency = try await store.latency(LatencyQuery(scan, stepNano: 5 * Self.minuteNano))
        all.append(("latency of \(name)", AnyHashable(latency)))
        all.append(("errors of \(name)", AnyHashable(try await store.errors(scan))))
        all.append(("slow spans of \(name)", AnyHashable(try await store.slow(SlowQuery(scan, measure: .selfTime)))))
        // All leases have ended by then.
        let unfinished = try await store.unfinished(scan, limit: 100, nowUnixNano: .max)
        all.append(("unfinished spans of \(name)", AnyHashable(unfinished)))
        all.append(("attributes of \(name)", AnyHashable(try await store.attributeKeys(scan))))
        for key in ["http.route", "n"] {
            let values = try await store.attributeValues(of: AttributeKey(.span, ExactText(key)), scan)
            all.append(("values of \(key) of \(name)", AnyHashable(values)))
        }
    }

    private static let searches = [
        "", "service=cart", "service=web status=error", "kind=client duration>1ms", "running", "root error",
        #"name~"^GET""#, "attr.n=1", "attr.http.route=/b service=pay", "resource.service.instance.id=b",
        "event=exception", #"event.exception.type=Timeout or status.message~timeout"#, "not attr.n duration<=1us",
        "start<2026-01-01", "service=mail attr.n=true",
    ]

    private mutating func search(_ store: any SpanStore, _ load: ReportLoad) async throws {
        var filters = try Self.searches.map { try SpanFilter(parsing: $0, nowUnixNano: 0) }
        var generator = FilterGenerator(seed: load.seed)
        filters += (0..<15).map { _ in generator.filter() }
        if load.spans > Self.largeLoad { filters.removeSubrange(10...) }
        for (number, filter) in filters.enumerated() {
            var query = SpanQuery(filter: filter, limit: number % 2 == 0 ? 10_000 : 50)
            let page = try await store.search(query)
            all.append(("search \(number)", AnyHashable(page.map(\.fingerprint))))
            if !page.isEmpty { searchesWithSpans += 1 }
            guard page.count == query.limit, let last = page.last else { continue }
            query.after = SpanCursor(last, order: query.order)
            let next = try await store.search(query)
            all.append(("search \(number), next page", AnyHashable(next.map(\.fingerprint))))
        }
    }
}
