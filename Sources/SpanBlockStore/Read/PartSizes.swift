import SpanBlocks
import SpanStorage

/// Bytes that the parts of runs take.
package struct PartSizes {
    private let ledger: any BlockLedger
    private let traces: TraceIndexReader
    private let segments: [Int64: TraceSegment]
    /// Entries by run, of each segment that was read.
    private var entries: [Int64: [Int64: Int]] = [:]

    /// Makes a measure that has read nothing yet.
    ///
    /// - Parameter segments: all there are.
    package init(_ ledger: any BlockLedger, _ traces: TraceIndexReader, _ segments: [TraceSegment]) {
        self.ledger = ledger
        self.traces = traces
        self.segments = Dictionary(segments.map { ($0.id, $0) }) { first, _ in first }
    }

    /// Looks whether a run takes what its row says.
    ///
    /// - Throws: `corrupt` where it does not.
    package mutating func check(_ run: StoredRun) throws(SpanStoreError) {
        var bytes = try ledger.bytes(of: run)
        if let segment = run.traceSegment {
            // Bytes are those that a run was stored with: then it had an index of its own.
            let entries = try entries(of: run, in: segment)
            guard TraceIndex.chunkCount(entries: entries) == run.traceChunks else {
                throw .damaged("row \(run.id) of table run: trace_chunks is not of so many entries")
            }
            bytes += entries * RunTraceChunk.entryBytes
        }
        guard bytes == run.bytes else {
            throw .damaged("row \(run.id) of table run: bytes is not what its parts take")
        }
    }

    private mutating func entries(of run: StoredRun, in id: Int64) throws(SpanStoreError) -> Int {
        guard let segment = segments[id] else { throw .damaged("segment \(id) is missing") }
        if let known = entries[segment.id] { return known[run.id] ?? 0 }
        var counts: [Int64: Int] = [:]
        for number in 0..<segment.chunks {
            let chunk = try traces.chunk(of: segment, number)
            for entry in chunk.entries {
                counts[try segment.run(of: entry), default: 0] += 1
            }
        }
        entries[segment.id] = counts
        return counts[run.id] ?? 0
    }
}
