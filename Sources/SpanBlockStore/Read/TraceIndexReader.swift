import SpanBlocks
import SpanStorage

/// Reads chunks of indexes of traces, and looks whether all that is in each can be there.
package final class TraceIndexReader {
    private let ledger: any BlockLedger
    /// Runs and segments whose indexes have as many chunks as they should.
    private var whole = (runs: LookedAt(), segments: LookedAt())
    /// Chunks of runs' own indexes that were read lately. They never change, and no run ever has the id of another.
    private var kept: [Int64: RunTraceChunk] = [:]
    private var keptBytes = 0
    private static let maxKeptBytes = 4 << 20

    /// Makes a reader of a ledger.
    package init(_ ledger: any BlockLedger) { self.ledger = ledger }

    /// A chunk of a run's own index.
    func chunk(of run: StoredRun, _ number: Int) throws(SpanStoreError) -> RunTraceChunk {
        if !whole.runs.contains(run.id) {
            try ledger.checkChunkCount(of: run)
            whole.runs.insert(run.id)
        }
        return try ledger.traceChunk(of: run, number)
    }

    /// A chunk of a run's own index, kept for the next trace.
    func keptChunk(of run: StoredRun, _ number: Int) throws(SpanStoreError) -> RunTraceChunk {
        if let chunk = kept[run.partID(number)] { return chunk }
        let chunk = try chunk(of: run, number)
        if keptBytes + chunk.bytes.count > Self.maxKeptBytes {
            kept.removeAll(keepingCapacity: true)
            keptBytes = 0
        }
        kept[run.partID(number)] = chunk
        keptBytes += chunk.bytes.count
        return chunk
    }

    /// A chunk of a segment's index.
    package func chunk(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> SegmentTraceChunk {
        if !whole.segments.contains(segment.id) {
            try ledger.checkChunkCount(of: segment)
            whole.segments.insert(segment.id)
        }
        return try ledger.traceChunk(of: segment, number)
    }
}
