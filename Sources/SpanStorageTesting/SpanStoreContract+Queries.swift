import SpanMerge
import SpanModel
import SpanStorage

extension SpanStoreContract {
    static let queryChecks: [Check] = [
        Check("searches, traces, services and senders answer as the oracle does", likeOracle),
        Check("times from 0 to the largest number keep their values and their order", extremeTimes),
        Check("a search keeps to its limit and takes the newest", limits),
    ]

    @Sendable private static func likeOracle(_ makePlace: MakePlace, seed: UInt64) async throws {
        var generator = ReportGenerator(seed: seed)
        let oracle = InMemorySpanStore()
        let store = try await makePlace().open()
        for number in 0..<12 {
            var group: [IncomingBatch] = []
            for _ in 0..<generator.pick([1, 2, 5]) {
                let sender = generator.pick([SenderID.none, SenderID(high: 1, low: 1), SenderID(high: 2, low: 1)])
                let dropped = generator.chance(30) ? [DropCount(reason: generator.pick(["", "a", "b"]), spans: 2)] : []
                group.append(
                    IncomingBatch(
                        sender: sender, sequence: UInt64.random(in: 0...12, using: &generator.random),
                        agent: generator.pick(ReportGenerator.texts), reports: generator.batch(spans: 24),
                        dropped: dropped, receivedAtUnixNano: UInt64(number)))
            }
            let expected = try await oracle.append(group)
            try expectEqual(try await store.append(group), expected, "the result of group \(number)")
        }
        for low in UInt64(0)...21 {
            let id = TraceID(high: 7, low: low)
            try expectSame(try await store.trace(id), try await oracle.trace(id), "trace \(low)")
        }
        for _ in 0..<150 {
            let query = randomQuery(&generator)
            try expectSame(try await store.search(query), try await oracle.search(query), "\(query)")
        }
        let (services, expected) = (try await store.services(), try await oracle.services())
        try expectEqual(services.map { Array($0.name.utf8) }, expected.map { Array($0.name.utf8) }, "the services")
        try expectEqual(services, expected, "the services")
        try expectEqual(
            try await store.senders(nowUnixNano: 0), try await oracle.senders(nowUnixNano: 0), "the senders")
        try await store.close()
    }

    private static func randomQuery(_ generator: inout ReportGenerator) -> SpanQuery {
        var query = SpanQuery(
            order: generator.pick(SpanOrder.allCases), limit: generator.pick([1, 3, 100, 10_000]))
        if generator.chance(40) { query.service = generator.pick(ReportGenerator.texts + ["unheard of"]) }
        if generator.chance(40) { query.name = generator.pick(ReportGenerator.texts + ["unheard of"]) }
        if generator.chance(40) { query.minDurationNano = generator.pick([.min, -5, 0, 1, 500, 1 << 62, .max]) }
        if generator.chance(30) { query.status = .init(rawValue: generator.pick([0, 1, 2, 3, 7])) }
        if generator.chance(40) { query.sinceUnixNano = generator.pick([0, 1, 1001, 1 << 63 - 1, 1 << 63, .max]) }
        return query
    }

    @Sendable private static func extremeTimes(_ makePlace: MakePlace, seed: UInt64) async throws {
        let times: [UInt64] = [
            0, 1, 1 << 62, 1 << 63 - 1, 1 << 63, 1 << 63 + 1, 10_000_000_000_000_000_000, .max - 1, .max,
        ]
        let store = try await makePlace().open()
        let spans = times.enumerated().map { index, time in
            SpanRecord(
                traceID: TraceID(high: 5, low: 5), spanID: SpanID(UInt64(index + 1)), name: "t",
                startTimeUnixNano: time,
                endTimeUnixNano: times[times.count - 1 - index])
        }
        let scope = ScopeSpans(scope: nil, spans: spans.shuffled())
        try await store.append([
            IncomingBatch(
                reports: SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])]),
                receivedAtUnixNano: .max)
        ])
        let found = try await store.search(SpanQuery())
        try expectEqual(found.map(\.span.startTimeUnixNano), times.reversed(), "the starts, newest first")
        try expectEqual(found.map(\.span.endTimeUnixNano), times, "the ends")
        for span in found {
            let (start, end) = (span.span.startTimeUnixNano, span.span.endTimeUnixNano)
            if start == 0 || end == 0 {
                try expectEqual(span.durationNano, nil, "the duration from \(start) to \(end)")
            } else {
                try expectEqual((span.durationNano ?? 0).signum(), end > start ? 1 : end < start ? -1 : 0, "its sign")
            }
        }
        for order in SpanOrder.allCases {
            try expectSame(
                try await store.search(SpanQuery(order: order)), found.sorted(by: naivePrecedes(order)),
                "\(order) first")
        }
        for since in times {
            let later = try await store.search(SpanQuery(sinceUnixNano: since))
            try expectEqual(later.count, times.filter { $0 >= since }.count, "spans since \(since)")
        }
        let longest = try await store.search(SpanQuery(minDurationNano: .max))
        try expectEqual(longest.map(\.span.startTimeUnixNano), [1], "spans of the longest duration")
        try expectEqual(try await store.services().map(\.newestStartUnixNano), [.max], "the newest start")
        try expectEqual(
            try await store.senders(nowUnixNano: 0).map(\.lastSeenUnixNano), [.max], "when the sender was last seen")
        try await store.close()
    }

    @Sendable private static func limits(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let spans = (1...150).map { number in
            // Two by two at one instant, so that the key decides.
            SpanRecord(
                traceID: TraceID(high: 6, low: 6), spanID: SpanID(UInt64(number)), name: "n",
                startTimeUnixNano: UInt64(number / 2 + 1), endTimeUnixNano: 500)
        }
        let scope = ScopeSpans(scope: nil, spans: spans.shuffled())
        try await store.append([
            IncomingBatch(reports: SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])]))
        ])
        for (limit, expected) in [(-1, 1), (0, 1), (1, 1), (2, 2), (100, 100), (150, 150), (1_000_000, 150)] {
            let found = try await store.search(SpanQuery(limit: limit))
            try expectEqual(found.count, expected, "spans at limit \(limit)")
            try expectEqual(
                found.prefix(3).map(\.span.spanID.value), [150, 148, 149].prefix(expected).map { $0 }, "the newest")
        }
        try await store.close()
    }
}
