import Foundation
import SpanMerge
import SpanModel
import Testing

@testable import SpanStorage
@testable import SpanStorageSQLite

/// Whoever sends spans chooses their ids: traces without number can have one hash, and are no damage.
@Suite struct SQLiteEqualHashTests {
    let folder = try! TemporaryFolder()

    /// All of these have the hash 0.
    private func trace(_ number: UInt64) -> TraceID { TraceID(high: 0x9E37_79B9_7F4A_7C15, low: number) }

    private func batch(_ traces: Range<UInt64>, start: UInt64) -> IncomingBatch {
        let spans = traces.flatMap { number in
            // Every other one is of a trace as others make them.
            [trace(number), TraceID(high: number &* 0xD129_0A4B_72C5_91F3, low: number)].map {
                SpanRecord(
                    traceID: $0, spanID: SpanID(number), name: "op", startTimeUnixNano: start + number,
                    endTimeUnixNano: start + number + 1)
            }
        }
        return SQLiteDamageTests.batch("service", spans)
    }

    @Test(arguments: [10, 3_000] as [UInt64])
    func `a store with many traces of one hash is sound, before and after it is merged`(traces: UInt64) async throws {
        let path = folder.file("\(traces).db")
        let store = try await SQLiteSpanStore.open(path: path, mode: .readWrite)
        let start = SQLiteDamageTests.now
        try await store.append([batch(1..<traces / 2, start: start)])
        try await store.append([batch(traces / 2..<traces, start: start)])
        for isMerged in [false, true] {
            if isMerged { try await store.compact() }
            let check = try await store.check()
            #expect(check.faults == [] && check.reports == 2 * (Int(traces) - 1), "merged: \(isMerged)")
            for number in [1, traces / 2, traces - 1] {
                #expect(try await store.trace(trace(number)).map(\.span.spanID.value) == [number])
            }
            #expect(try await store.trace(trace(traces)).isEmpty)
            #expect(try await store.operations(SpanScan()).groups.map(\.spans) == [2 * (traces - 1)])
        }
        #expect(try await store.deleteTrace(trace(1), nowUnixNano: start) == 1)
        #expect(try await store.trace(trace(1)).isEmpty)
        #expect(try await store.check().faults == [])
        await store.close()
    }
}
