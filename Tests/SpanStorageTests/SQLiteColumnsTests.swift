import Foundation
import SpanBlocks
import SpanMerge
import SpanModel
import Testing

@testable import SpanStorage
@testable import SpanStorageSQLite
@testable import SpanStorageTesting

@Suite struct SQLiteColumnsTests {
    let folder = try! TemporaryFolder()
    var path: String { folder.file("spans.db") }

    static let now: UInt64 = 1_785_585_600_000_000_000

    func open(memory: Int? = nil) async throws -> SQLiteSpanStore {
        var options = SQLiteSpanStore.Options(compactsInBackground: false)
        if let memory { options = SQLiteSpanStore.Options(memoryBytes: memory, compactsInBackground: false) }
        return try await SQLiteSpanStore.open(path: path, mode: .readWrite, options: options)
    }

    func batch(_ spans: [(service: String, span: SpanRecord)]) -> IncomingBatch {
        IncomingBatch(
            reports: SpanBatch(
                resourceSpans: spans.map { service, span in
                    ResourceSpans(
                        resource: Resource(attributes: [Attribute("service.name", .string(service))]),
                        scopeSpans: [ScopeSpans(scope: nil, spans: [span])])
                }), receivedAtUnixNano: Self.now + 1_000_000_000)
    }

    func span(
        _ trace: UInt64, _ id: UInt64, _ kind: SpanKind = .client, start: UInt64 = now,
        with attributes: [Attribute] = []
    )
        -> SpanRecord
    {
        SpanRecord(
            traceID: TraceID(high: 7, low: trace), spanID: SpanID(id), name: "work", kind: kind,
            startTimeUnixNano: start, endTimeUnixNano: start + 1000, attributes: attributes)
    }

    @Test func `a sound store with attributes that compare with nothing is found sound`() async throws {
        let store = try await open()
        for trace in UInt64(1)...8 {
            try await store.append([
                batch(
                    (1...5).map {
                        ("a", span(trace, $0, with: [Attribute("b", .bytes([1])), Attribute("l", .array([.int(1)]))]))
                    })
            ])
        }
        #expect(try await store.check().faults == [])
        try await store.compact()
        #expect(try await store.check().faults == [])
        await store.close()
    }

    @Test func `a port is one number, be it an integer or a double`() async throws {
        let store = try await open()
        let oracle = InMemorySpanStore()
        for trace in UInt64(1)...8 {
            let port: AttributeValue = trace % 2 == 0 ? .int(80) : .double(80)
            let group = batch([
                ("a", span(trace, 1, with: [Attribute("server.address", "h"), Attribute("server.port", port)]))
            ])
            try await store.append([group])
            try await oracle.append([group])
        }
        #expect(try await store.dependencies(SpanScan()) == oracle.dependencies(SpanScan()))
        try await store.compact()
        #expect(try await store.dependencies(SpanScan()) == oracle.dependencies(SpanScan()))
        await store.close()
    }

    @Test func `integers and doubles of one value leave a sound store sound`() async throws {
        let store = try await open()
        for trace in UInt64(1)...4 {
            // The payload of a block has spans by resource, columns by key.
            try await store.append([
                batch(
                    (1...6).map { id in
                        (
                            id % 2 == 0 ? "a" : "b",
                            span(trace, 7 - id, with: [Attribute("n", id % 2 == 0 ? .int(1) : .double(1))])
                        )
                    })
            ])
        }
        try await store.compact()
        #expect(try await store.check().faults == [])
        await store.close()
    }

    @Test func `so do they in runs of several slices, where spans of a trace lie by their start`() async throws {
        let store = try await open()
        for half in UInt64(0)..<2 {
            try await store.append([
                batch(
                    (0..<7000).map { number in
                        let (trace, id) = (UInt64(number) / 10 + half * 700 + 1, UInt64(number) % 10 + 1)
                        return (
                            "a",
                            span(
                                trace, id, start: Self.now + trace * 1000 - id,
                                with: [Attribute("n", id % 2 == 0 ? .int(1) : .double(1))])
                        )
                    })
            ])
        }
        try await store.compact()
        #expect(try await store.check().faults == [])
        await store.close()
    }

    @Test func `a circle of parents, a part of it in columns and a part not, begins where the oracle says`()
        async throws
    {
        let store = try await open()
        let oracle = InMemorySpanStore()
        var (first, second) = (
            span(1, 1, .server, start: Self.now + 500_000), span(1, 2, .server, start: Self.now + 900_000)
        )
        first.parentSpanID = second.spanID
        second.parentSpanID = first.spanID
        for group in [batch([("b", second)]), batch([("c", span(2, 1))])] {
            try await store.append([group])
            try await oracle.append([group])
        }
        try await store.compact()
        let group = batch([("a", first)])
        try await store.append([group])
        try await oracle.append([group])
        let (own, expected) = (try await store.dependencies(SpanScan()), try await oracle.dependencies(SpanScan()))
        #expect(own == expected, "\(own.edges.map { "\($0.caller.name) > \($0.callee.name)" })")
        await store.close()
    }
}
