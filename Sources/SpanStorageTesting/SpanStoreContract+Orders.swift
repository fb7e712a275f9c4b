import SpanMerge
import SpanModel
import SpanStorage

extension SpanStoreContract {
    static let orderChecks: [Check] = [
        Check("each order has its own first, and last what lacks what it compares", orders),
        Check("each order is the naive one of the same spans, whatever they are", ordersOfRandomSpans),
        Check("a cursor is refused in another order than its own", otherOrders),
    ]

    @Sendable private static func orders(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let times: [(start: UInt64, end: UInt64)] = [
            (5000, 5100), (1000, 4000),
            // It runs.
            (2000, 0),
            // Its start is not known.
            (0, 9000), (3000, 3000),
            // The clock went back.
            (4000, 3900),
            // As long as the first; twice, so that the key decides.
            (6000, 6100), (6000, 6100),
            // Nothing is known.
            (0, 0),
        ]
        let spans = times.enumerated().map { index, time in
            SpanRecord(
                traceID: TraceID(high: 4, low: 4), spanID: SpanID(UInt64(index + 1)), name: "o",
                startTimeUnixNano: time.start, endTimeUnixNano: time.end)
        }
        let scope = ScopeSpans(scope: nil, spans: spans.shuffled())
        try await store.append([
            IncomingBatch(reports: SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])]))
        ])
        let expected: [(SpanOrder, [UInt64])] = [
            (.newest, [7, 8, 1, 6, 5, 3, 2, 4, 9]), (.oldest, [2, 3, 5, 6, 1, 7, 8, 4, 9]),
            (.longest, [2, 7, 8, 1, 5, 6, 3, 4, 9]), (.shortest, [6, 5, 7, 8, 1, 2, 3, 4, 9]),
        ]
        for (order, ids) in expected {
            let all = try await store.search(SpanQuery(order: order))
            try expectEqual(all.map(\.span.spanID.value), ids, "the spans, \(order) first")
            for (place, span) in all.enumerated() {
                let first = try await store.search(SpanQuery(order: order, limit: place + 1))
                try expectSame(first, Array(all[...place]), "the first \(place + 1), \(order) first")
                let after = try await store.search(SpanQuery(order: order, after: SpanCursor(span, order: order)))
                try expectSame(after, Array(all[(place + 1)...]), "behind \(place + 1), \(order) first")
            }
        }
        try await store.close()
    }

    @Sendable private static func ordersOfRandomSpans(_ makePlace: MakePlace, seed: UInt64) async throws {
        var generator = ReportGenerator(seed: seed)
        let store = try await makePlace().open()
        for _ in 0..<6 { try await store.append([IncomingBatch(reports: generator.batch(spans: 60))]) }
        let all = try await store.search(SpanQuery(limit: 10_000))
        try expect(all.count > 50, "too few spans to put in order: \(all.count)")
        for order in SpanOrder.allCases {
            let expected = all.sorted(by: naivePrecedes(order))
            for limit in [1, 20, 10_000] {
                let found = try await store.search(SpanQuery(order: order, limit: limit))
                try expectSame(found, Array(expected.prefix(limit)), "the first \(limit), \(order) first")
            }
        }
        try await store.close()
    }

    @Sendable private static func otherOrders(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let span = SpanRecord(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "c", startTimeUnixNano: 1, endTimeUnixNano: 2)
        let scope = ScopeSpans(scope: nil, spans: [span])
        try await store.append([
            IncomingBatch(reports: SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])]))
        ])
        guard let last = try await store.search(SpanQuery()).last else { throw ContractFailure("the span is lost") }
        for (own, asked) in SpanOrder.allCases.flatMap({ own in SpanOrder.allCases.map { (own, $0) } }) {
            let query = SpanQuery(order: asked, after: SpanCursor(last, order: own))
            var found: [MergedSpan]?
            do throws(SpanStoreError) {
                found = try await store.search(query)
            } catch {
                try expect(error.code == .invalidQuery, "a cursor of \(own) in \(asked): \(error)")
            }
            try expect(
                own == asked ? found == [] : found == nil,
                "a cursor of \(own) is \(found == nil ? "refused" : "taken") in \(asked)")
        }
        try await store.close()
    }

    /// Returns the order of spans by plain comparisons, the oracle for `SpanOrder`.
    static func naivePrecedes(_ order: SpanOrder) -> (MergedSpan, MergedSpan) -> Bool {
        { left, right in
            let (start, otherStart) = (left.span.startTimeUnixNano, right.span.startTimeUnixNano)
            let isByDuration = order == .longest || order == .shortest
            let isKnown = isByDuration ? left.durationNano != nil : start != 0
            let isOtherKnown = isByDuration ? right.durationNano != nil : otherStart != 0
            if isKnown != isOtherKnown { return isKnown }
            if isByDuration, let duration = left.durationNano, let other = right.durationNano, duration != other {
                return order == .longest ? duration > other : duration < other
            }
            if start != otherStart { return order == .oldest ? start < otherStart : start > otherStart }
            return left.key < right.key
        }
    }
}
