import Foundation
import ProtoWire
import SpanMerge
import SpanModel
import Testing

@testable import SpanBlocks
@testable import SpanStorage
@testable import SpanStorageSQLite
@testable import SpanStorageTesting

@Suite struct SQLiteColumnsDamageTests {
    private func part(_ field: UInt8, _ message: [UInt8]) -> [UInt8] {
        let frame = BlockCompressor(level: 1).compress(message)
        var bytes: [UInt8] = [field << 3 | 2]
        bytes.append(varint: frame.count)
        return bytes + frame
    }

    @Test func `operations that say they have very many rows are refused`() {
        var rows: [UInt8] = []
        for _ in 0..<600 { rows += [0x2A, 5, 0x20, 0x80, 0x80, 0x80, 0x02] }
        #expect(StoredRows(part(1, rows), attributes: []) == nil)
    }

    @Test func `traces that come twice are refused`() {
        let rows: [UInt8] = [
            0x1A, 1, 0, 0x12, 4, 1, 2, 3, 4, 0x2A, 2, 0x20, 1, 0x32, 1, 0, 0x3A, 1, 0, 0x42, 1, 0, 0x4A, 1, 0, 0x12, 0,
            0x0A, 1, 0,
        ]
        let bytes = part(1, rows) + part(2, [0x0A, 4, 1, 2, 3, 4]) + part(3, [0x0A, 1, 0, 0x22, 1, 0])
        #expect(SpanColumns(decoding: bytes, SpanColumns.Wanted(calls: true)) == nil)
    }

    @Test func `traces that are fewer than rows said before are refused`() {
        // Four traces, a row of the last; no traces, and the row's start.
        let rows: [UInt8] = [
            0x12, 16, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0x2A, 2, 0x20, 1, 0x32, 1, 6, 0x12, 0, 0x3A, 1, 0,
            0x42, 1, 0, 0x4A, 1, 0, 0x0A, 1, 0,
        ]
        let bytes = part(1, rows) + part(2, [0x0A, 4, 1, 2, 3, 4]) + part(3, [0x0A, 1, 0, 0x22, 1, 0])
        #expect(SpanColumns(decoding: bytes, SpanColumns.Wanted(calls: true)) == nil)
    }

    @Test func `columns of very many blocks are an error`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("spans.db")
        let store = try await SQLiteSpanStore.open(
            path: path, mode: .readWrite, options: SQLiteSpanStore.Options(compactsInBackground: false))
        for trace in UInt64(1)...2 {
            let spans = (UInt64(1)...900).map { id in
                SpanRecord(
                    traceID: TraceID(high: trace, low: id), spanID: SpanID(id), name: "work",
                    startTimeUnixNano: SQLiteColumnsTests.now + id, endTimeUnixNano: SQLiteColumnsTests.now + id + 1)
            }
            try await store.append([
                IncomingBatch(
                    reports: SpanBatch(resourceSpans: [
                        ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
                    ]), receivedAtUnixNano: SQLiteColumnsTests.now)
            ])
        }
        try await store.compact()
        await store.close()
        do {
            try Connection(path: path, mode: .readWrite).execute(
                "UPDATE span_columns SET id = id + 1, blocks = 9223372036854775807")
        }
        let damaged = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        #expect(try await !damaged.check().faults.isEmpty)
        await damaged.close()
    }
}

extension SQLiteColumnsTests {
    @Test func `a column of another key than its own is told`() async throws {
        var store = try await open()
        for trace in UInt64(1)...4 {
            let spans = (UInt64(1)...600).map { id in
                span(
                    trace, trace * 1000 + id,
                    with: [Attribute("keyn", .int(Int64(id % 3))), Attribute("keyN", .int(Int64(trace * 1000 + id)))])
            }
            try await store.append([batch(spans.map { ("a", $0) })])
        }
        try await store.compact()
        func find(_ store: SQLiteSpanStore) async throws -> Int {
            let filter = try SpanFilter(parsing: "attr.keyN>=1000", nowUnixNano: 0)
            return try await store.search(SpanQuery(filter: filter, limit: 10_000)).count
        }
        #expect(try await find(store) == 2400)
        await store.close()
        do {
            let connection = try Connection(path: path, mode: .readWrite)
            let read = try connection.prepare("SELECT data FROM span_columns")
            _ = try read.step()
            var data = read.bytes(0)
            read.reset()
            let place = try #require(data.indices.first { data[$0...].starts(with: Array("keyn".utf8)) })
            data[place + 3] ^= 0x20
            let write = try connection.prepare("UPDATE span_columns SET data = ?1")
            write.bind(0, blob: data)
            try write.run()
        }
        store = try await SQLiteSpanStore.open(path: path, mode: .readOnly)
        let (found, faults) = (try? await find(store), try await store.check().faults)
        #expect(
            found == nil || found == 2400 || !faults.isEmpty,
            "\(found ?? -1) spans of 2400, and the check finds nothing")
        await store.close()
    }
}
