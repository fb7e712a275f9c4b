import SpanMerge
import SpanModel
@testable import SpanStorage
import SpanStorageTesting
import Testing

@testable import SpanBlockStore
@testable import SpanStorageSQLite

@Suite struct CallParentsTests {
    @Test func `rows have the parents that the trace's shape has, circles and halves of a call included`() {
        var random = ReportGenerator(seed: seed)
        var parents = CallParents()
        var circles = 0
        for round in 0..<3000 {
            let count = Int.random(in: 1...(round % 10 == 0 ? 60 : 9), using: &random.random)
            let ids = UInt64(max(count * 2 / 3, 2))
            var entries: [TraceShape.Entry] = []
            var seen: Set<SpanKey> = []
            for _ in 0..<count {
                let key = SpanKey(
                    traceID: TraceID(high: 1, low: 1), spanID: SpanID(.random(in: 1...ids, using: &random.random)),
                    side: Bool.random(using: &random.random) ? .inbound : .other)
                guard seen.insert(key).inserted else { continue }
                let parent = SpanID(.random(in: 0...ids, using: &random.random))
                entries.append(
                    TraceShape.Entry(
                        key: key, parentSpanID: parent,
                        startUnixNano: .random(
                            in: 1...(Bool.random(using: &random.random) ? 3 : 1_000_000), using: &random.random)
                    ))
            }
            let shape = TraceShape(entries)
            let rows = entries.map { entry in
                CallRow(
                    trace: 7, span: UInt32(entry.key.spanID.value), parent: UInt32(entry.parentSpanID.value),
                    service: 0,
                    peer: -1, marks: entry.key.side == .inbound ? .isInbound : [], startUnixNano: entry.startUnixNano,
                    durationNano: 0)
            }
            parents.find(rows, rows.indices)
            if parents.isAmbiguous {
                parents = CallParents()
                continue
            }
            var expected = [Int32](repeating: -1, count: entries.count)
            for place in shape.order.indices {
                if let parent = shape.parents[place] { expected[shape.order[place]] = Int32(shape.order[parent]) }
                if shape.attachments[place] == .cycle { circles += 1 }
            }
            #expect(parents.parents == expected, "round \(round), SEED=\(seed)")
        }
        #expect(circles > 0)
    }

    @Test func `many durations at once make the sketch that they make one by one`() {
        var random = ReportGenerator(seed: seed)
        var scratch = LatencySketch.BucketCounts()
        for _ in 0..<50 {
            var (one, all) = (LatencySketch(), LatencySketch())
            for _ in 0..<5 {
                let durations = (0..<Int.random(in: 0...300, using: &random.random)).map { _ in
                    Bool.random(using: &random.random)
                        ? [Int64.min, -1, 0, .max][Int.random(in: 0...3, using: &random.random)]
                        : Int64(bitPattern: .random(in: 0...UInt64.max, using: &random.random))
                            >> Int64.random(in: 0...63, using: &random.random)
                }
                for duration in durations { one.add(duration) }
                all.add(durations, &scratch)
                #expect(one == all, "SEED=\(seed)")
            }
        }
    }

    @Test func `edges lie in slots of their own, whether it is callers or callees that differ`() {
        let mask = (1 << 14) - 1
        for (callers, callees) in [(Int32(9000), Int32(1)), (1, 9000), (95, 95)] {
            var slots: Set<Int> = []
            for caller in 0..<callers {
                for callee in 0..<callees {
                    slots.insert(CallEdges.Edge(caller, callee, isInferred: false).hash & mask)
                }
            }
            // By chance alone two in five would share theirs.
            #expect(slots.count > 5000, "\(callers) callers, \(callees) callees")
        }
    }

    @Test
    func `what is counted from columns is the oracle's for any range and filter; the graph in any number of passes`()
        async throws
    {
        let folder = try TemporaryFolder()
        let path = folder.file("calls.db")
        // With so little memory a run is finished with a thousand reports.
        let options = SQLiteSpanStore.Options(memoryBytes: 4 << 20, compactsInBackground: false)
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite, options: options)
        let oracle = InMemorySpanStore()
        var random = ReportGenerator(seed: seed)
        let milliseconds: UInt64 = 1_000_000
        for round in 0..<6 {
            var batch = SpanBatch()
            for _ in 0..<400 {
                let start = UInt64.random(in: 1...5000, using: &random.random) * milliseconds / 7
                let kind = SpanKind.some.randomElement(using: &random.random) ?? .server
                let span = SpanRecord(
                    traceID: TraceID(high: 1, low: .random(in: 1...300, using: &random.random)),
                    spanID: SpanID(.random(in: 1...6, using: &random.random)),
                    parentSpanID: SpanID(.random(in: 0...6, using: &random.random)), name: "call", kind: kind,
                    startTimeUnixNano: start, endTimeUnixNano: start + .random(in: 0...3, using: &random.random),
                    attributes: [
                        Attribute("server.address", .string("host \(Int.random(in: 0...3, using: &random.random))")),
                        Attribute("server.port", Bool.random(using: &random.random) ? .int(80) : .string("80")),
                    ])
                let service = "service \(Int.random(in: 0...4, using: &random.random))"
                batch.resourceSpans.append(
                    ResourceSpans(
                        resource: Resource(attributes: [Attribute("service.name", .string(service))]),
                        scopeSpans: [ScopeSpans(scope: nil, spans: [span])]))
            }
            let incoming = IncomingBatch(reports: batch)
            try await store.append([incoming])
            try await oracle.append([incoming])
            if round % 2 == 1 { try await store.compact() }
            for text in [
                "", "service=\"service 1\"", "kind=client", "duration>=1ns not running", "status=error", "name~call",
            ] {
                let filter = try SpanFilter(parsing: text, nowUnixNano: 0)
                for starts: ClosedRange<UInt64> in [
                    0...UInt64.max, 100 * milliseconds...300 * milliseconds,
                    100 * milliseconds + 5...200 * milliseconds - 1,
                ] {
                    let scan = SpanScan(starts: starts, filter: filter)
                    #expect(
                        try await store.dependencies(scan) == oracle.dependencies(scan),
                        "round \(round), \(text), \(starts), SEED=\(seed)")
                    #expect(
                        try await store.operations(scan) == oracle.operations(scan),
                        "round \(round), \(text), \(starts), SEED=\(seed)")
                    let steps: [UInt64] = [0, 7, milliseconds, 50 * milliseconds, 50 * milliseconds + 1]
                    let step = steps.randomElement(using: &random.random) ?? 0
                    let query = LatencyQuery(scan, stepNano: step)
                    #expect(
                        try await store.latency(query) == oracle.latency(query),
                        "round \(round), \(text), \(starts), \(step), SEED=\(seed)")
                }
            }
        }
        let blocks = BlockReader(try SQLiteLedger(Connection(path: path, mode: .readOnly)))
        let graph = try blocks.inOneView { () throws(SpanStoreError) in
            try CallGraphBuilder(SpanScan(), StoreView(blocks), rowsAtOnce: 100).graph()
        }
        let expected = try await oracle.dependencies(SpanScan())
        if let graph { #expect(graph == expected, "SEED=\(seed)") }
        await store.close()
    }
}
