import ProtoWire
import SpanMerge
import SpanModel
import SpanStorage

extension SpanStoreContract {
    static let hourChecks: [Check] = [
        Check("a span is one, in whatever hours its reports start and whatever the store has forgotten since", hours),
        Check(
            "a report without a start and one with it are one span, though another trace was deleted between", deleted),
    ]

    private static let hour: UInt64 = 3_600_000_000_000
    /// Time 2026-01-01T00:00:00Z.
    private static let base: UInt64 = 1_767_225_600_000_000_000

    /// Returns reports of few spans, so that most spans have several.
    private static func group(_ generator: inout ReportGenerator) -> [IncomingBatch] {
        let starts: [UInt64] = [
            0, 1, base - 30 * hour, base - 2 * hour, base - hour, base - 1, base, base + 1, base + 1800 * 1_000_000_000,
            // Filed by when they came; the last is ahead of every clock.
            base + 10 * hour, base + 24 * 365 * 100 * hour,
        ]
        return (0..<Int.random(in: 1...4, using: &generator.random)).map { _ in
            var report = generator.report(
                TraceID(high: 3, low: .random(in: 1...9, using: &generator.random)),
                SpanID(.random(in: 1...5, using: &generator.random)))
            report.startTimeUnixNano = generator.pick(starts)
            if report.endTimeUnixNano != 0 { report.endTimeUnixNano = generator.pick(starts) }
            return IncomingBatch(
                reports: generator.batch(of: report),
                receivedAtUnixNano: base + UInt64.random(in: 0...3, using: &generator.random) * hour / 2)
        }
    }

    @Sendable private static func hours(_ makePlace: MakePlace, seed: UInt64) async throws {
        for world in 0..<3 as Range<UInt64> {
            var generator = ReportGenerator(seed: seed &* 7 &+ world)
            let place = try await makePlace()
            let oracle = InMemorySpanStore()
            var store = try await place.open()
            for step in 0..<40 {
                let group = group(&generator)
                try await store.append(group)
                try await oracle.append(group)
                if generator.chance(15) {
                    let gone = TraceID(high: 3, low: .random(in: 1...20, using: &generator.random))
                    let now = base + UInt64(step)
                    let expected = try await oracle.deleteTrace(gone, nowUnixNano: now)
                    try expectEqual(try await store.deleteTrace(gone, nowUnixNano: now), expected, "spans deleted")
                }
                if place.isDurable, generator.chance(15) {
                    try await store.close()
                    store = try await place.open()
                }
                if place.isDurable, generator.chance(10) {
                    // What this one stores the other does not see come.
                    let other = try await place.open()
                    let group = Self.group(&generator)
                    try await other.append(group)
                    try await oracle.append(group)
                    try await other.close()
                }
                guard step % 8 == 7 else { continue }
                try await expectSameAnswers(store, oracle, "world \(world), step \(step)")
            }
            try await store.close()
        }
    }

    /// Requires two stores to give equal answers for several ranges of time.
    private static func expectSameAnswers(
        _ store: any SpanStore, _ oracle: any SpanStore, _ place: String
    ) async throws {
        try expectEqual(try await store.services(), try await oracle.services(), "the services, \(place)")
        for starts: ClosedRange<UInt64> in [
            0...UInt64.max, 0...1, 2...base - hour, base - 2 * hour...base - 2, base - 1...base,
            base + 1...base + 2 * hour, base + 3 * hour...UInt64.max,
        ] {
            let place = "\(starts), \(place)"
            let filter = SpanFilter.compare(.start, .lessOrEqual, .time(starts.upperBound)) ?? .nothing
            let query = SpanQuery(sinceUnixNano: starts.lowerBound, filter: filter, limit: 10_000)
            try expectSame(try await store.search(query), try await oracle.search(query), "a search, \(place)")
            let scan = SpanScan(starts: starts)
            let (found, expected) = (try await keys(store, scan), try await keys(oracle, scan))
            try expectEqual(found, expected, "a scan, \(place)")
            try expectEqual(
                try await store.operations(scan), try await oracle.operations(scan), "the operations, \(place)")
            try expectEqual(
                try await store.dependencies(scan), try await oracle.dependencies(scan), "the graph, \(place)")
            let latency = LatencyQuery(scan, stepNano: hour)
            try expectEqual(try await store.latency(latency), try await oracle.latency(latency), "latencies, \(place)")
        }
    }

    /// Returns the keys of all spans that a scan visits, in order.
    private static func keys(_ store: any SpanStore, _ scan: SpanScan) async throws -> [SpanKey] {
        try await store.scan(scan, into: []) { (keys: inout [SpanKey], spans) in
            keys += spans.map(\.key)
            return true
        }.sorted()
    }

    @Sendable private static func deleted(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        func append(_ id: UInt64, start: UInt64, end: UInt64) async throws {
            let span = SpanRecord(
                traceID: TraceID(high: 4, low: id), spanID: SpanID(1), name: "s", startTimeUnixNano: start,
                endTimeUnixNano: end)
            let scope = ScopeSpans(scope: nil, spans: [span])
            let reports = SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])])
            try await store.append([IncomingBatch(reports: reports, receivedAtUnixNano: base + hour)])
        }
        try await append(1, start: 0, end: base + 5)
        try await append(2, start: base, end: base + 5)
        _ = try await store.deleteTrace(TraceID(high: 4, low: 2), nowUnixNano: base + hour)
        try await append(1, start: base, end: 0)
        let spans = try await store.search(SpanQuery())
        try expectEqual(spans.count, 1, "spans found")
        try expectEqual(spans[0].span.startTimeUnixNano, base, "its start")
        try expectEqual(spans[0].span.endTimeUnixNano, base + 5, "its end")
        try expectEqual(try await keys(store, SpanScan()).count, 1, "spans visited")
        try expectEqual(try await store.services().map(\.spans), [1], "spans counted")
        try await store.close()
    }
}
