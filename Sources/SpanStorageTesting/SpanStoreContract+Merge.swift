import ProtoWire
import SpanMerge
import SpanModel
import SpanStorage

extension SpanStoreContract {
    static let mergeChecks: [Check] = [
        Check("a report is found as it was sent", reportIsFound),
        Check("reports in any order, grouping and number give the same spans", anyOrder),
        Check("a running span has no duration and ends by a later or an earlier report", runningAndEnded),
        Check("reports that say different things are marked, whichever came last", conflicts),
        Check("the two halves of a shared span stay two spans", sharedSpan),
        Check("unusual texts come back byte for byte", unusualTexts),
        Check("a group of 10,000 spans is stored whole", largeGroup),
        Check("reports without valid ids are left out and counted", invalidIDs),
    ]

    private static let traceID = TraceID(high: 0x4BF9, low: 1)

    private static func batch(_ spans: [SpanRecord], service: String = "cart") -> IncomingBatch {
        let resource = Resource(attributes: [Attribute("service.name", .string(service))])
        let scope = ScopeSpans(scope: InstrumentationScope(name: "contract"), spans: spans)
        return IncomingBatch(
            reports: SpanBatch(resourceSpans: [ResourceSpans(resource: resource, scopeSpans: [scope])]))
    }

    @Sendable private static func reportIsFound(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        var span = SpanRecord(
            traceID: traceID, spanID: SpanID(2), parentSpanID: SpanID(1), name: "GET /cart", kind: .client,
            startTimeUnixNano: 1_000, endTimeUnixNano: 1_250, attributes: [Attribute("a", 1), Attribute("b", "two")],
            events: [SpanEvent(timeUnixNano: 1_100, name: "cache miss")],
            links: [SpanLink(traceID: TraceID(high: 1, low: 1), spanID: SpanID(9))],
            status: SpanStatus(.error, message: "no"), traceState: "x=y", flags: 0x101)
        span.droppedEventsCount = 3
        let result = try await store.append([batch([span])])
        try expectEqual(result, AppendResult(storedReports: 1), "the result of append")
        let found = try await store.trace(traceID)
        try expectEqual(found.count, 1, "spans of the trace")
        try expectEqual(found[0].span.encoded(), span.encoded(), "the span")
        try expectEqual(found[0].service, "cart", "the service")
        try expectEqual(found[0].origin.scope?.name, "contract", "the scope")
        try expectEqual(found[0].durationNano, 250, "the duration")
        try expect(!found[0].isRunning && !found[0].isConflicted, "the span is neither running nor conflicted")
        let other = try await store.trace(TraceID(high: 0x4BF9, low: 2))
        try expect(other.isEmpty, "another trace is empty")
        try await store.close()
    }

    /// Requires the order of reports not to matter. Each of 720 traces gets the same six reports in another order, cut
    /// into up to six groups in another way, some of them again; so one store sees all orders within few transactions.
    @Sendable private static func anyOrder(_ makePlace: MakePlace, seed: UInt64) async throws {
        var generator = ReportGenerator(seed: seed)
        for kinds: [SpanKind] in [[.unspecified, .internal, .client], [.server, .consumer]] {
            let reports = (0..<6).map { _ in generator.batch(of: generator.report(traceID, SpanID(5), kinds: kinds)) }
            var groups: [[IncomingBatch]] = Array(repeating: [], count: 6)
            let orders = permutations(Array(0..<6))
            for (number, order) in orders.enumerated() {
                var round = 0
                for (position, report) in order.enumerated() {
                    round = Int.random(in: round...5, using: &generator.random)
                    let copies =
                        generator.chance(20)
                        ? [report, order[0...position].randomElement(using: &generator.random)!] : [report]
                    for copy in copies {
                        var batch = reports[copy]
                        batch.resourceSpans[0].scopeSpans[0].spans[0].traceID = TraceID(
                            high: 1, low: UInt64(number + 1))
                        groups[round].append(IncomingBatch(reports: batch))
                    }
                }
            }
            let store = try await makePlace().open()
            for group in groups { try await store.append(group) }
            var expected = SpanState()
            for report in reports {
                let resource = report.resourceSpans[0]
                let origin = SharedOrigin(SpanOrigin(resource, resource.scopeSpans[0]))
                expected.join(SpanState(resource.scopeSpans[0].spans[0], origin: origin))
            }
            for number in orders.indices {
                var found = try await store.trace(TraceID(high: 1, low: UInt64(number + 1)))
                for index in found.indices { found[index].span.traceID = traceID }
                try expectSame(found, [expected.merged()], "order \(orders[number])")
            }
            try await store.close()
        }
    }

    private static func permutations(_ elements: [Int]) -> [[Int]] {
        guard elements.count > 1 else { return [elements] }
        return elements.flatMap { first in permutations(elements.filter { $0 != first }).map { [first] + $0 } }
    }

    @Sendable private static func runningAndEnded(_ makePlace: MakePlace, seed: UInt64) async throws {
        var running = SpanRecord(traceID: traceID, spanID: SpanID(1), name: "job", startTimeUnixNano: 100)
        running.attributes = [Attribute("progress", 1)]
        running.revision = 1
        var further = running
        further.revision = 2
        further.attributes = [Attribute("progress", 2)]
        var ended = running
        ended.revision = 0
        ended.endTimeUnixNano = 350
        ended.attributes = [Attribute("done", true)]
        for order in [[running, further, ended], [ended, further, running], [further, ended, running]] {
            let store = try await makePlace().open()
            for (index, report) in order.enumerated() {
                try await store.append([batch([report])])
                guard let found = try await store.trace(traceID).first else {
                    throw ContractFailure("the span is missing after report \(index)")
                }
                let hasEnded = order[0...index].contains { $0.isEnded }
                try expectEqual(found.isRunning, !hasEnded, "running after report \(index)")
                try expectEqual(found.durationNano, hasEnded ? 250 : nil, "the duration after report \(index)")
            }
            let found = try await store.trace(traceID)
            try expectEqual(
                found.map(\.span.attributes), [[Attribute("done", true), Attribute("progress", 2)]],
                "the attributes of all reports")
            try expect(!found[0].isConflicted, "a newer report of a running span is no conflict")
            try await store.close()
        }
    }

    @Sendable private static func conflicts(_ makePlace: MakePlace, seed: UInt64) async throws {
        var first = SpanRecord(
            traceID: traceID, spanID: SpanID(1), name: "a", startTimeUnixNano: 100, endTimeUnixNano: 200)
        first.attributes = [Attribute("k", "one"), Attribute("same", 1)]
        var second = first
        second.name = "b"
        second.attributes = [Attribute("k", "two"), Attribute("same", 1), Attribute("more", 1)]
        for order in [[first, second], [second, first], [second, first, second, first]] {
            let store = try await makePlace().open()
            for report in order { try await store.append([batch([report])]) }
            let found = try await store.trace(traceID)
            try expectEqual(found.map(\.conflicts), [["attributes.k", "name"]], "the fields that clash")
            try expectEqual(found[0].span.name, "b", "the greater name")
            try await store.close()
        }
    }

    @Sendable private static func sharedSpan(_ makePlace: MakePlace, seed: UInt64) async throws {
        let client = SpanRecord(
            traceID: traceID, spanID: SpanID(1), name: "call", kind: .client, startTimeUnixNano: 1, endTimeUnixNano: 9)
        var server = client
        server.kind = .server
        let store = try await makePlace().open()
        try await store.append([batch([client], service: "front"), batch([server], service: "back")])
        let found = try await store.trace(traceID)
        try expectEqual(found.map(\.service), ["front", "back"], "the services of the halves, the inbound one last")
        try await store.close()
    }

    @Sendable private static func unusualTexts(_ makePlace: MakePlace, seed: UInt64) async throws {
        let texts =
            ReportGenerator.texts + [String(repeating: "long \u{1F9F5}", count: 20_000), "\u{FEFF}\r\n\u{2028}'--"]
        let store = try await makePlace().open()
        for (index, text) in texts.enumerated() {
            var span = SpanRecord(
                traceID: TraceID(high: 2, low: UInt64(index + 1)), spanID: SpanID(1), name: text, startTimeUnixNano: 5,
                endTimeUnixNano: 6)
            span.attributes = [Attribute(text, .string(text))]
            span.status = SpanStatus(.error, message: text)
            try await store.append([batch([span], service: text)])
        }
        for (index, text) in texts.enumerated() {
            let found = try await store.search(SpanQuery(service: text, name: text))
            try expectEqual(found.map(\.span.traceID.low), [UInt64(index + 1)], "spans with text \(index)")
            guard case .string(let value)? = found[0].span.attributes.first?.value else {
                throw ContractFailure("the attribute with text \(index) is missing")
            }
            for copy in [found[0].span.name, found[0].service, value, found[0].span.status?.message ?? "-"] {
                try expectEqual(Array(copy.utf8), Array(text.utf8), "text \(index)")
            }
        }
        try expectEqual(try await store.services().count, texts.count, "services of different bytes")
        try await store.close()
    }

    @Sendable private static func largeGroup(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let spans = (1...10_000).map { number in
            SpanRecord(
                traceID: TraceID(high: 3, low: UInt64(number % 100) + 1), spanID: SpanID(UInt64(number)),
                name: "work", startTimeUnixNano: UInt64(number), endTimeUnixNano: UInt64(number) + 5)
        }
        let result = try await store.append([batch(spans)])
        try expectEqual(result.storedReports, 10_000, "stored reports")
        for low in UInt64(1)...100 {
            try expectEqual(try await store.trace(TraceID(high: 3, low: low)).count, 100, "spans of trace \(low)")
        }
        let found = try await store.search(SpanQuery(limit: 10_000))
        try expectEqual(found.map(\.span.startTimeUnixNano), (1...10_000).reversed().map { UInt64($0) }, "the starts")
        try await store.close()
    }

    @Sendable private static func invalidIDs(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let good = SpanRecord(traceID: traceID, spanID: SpanID(1), name: "good", startTimeUnixNano: 1)
        let noTrace = SpanRecord(traceID: .invalid, spanID: SpanID(1), name: "bad", startTimeUnixNano: 1)
        let noSpan = SpanRecord(traceID: traceID, spanID: .invalid, name: "bad", startTimeUnixNano: 1)
        let result = try await store.append([batch([noTrace, good, noSpan])])
        try expectEqual(result, AppendResult(storedReports: 1, rejectedReports: 2), "the result of append")
        try expectEqual(try await store.search(SpanQuery()).map(\.span.name), ["good"], "the spans")
        try await store.close()
    }
}
