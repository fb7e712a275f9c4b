import SpanMerge
import SpanModel
import SpanStorage

extension SpanStoreContract {
    static let filterChecks: [Check] = [
        Check("searches with filters answer as the oracle does, whatever is asked beside them", filtersLikeOracle),
        Check("pages that go on at cursors give every span once, in each order", pages),
        Check("a page is the same whatever is stored before its cursor meanwhile", pagesWhileWriting),
    ]

    @Sendable private static func filtersLikeOracle(_ makePlace: MakePlace, seed: UInt64) async throws {
        var generator = ReportGenerator(seed: seed)
        let oracle = InMemorySpanStore()
        let store = try await makePlace().open()
        for _ in 0..<8 {
            let group = [IncomingBatch(reports: generator.batch(spans: 30, traces: 6, spansPerTrace: 20))]
            try await oracle.append(group)
            try await store.append(group)
        }
        var filters = FilterGenerator(seed: generator.random.next())
        let all = try await oracle.search(SpanQuery(limit: 10_000))
        try expect(all.count > 50, "too few spans to try filters on: \(all.count)")
        var selective = 0
        for _ in 0..<250 {
            var query = SpanQuery(filter: filters.filter(), limit: generator.pick([1, 3, 10_000]))
            if generator.chance(20) { query.service = generator.pick(ReportGenerator.texts) }
            if generator.chance(20) { query.sinceUnixNano = generator.pick([0, 1001, 1 << 63]) }
            query.order = generator.pick(SpanOrder.allCases)
            if generator.chance(20) { query.after = SpanCursor(generator.pick(all), order: query.order) }
            let expected = try await oracle.search(query)
            try expectSame(try await store.search(query), expected, "\(query.filter) in \(query)")
            if !expected.isEmpty && expected.count < all.count { selective += 1 }
        }
        try expect(selective > 50, "only \(selective) of 250 filters told spans apart")
        try await store.close()
    }

    @Sendable private static func pages(_ makePlace: MakePlace, seed: UInt64) async throws {
        var generator = ReportGenerator(seed: seed)
        let store = try await makePlace().open()
        for _ in 0..<2 { try await store.append([IncomingBatch(reports: generator.batch(spans: 30))]) }
        // Both halves of one id and many spans at one instant, so that every part of the key decides once.
        let twins = [SpanKind.client, .server].flatMap { kind in
            (1...9).map { number in
                SpanRecord(
                    traceID: TraceID(high: 9, low: UInt64(number % 3 + 1)), spanID: SpanID(UInt64(number)),
                    name: "twin", kind: kind, startTimeUnixNano: 1000, endTimeUnixNano: 1001)
            }
        }
        let scope = ScopeSpans(scope: nil, spans: twins)
        try await store.append([
            IncomingBatch(reports: SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])]))
        ])
        let filters: [SpanFilter] = [.everything, .not(.present(.running)), .present(.attribute("a"))]
        for (filter, order) in filters.flatMap({ filter in SpanOrder.allCases.map { (filter, $0) } }) {
            let all = try await store.search(SpanQuery(filter: filter, order: order, limit: 10_000))
            for limit in [1, 7, 10_000] {
                var query = SpanQuery(filter: filter, order: order, limit: limit)
                var found: [MergedSpan] = []
                while true {
                    let page = try await store.search(query)
                    found += page
                    guard page.count == limit, let last = page.last else { break }
                    query.after = SpanCursor(last, order: order)
                    try expect(found.count <= all.count, "more spans on the pages than there are")
                }
                try expectSame(found, all, "pages of \(limit) of '\(filter)', \(order) first")
            }
        }
        try await store.close()
    }

    @Sendable private static func pagesWhileWriting(_ makePlace: MakePlace, seed: UInt64) async throws {
        for order in SpanOrder.allCases {
            let store = try await makePlace().open()
            func add(_ ids: ClosedRange<UInt64>, at start: UInt64, took duration: UInt64) async throws {
                let spans = ids.map {
                    SpanRecord(
                        traceID: TraceID(high: 3, low: 3), spanID: SpanID($0), name: "s", startTimeUnixNano: start,
                        endTimeUnixNano: start + duration)
                }
                let scope = ScopeSpans(scope: nil, spans: spans)
                let reports = SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])])
                try await store.append([IncomingBatch(reports: reports)])
            }
            try await add(1...40, at: 1000, took: 10)
            var query = SpanQuery(order: order, limit: 15)
            var found: [UInt64] = []
            for round in UInt64(0)..<3 {
                let page = try await store.search(query)
                found += page.map(\.span.spanID.value)
                query.after = page.last.map { SpanCursor($0, order: order) }
                let ids = 1000 + 100 * round...1050 + 100 * round
                switch order {
                case .newest: try await add(ids, at: 2000 + round, took: 10)
                case .oldest: try await add(ids, at: 500 - round, took: 10)
                case .longest: try await add(ids, at: 1000, took: 20 + round)
                case .shortest: try await add(ids, at: 1000, took: 5 - round)
                }
            }
            try expectEqual(found, Array(1...40), "the spans on three pages, \(order) first")
            try await store.close()
        }
    }
}
