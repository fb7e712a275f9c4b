import SpanBlocks
import SpanStorage

extension BlockReader {
    /// The blocks of a run that may have spans of a trace.
    ///
    /// - Parameter segments: all there are.
    func blocks(
        of run: StoredRun, withTrace trace: TraceHash, _ segments: [TraceSegment]
    ) throws(SpanStoreError) -> [Int] {
        if let id = run.traceSegment {
            guard let segment = segments.first(where: { $0.id == id }) else {
                throw .damaged("segment \(id) is missing")
            }
            return try blocks(in: segment, withTrace: trace).filter { $0.run == run.id }.map(\.block)
        }
        let chunk = try traces.keptChunk(of: run, TraceIndex.chunk(of: trace, count: run.traceChunks))
        try checkSparse(chunk, of: run)
        return chunk.blocks(of: trace)
    }

    /// The blocks of a segment's runs that may have spans of a trace; some of the runs may be gone.
    func blocks(
        in segment: TraceSegment, withTrace trace: TraceHash
    ) throws(SpanStoreError) -> [(run: Int64, block: Int)] {
        let chunk = try chunk(of: segment, TraceIndex.chunk(of: trace, count: segment.chunks))
        var found: [(run: Int64, block: Int)] = []
        for entry in chunk.entries(of: trace) { found.append((try segment.run(of: entry), Int(entry.block))) }
        return found
    }

    /// All entries of a chunk of a run's own index.
    func entries(of run: StoredRun, _ number: Int) throws(SpanStoreError) -> [RunTraceChunk.Entry] {
        let chunk = try traces.chunk(of: run, number)
        try checkSparse(chunk, of: run)
        return chunk.entries
    }

    /// All entries of a chunk of a segment's index.
    func entries(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> [SegmentTraceChunk.Entry] {
        try chunk(of: segment, number).entries
    }

    private func chunk(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> SegmentTraceChunk {
        let chunk = try traces.chunk(of: segment, number)
        if chunk.isSparse(of: segment.chunks), !sparse.segments.contains(segment.id) {
            try checkSizes(try known().runs.filter { $0.traceSegment == segment.id })
            sparse.segments.insert(segment.id)
        }
        return chunk
    }

    private func checkSparse(_ chunk: RunTraceChunk, of run: StoredRun) throws(SpanStoreError) {
        guard chunk.isSparse(of: run.traceChunks), !sparse.runs.contains(run.id) else { return }
        try checkSizes([run])
        sparse.runs.insert(run.id)
    }

    /// Looks whether the runs of an index with a chunk of few traces take what they should: where entries are missing they
    /// do not.
    private func checkSizes(_ runs: [StoredRun]) throws(SpanStoreError) {
        var sizes = try sizes()
        for run in runs { try sizes.check(run) }
    }

    /// Returns a measure of the bytes that the parts of runs take.
    func sizes() throws(SpanStoreError) -> PartSizes { PartSizes(ledger, traces, try known().segments) }
}
