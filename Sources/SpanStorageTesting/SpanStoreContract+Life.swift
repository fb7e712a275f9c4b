import SpanMerge
import SpanModel
import SpanStorage

extension SpanStoreContract {
    static let lifeChecks: [Check] = [
        Check("a store that is opened again has all that was appended", reopened),
        Check("a reader sees whole groups while they are written", concurrentReader),
        Check("appends from many tasks are all stored", concurrentWriters),
        Check("a closed store says so and can be closed again", closed),
        Check("a store opened for reading refuses to append", readerRefuses),
    ]

    private static func batch(_ number: Int, spans: Int, sender: SenderID = .none, sequence: UInt64 = 0)
        -> IncomingBatch
    {
        let records = (0..<spans).map { index in
            SpanRecord(
                traceID: TraceID(high: 8, low: UInt64(number + 1)), spanID: SpanID(UInt64(index + 1)), name: "s",
                startTimeUnixNano: UInt64(number + 1), endTimeUnixNano: UInt64(number + 2))
        }
        let scope = ScopeSpans(scope: nil, spans: records)
        let reports = SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])])
        return IncomingBatch(sender: sender, sequence: sequence, reports: reports)
    }

    @Sendable private static func reopened(_ makePlace: MakePlace, seed: UInt64) async throws {
        let place = try await makePlace()
        guard place.isDurable else { return }
        var generator = ReportGenerator(seed: seed)
        let oracle = InMemorySpanStore()
        for round in 0..<3 {
            let store = try await place.open()
            let group = [IncomingBatch(reports: generator.batch(spans: 90))]
            try await store.append(group)
            try await oracle.append(group)
            try expectSame(
                try await store.search(SpanQuery(limit: 10_000)), try await oracle.search(SpanQuery(limit: 10_000)),
                "round \(round)")
            try await store.close()
        }
    }

    @Sendable private static func concurrentReader(_ makePlace: MakePlace, seed: UInt64) async throws {
        let place = try await makePlace()
        let store = try await place.open()
        let reader = try await place.openReader() ?? store
        let (groups, spans) = (40, 50)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                for number in 0..<groups {
                    try await store.append([batch(number, spans: spans), batch(number, spans: spans)])
                }
            }
            tasks.addTask {
                var seen = 0
                while seen < groups {
                    let found = try await reader.search(SpanQuery(limit: 10_000)).count
                    try expect(found % spans == 0, "a reader saw \(found) spans, part of a group")
                    try expect(found / spans >= seen, "a reader saw \(found / spans) groups after \(seen)")
                    seen = found / spans
                    await Task.yield()
                }
            }
            try await tasks.waitForAll()
        }
        try await reader.close()
        try await store.close()
    }

    @Sendable private static func concurrentWriters(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for writer in 0..<4 {
                tasks.addTask {
                    let sender = SenderID(high: 9, low: UInt64(writer + 1))
                    for number in 0..<10 {
                        try await store.append([
                            batch(writer * 10 + number, spans: 5, sender: sender, sequence: UInt64(number + 1))
                        ])
                    }
                }
            }
            try await tasks.waitForAll()
        }
        try expectEqual(try await store.search(SpanQuery(limit: 1000)).count, 200, "spans")
        try expectEqual(try await store.senders(nowUnixNano: 0).map(\.storedSequence), [10, 10, 10, 10], "sequences")
        try await store.close()
    }

    @Sendable private static func closed(_ makePlace: MakePlace, seed: UInt64) async throws {
        let store = try await makePlace().open()
        try await store.close()
        try await store.close()
        try await expectCode(.closed) { try await store.append([batch(1, spans: 1)]) }
        try await expectCode(.closed) { _ = try await store.trace(TraceID(high: 8, low: 1)) }
        try await expectCode(.closed) { _ = try await store.search(SpanQuery()) }
        try await expectCode(.closed) { _ = try await store.services() }
        try await expectCode(.closed) { _ = try await store.senders(nowUnixNano: 0) }
        try await expectCode(.closed) { _ = try await store.storedSequence(of: .none) }
        let lease = CollectorLease(collector: .random(), renewedAtUnixNano: 1)
        try await expectCode(.closed) { try await store.note([], by: lease) }
        try await expectCode(.closed) { try await store.endLease(of: lease.collector) }
    }

    @Sendable private static func readerRefuses(_ makePlace: MakePlace, seed: UInt64) async throws {
        let place = try await makePlace()
        let store = try await place.open()
        if let reader = try await place.openReader() {
            try await expectCode(.readOnly) { try await reader.append([batch(1, spans: 1)]) }
            try await reader.close()
        }
        try expectEqual(try await store.search(SpanQuery()).count, 0, "spans")
        try await store.close()
    }

    static func expectCode(_ code: SpanStoreError.Code, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as SpanStoreError {
            try expectEqual(error.code, code, "the error's code")
            return
        }
        throw ContractFailure("there was no error, expected \(code.rawValue)")
    }
}
