import Logging
import SpanMerge
import SpanModel
import SpanStorage
import Synchronization
import Testing

@testable import SpanCollector

@Suite struct RetentionServiceTests {
    private func append(_ store: InMemorySpanStore, starts: [UInt64]) async throws {
        let spans = starts.map { start in
            SpanRecord(
                traceID: TraceID(high: 1, low: start), spanID: SpanID(1), name: "s", startTimeUnixNano: start,
                endTimeUnixNano: start + 1)
        }
        let scope = ScopeSpans(scope: nil, spans: spans)
        try await store.append([
            IncomingBatch(reports: SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])]))
        ])
    }

    private func starts(_ store: InMemorySpanStore) async throws -> [UInt64] {
        try await store.search(SpanQuery()).map(\.span.startTimeUnixNano)
    }

    @Test func `what grows too old is removed again and again, until the service is told to end`() async throws {
        let store = InMemorySpanStore()
        let now = Atomic<UInt64>(1_000)
        try await append(store, starts: [100, 500, 900])
        let service = RetentionService(
            store: store, policy: RetentionPolicy(maxAgeNano: 400), interval: .milliseconds(1),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            nowUnixNano: { now.load(ordering: .sequentiallyConsistent) })
        let run = Task { try await service.run() }
        while try await starts(store) != [900] { await Task.yield() }
        try await append(store, starts: [950, 1])
        while try await starts(store) != [950, 900] { await Task.yield() }
        now.store(1_320, ordering: .sequentiallyConsistent)
        while try await starts(store) != [950] { await Task.yield() }
        run.cancel()
        try await run.value
        try await append(store, starts: [1])
        #expect(try await starts(store) == [950, 1])
    }
}
