import SpanModel
import SpanStorage
import Testing

@testable import SpanStorageSQLite

/// Operations from columns, whose starts are whole milliseconds; and what appends wait for.
@Suite struct OperationCounterTests {
    static let millisecond: UInt64 = 1_000_000

    static func batch(_ spans: [SpanRecord]) -> IncomingBatch {
        let resource = Resource(attributes: [Attribute("service.name", "cart")])
        let scope = ScopeSpans(scope: nil, spans: spans)
        return IncomingBatch(
            reports: SpanBatch(resourceSpans: [ResourceSpans(resource: resource, scopeSpans: [scope])]))
    }

    static func span(
        _ trace: UInt64, _ id: UInt64, start: UInt64, duration: UInt64 = 10, name: String = "work",
        isError: Bool = false
    ) -> SpanRecord {
        SpanRecord(
            traceID: TraceID(high: 1, low: trace), spanID: SpanID(id), name: name, kind: .server,
            startTimeUnixNano: start, endTimeUnixNano: start + duration,
            status: isError ? SpanStatus(.error) : nil)
    }

    /// Expects the oracle's operations of a compacted store.
    static func expectSame(_ spans: [SpanRecord], _ filters: [String]) async throws {
        let folder = try TemporaryFolder()
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite)
        let oracle = InMemorySpanStore()
        try await store.append([batch(spans)])
        try await oracle.append([batch(spans)])
        try await store.compact()
        for text in filters {
            let scan = SpanScan(filter: try SpanFilter(parsing: text, nowUnixNano: 0))
            #expect(try await store.operations(scan) == oracle.operations(scan), "\(text)")
        }
        await store.close()
    }

    @Test func `the newest start is of a span that is meant, though another one has its id and its millisecond`()
        async throws
    {
        let base = 5000 * Self.millisecond
        try await Self.expectSame(
            [
                Self.span(1, 1, start: base + 100_000, duration: 9_000_000, isError: true),
                Self.span(2, 1, start: base + 900_000), Self.span(3, 2, start: base + 900_001, name: "rest"),
                Self.span(3, 3, start: base + 999_999, name: "rest"), Self.span(3, 4, start: base, name: "rest"),
            ], ["", "status=error", "duration>5ms", "name=rest"])
    }

    @Test func `a start that a later report took back is no newest one, though the other side has the id`() async throws
    {
        let folder = try TemporaryFolder()
        let store = try await SQLiteSpanStore.open(path: folder.file("spans.db"), mode: .readWrite)
        let oracle = InMemorySpanStore()
        let base = 5000 * Self.millisecond
        var caller = Self.span(1, 1, start: base + 900_000)
        caller.kind = .client
        var earlier = caller
        earlier.startTimeUnixNano = base + 100_000
        // The server's span has columns; the client's has some too, and a loose report that came later.
        for group in [[Self.span(1, 1, start: base + 500_000), caller], [earlier]] {
            try await store.append([Self.batch(group)])
            try await oracle.append([Self.batch(group)])
            if group.count == 2 { try await store.compact() }
        }
        let found = try await store.operations(SpanScan())
        #expect(try await found == oracle.operations(SpanScan()))
        #expect(found.groups.map(\.newestStartUnixNano).sorted() == [base + 100_000, base + 500_000])
        await store.close()
    }

    @Test func `very many spans that start in the newest millisecond, or have no start, are counted right`()
        async throws
    {
        let spans = (1...3000 as ClosedRange<UInt64>).map { number in
            Self.span(
                number % 40, number, start: number % 2 == 0 ? 0 : 7 * Self.millisecond + number, name: "n\(number % 2)")
        }
        try await Self.expectSame(spans, ["", "name=n0", "name=n1", "duration>=1ns"])
    }

    @Test func `appends wait for runs that can be merged, not for those of many hours that wait for others`()
        async throws
    {
        let folder = try TemporaryFolder()
        let writer = SQLiteWriter()
        try await writer.open(path: folder.file("spans.db"), options: SQLiteSpanStore.Options())
        let hour: UInt64 = 3_600_000_000_000
        let day = 24 * hour * 20_000
        var number: UInt64 = 0
        func append(hour index: UInt64) async throws -> Int {
            number += 1
            let batch = IncomingBatch(
                reports: Self.batch([Self.span(number, number, start: day + index * hour)]).reports,
                receivedAtUnixNano: day + 25 * hour)
            return try await writer.append([batch]).unmerged
        }
        for _ in 0..<15 {
            for index in 0..<24 as Range<UInt64> { #expect(try await append(hour: index) == 0) }
        }
        #expect(try await append(hour: 3) == 1)
        #expect(try await append(hour: 3) == 2)
        #expect(try await append(hour: 4) == 3)
        await writer.close()
    }
}
