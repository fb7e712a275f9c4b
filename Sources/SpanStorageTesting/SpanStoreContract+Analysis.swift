import SpanMerge
import SpanModel
import SpanStorage

extension SpanStoreContract {
    static let analysisChecks: [Check] = [
        Check("a scan visits the spans that match, trace by trace, and ends when it is told to", scans),
        Check("a trace of more spans than a scan holds at once comes in parts", hugeTrace),
        Check("operations, attributes and their values are counted from merged spans", counts),
        Check("rate, errors and durations by step are those of the merged spans", series),
        Check("calls between services, and to those that report nothing, are those that the spans tell", graph),
        Check("the slowest spans and operations are those that sorting finds", slowest),
        Check("errors are grouped by operation, exception and shape of the message", errorGroups),
        Check("answers tell apart 10,000 groups and count the rest", manyGroups),
        Check("reports in another order, grouping and number give the same answers", sameAnswers),
    ]

    /// Returns a store with traces, reported in any order and number, and the oracle of all merged spans.
    private static func loaded(
        _ makePlace: MakePlace, seed: UInt64, traces: UInt64 = 60
    ) async throws -> (store: any SpanStore, naive: NaiveAnalysis, generator: TraceGenerator) {
        var generator = TraceGenerator(seed: seed)
        let store = try await makePlace().open()
        var states: [SpanKey: SpanState] = [:]
        var batches: [SpanBatch] = []
        for number in 1...traces { batches += generator.batches(of: generator.trace(number)) }
        batches.shuffle(using: &generator.values.random)
        while !batches.isEmpty {
            let group = batches.suffix(Int.random(in: 1...200, using: &generator.values.random))
            batches.removeLast(group.count)
            try await store.append(group.map { IncomingBatch(reports: $0) })
            for batch in group {
                _ = IncomingBatch(reports: batch).forEachState { states[$0, default: SpanState()].join($1) }
            }
        }
        let naive = NaiveAnalysis(spans: states.sorted { $0.key < $1.key }.map { $0.value.merged() })
        return (store, naive, generator)
    }

    /// Returns a scan of a range within the hour of the traces, or of everything; sometimes with a filter.
    private static func randomScan(_ generator: inout TraceGenerator) throws -> SpanScan {
        var scan = SpanScan()
        if generator.values.chance(70) {
            let times = (0..<2).map { _ in
                TraceGenerator.begin + .random(in: 0...TraceGenerator.hourNano, using: &generator.values.random)
            }
            scan.starts = times.min()!...times.max()!
        }
        let filters = [
            "", "", "service=cart", "kind=client", "not error", "running", "attr.n=1", "name~G or duration>1ms",
            "root", "not ()", "start>=2026-08-01T12:20:00Z service!=web", "until=2026-08-01T12:30:00Z",
        ]
        scan.filter = try SpanFilter(parsing: generator.values.pick(filters), nowUnixNano: 0)
        return scan
    }

    @Sendable private static func scans(_ makePlace: MakePlace, seed: UInt64) async throws {
        var (store, naive, generator) = try await loaded(makePlace, seed: seed)
        for _ in 0..<40 {
            let scan = try randomScan(&generator)
            let found = try await store.scan(scan, into: [[MergedSpan]]()) { found, spans in
                found.append(spans)
                return true
            }
            try expectSame(
                found.sorted { $0[0].key < $1[0].key }.flatMap { $0 }, naive.meant(scan), "the scan \(scan)")
            for spans in found {
                try expect(Set(spans.map(\.span.traceID)).count == 1, "spans of several traces came in one call")
            }
            try expectEqual(found.count, Set(naive.meant(scan).map(\.span.traceID)).count, "calls")
            let calls = min(2, found.count)
            let first = try await store.scan(scan, into: [[MergedSpan]]()) { first, spans in
                first.append(spans)
                return first.count < 2
            }
            try expectEqual(first.count, calls, "calls of the scan that is ended")
            let keys = Set(found.map { $0.map(\.key) })
            try expect(first.allSatisfy { keys.contains($0.map(\.key)) }, "a scan that is ended gives other spans")
        }
        try await store.close()
    }

    @Sendable private static func hugeTrace(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let count = SpanScan.maxSpansAtOnce + 10
        let spans = (1...count).map { number in
            SpanRecord(
                traceID: TraceID(high: 1, low: 1), spanID: SpanID(UInt64(number)), name: "s", startTimeUnixNano: 1,
                endTimeUnixNano: 2)
        }
        try await store.append([IncomingBatch(reports: TraceGenerator.reports("a", instance: "", spans))])
        let sizes = try await store.scan(SpanScan(), into: [Int]()) { sizes, spans in
            sizes.append(spans.count)
            return true
        }
        try expectEqual(sizes.reduce(0, +), count, "the spans")
        try expect(sizes.allSatisfy { $0 <= SpanScan.maxSpansAtOnce }, "a call with too many spans: \(sizes)")
        try await store.close()
    }

    @Sendable private static func counts(_ makePlace: MakePlace, seed: UInt64) async throws {
        var (store, naive, generator) = try await loaded(makePlace, seed: seed)
        for _ in 0..<20 {
            let scan = try randomScan(&generator)
            let meant = naive.meant(scan)
            let operations = try await store.operations(scan)
            try expectEqual(operations.groups.map(\.operation), operations.groups.map(\.operation).sorted(), "order")
            try expectEqual(operations.groups.count, Set(meant.map { SpanOperation($0) }).count, "operations")
            for group in operations.groups {
                let spans = meant.filter { SpanOperation($0) == group.operation }
                try expectEqual(group.spans, UInt64(spans.count), "spans of \(group.operation)")
                try expectEqual(group.errors, UInt64(spans.count { $0.statusCode == .error }), "errors")
                try expectEqual(group.running, UInt64(spans.count { $0.isRunning }), "running")
                let newest = spans.map(\.span.startTimeUnixNano).max()
                try expectEqual(group.newestStartUnixNano, newest, "the newest start")
            }
            let keys = try await store.attributeKeys(scan).groups
            let expectedKeys = Set(meant.flatMap { $0.span.attributes.map { ExactText($0.key) } })
            try expectEqual(Set(keys.filter { $0.key.owner == .span }.map(\.key.key)), expectedKeys, "keys of spans")
            try expectEqual(keys.map(\.key), keys.map(\.key).sorted(), "the order of keys")
            for key in keys {
                func value(_ merged: MergedSpan) -> AttributeValue? {
                    let attributes =
                        key.key.owner == .span ? merged.span.attributes : merged.origin.resource?.attributes ?? []
                    return attributes.first { ExactText($0.key) == key.key.key }.map { $0.value ?? .empty }
                }
                let all = meant.compactMap(value)
                try expectEqual(key.spans, UInt64(all.count), "spans with \(key.key)")
                let values = try await store.attributeValues(of: key.key, scan).groups
                try expectEqual(values.reduce(0) { $0 + $1.spans }, key.spans, "the sum over values")
                for value in values {
                    try expectEqual(value.spans, UInt64(all.count { $0 == value.value }), "spans with \(value.value)")
                }
                try expectEqual(values.map(\.spans), values.map(\.spans).sorted(by: >), "the order of values")
            }
        }
        try await store.close()
    }

    @Sendable private static func series(_ makePlace: MakePlace, seed: UInt64) async throws {
        var (store, naive, generator) = try await loaded(makePlace, seed: seed)
        for _ in 0..<20 {
            let scan = try randomScan(&generator)
            let step: UInt64 = generator.values.pick([0, 1, 60_000_000_000, 600_000_000_001, .max])
            let answer = try await store.latency(LatencyQuery(scan, stepNano: step))
            var left = naive.meant(scan).count
            for series in answer.groups {
                let starts = series.points.map(\.startUnixNano)
                try expectEqual(starts, Set(starts).sorted(), "the steps of \(series.operation)")
                for point in series.points {
                    let spans = naive.meant(scan).filter { merged in
                        let start = merged.span.startTimeUnixNano
                        return SpanOperation(merged) == series.operation
                            && (step == 0 || start >= point.startUnixNano && start - point.startUnixNano < step)
                    }
                    try expect(step == 0 || point.startUnixNano % step == 0, "a step begins at \(point.startUnixNano)")
                    try expectEqual(point.spans, UInt64(spans.count), "spans")
                    try expectEqual(point.errors, UInt64(spans.count { $0.statusCode == .error }), "errors")
                    try expectSketch(point.latency, of: spans.compactMap(\.durationNano), "\(series.operation)")
                    left -= spans.count
                }
                try expectEqual(series.total.spans, series.points.reduce(0) { $0 + $1.spans }, "the total")
            }
            try expectEqual(left, 0, "spans that no step has")
        }
        try await store.close()
    }

    @Sendable private static func graph(_ makePlace: MakePlace, seed: UInt64) async throws {
        var (store, naive, generator) = try await loaded(makePlace, seed: seed)
        for _ in 0..<20 {
            let scan = try randomScan(&generator)
            let (expected, unknown) = naive.calls(scan)
            let graph = try await store.dependencies(scan)
            func name(_ edge: DependencyGraph.Edge) -> String {
                "\(edge.caller.kind) \(edge.caller.name) -> \(edge.callee.kind) \(edge.callee.name)"
                    + (edge.isInferred ? "?" : "")
            }
            try expectEqual(Set(graph.edges.map(name)), Set(expected.keys), "the edges of \(scan)")
            try expectEqual(graph.edges.count, expected.count, "the number of edges")
            try expectEqual(graph.unknownCalls, unknown, "calls to nobody knows whom")
            for edge in graph.edges {
                guard let calls = expected[name(edge)] else { continue }
                try expectEqual(edge.calls, UInt64(calls.callers.count), "calls \(name(edge))")
                let failed = zip(calls.callers, calls.callees).count {
                    $0?.statusCode == .error || $1?.statusCode == .error
                }
                try expectEqual(edge.errors, UInt64(failed), "errors \(name(edge))")
                let outbound = calls.callers.compactMap { $0 }.filter { [.client, .producer].contains($0.span.kind) }
                try expectSketch(edge.callerLatency, of: outbound.compactMap(\.durationNano), "callers \(name(edge))")
                let inbound = calls.callees.compactMap { $0 }.filter { [.server, .consumer].contains($0.span.kind) }
                try expectSketch(edge.calleeLatency, of: inbound.compactMap(\.durationNano), "callees \(name(edge))")
            }
        }
        try await store.close()
    }

    @Sendable private static func slowest(_ makePlace: MakePlace, seed: UInt64) async throws {
        var (store, naive, generator) = try await loaded(makePlace, seed: seed, traces: 30)
        for round in 0..<10 {
            let scan = try randomScan(&generator)
            let measure: SlowQuery.Measure = round % 2 == 0 ? .duration : .selfTime
            let limit = generator.values.pick([1, 5, 10_000])
            let found = try await store.slow(SlowQuery(scan, measure: measure, limit: limit))
            let all = naive.meant(scan).filter { $0.durationNano != nil }.map { merged in
                (span: merged, duration: merged.durationNano ?? 0, selfTime: naive.selfTime(of: merged, scan))
            }
            let sorted = all.sorted { left, right in
                let (one, other) =
                    measure == .duration ? (left.duration, right.duration) : (left.selfTime, right.selfTime)
                return one == other ? left.span.key < right.span.key : one > other
            }
            try expectSame(found.spans.map(\.span), sorted.prefix(limit).map(\.span), "the slowest spans of \(scan)")
            try expectEqual(found.spans.map(\.selfTimeNano), sorted.prefix(limit).map(\.selfTime), "self times")
            try expectEqual(found.operations.groups.count, Set(all.map { SpanOperation($0.span) }).count, "operations")
            for total in found.operations.groups {
                let own = all.filter { SpanOperation($0.span) == total.operation }
                try expectEqual(total.spans, UInt64(own.count), "spans of an operation")
                try expectEqual(total.durationNano, own.reduce(0) { $0 + $1.duration }, "the sum of durations")
                try expectEqual(total.selfTimeNano, own.reduce(0) { $0 + $1.selfTime }, "the sum of self times")
                let compared = own.map { measure == .duration ? $0.duration : $0.selfTime }
                try expectSketch(total.latency, of: compared, "an operation")
            }
            let order = found.operations.groups.map { measure == .duration ? $0.durationNano : $0.selfTimeNano }
            try expectEqual(order, order.sorted(by: >), "the order of operations")
        }
        try await store.close()
    }

    @Sendable private static func errorGroups(_ makePlace: MakePlace, seed: UInt64) async throws {
        var (store, naive, generator) = try await loaded(makePlace, seed: seed)
        for _ in 0..<20 {
            let scan = try randomScan(&generator)
            let failed = naive.meant(scan).filter { $0.statusCode == .error }
            var expected: [String: [MergedSpan]] = [:]
            for merged in failed {
                let event = merged.span.events.last?.attributes ?? []
                func text(_ attributes: [Attribute], _ key: String) -> String? {
                    guard case .string(let text)? = attributes.first(where: { $0.key == key })?.value else {
                        return nil
                    }
                    return text
                }
                let type = text(event, "exception.type") ?? text(merged.span.attributes, "error.type") ?? ""
                var message = merged.span.status?.message ?? ""
                if message.isEmpty { message = text(event, "exception.message") ?? "" }
                // All that the generator's messages differ in are numbers.
                let shape = message.split(separator: " ", omittingEmptySubsequences: false)
                    .map { $0.contains(where: \.isNumber) ? "#" : $0 }.joined(separator: " ")
                let operation = SpanOperation(merged)
                let names = "\(Array(operation.service.string.utf8)) \(Array(operation.name.string.utf8))"
                expected["\(names) \(operation.kind) \(type) \(shape)", default: []].append(merged)
            }
            let groups = try await store.errors(scan).groups
            try expectEqual(groups.count, expected.count, "groups of errors")
            for group in groups {
                let names =
                    "\(Array(group.operation.service.string.utf8)) \(Array(group.operation.name.string.utf8))"
                let name = "\(names) \(group.operation.kind) \(group.exceptionType) \(group.messageShape)"
                let spans = expected[name] ?? []
                try expectEqual(group.spans, UInt64(spans.count), "spans of \(name)")
                let starts = spans.map(\.span.startTimeUnixNano)
                try expectEqual(group.firstStartUnixNano, starts.min(), "the first")
                try expectEqual(group.newestStartUnixNano, starts.max(), "the newest")
                let newest = spans.filter { $0.span.startTimeUnixNano == starts.max() }.map(\.key).min()
                try expectEqual(group.example, newest, "the example")
            }
            try expectEqual(groups.map(\.spans), groups.map(\.spans).sorted(by: >), "the order of groups")
        }
        try await store.close()
    }

    @Sendable private static func manyGroups(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        let spans = (1...UInt64(SpanGroupLimit.groups) + 7).map { number in
            SpanRecord(
                traceID: TraceID(high: 1, low: number), spanID: SpanID(1), name: "GET /\(number)",
                startTimeUnixNano: 1, endTimeUnixNano: 2)
        }
        try await store.append([IncomingBatch(reports: TraceGenerator.reports("a", instance: "", spans))])
        let operations = try await store.operations(SpanScan())
        try expectEqual(operations.groups.count, SpanGroupLimit.groups, "operations")
        try expectEqual(operations.leftOutSpans, 7, "spans of further ones")
        try await store.close()
    }

    /// Requires equal answers for the same spans reported in two ways.
    @Sendable private static func sameAnswers(_ makePlace: MakePlace, seed: UInt64) async throws {
        var generator = TraceGenerator(seed: seed)
        let traces = (1...20).map { generator.trace($0) }
        var answers: [[String]] = []
        for _ in 0..<2 {
            let store = try await makePlace().open()
            // Twice each, so that both have a running and an ended report of the same spans now and then.
            for batch in (traces + traces).flatMap({ generator.batches(of: $0) }).shuffled(
                using: &generator.values.random)
            {
                try await store.append([IncomingBatch(reports: batch)])
            }
            let keys = try await store.attributeKeys(SpanScan())
            answers.append([
                "\(try await store.operations(SpanScan()))", "\(keys)", "\(try await store.dependencies(SpanScan()))",
                "\(try await store.latency(LatencyQuery(stepNano: 60_000_000_000)))",
                "\(try await store.errors(SpanScan()))",
            ])
            try await store.close()
        }
        for (one, other) in zip(answers[0], answers[1]) { try expectEqual(one, other, "the answer") }
    }
}
