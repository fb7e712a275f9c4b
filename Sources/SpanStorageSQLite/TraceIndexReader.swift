import SpanBlocks
import SpanStorage

/// Reads chunks of indexes of traces, and looks whether all that is in each can be there.
final class TraceIndexReader {
    private let own: TraceChunkTable
    private let shared: TraceChunkTable
    /// Runs and segments whose indexes have as many chunks as they should.
    private var whole: (runs: Set<Int64>, segments: Set<Int64>) = ([], [])
    private static let maxWhole = 1 << 16
    /// Chunks of runs' own indexes that were read lately. They never change, and no run ever has the id of another.
    private var kept: [Int64: RunTraceChunk] = [:]
    private var keptBytes = 0
    private static let maxKeptBytes = 4 << 20

    init(_ connection: Connection) throws(SpanStoreError) {
        own = try TraceChunkTable(connection, "trace_index", of: "run")
        shared = try TraceChunkTable(connection, "trace_segment_index", of: "segment")
    }

    /// A chunk of a run's own index.
    func chunk(of run: Run, _ number: Int) throws(SpanStoreError) -> RunTraceChunk {
        if !whole.runs.contains(run.id) {
            try own.check(run.id, hasChunks: run.traceChunks)
            if whole.runs.count == Self.maxWhole { whole.runs.removeAll(keepingCapacity: true) }
            whole.runs.insert(run.id)
        }
        return try own.chunk(run.id, number) { row throws(SpanStoreError) in
            try row.runTraceChunk(0, (number, run.traceChunks, run.blocks))
        }
    }

    /// A chunk of a run's own index, kept for the next trace.
    func keptChunk(of run: Run, _ number: Int) throws(SpanStoreError) -> RunTraceChunk {
        if let chunk = kept[run.part(number)] { return chunk }
        let chunk = try chunk(of: run, number)
        if keptBytes + chunk.bytes.count > Self.maxKeptBytes {
            kept.removeAll(keepingCapacity: true)
            keptBytes = 0
        }
        kept[run.part(number)] = chunk
        keptBytes += chunk.bytes.count
        return chunk
    }

    /// A chunk of a segment's index.
    func chunk(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> SegmentTraceChunk {
        if !whole.segments.contains(segment.id) {
            try shared.check(segment.id, hasChunks: segment.chunks)
            if whole.segments.count == Self.maxWhole { whole.segments.removeAll(keepingCapacity: true) }
            whole.segments.insert(segment.id)
        }
        return try shared.chunk(segment.id, number) { row throws(SpanStoreError) in
            try row.segmentTraceChunk(0, (number, segment.chunks, segment.blocks))
        }
    }
}
