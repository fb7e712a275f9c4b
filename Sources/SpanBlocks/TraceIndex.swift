/// An index of the blocks that have spans of a trace, in chunks by the trace's hash: of one run (`RunTraceChunk`), or of many
/// (`SegmentTraceChunk`).
package enum TraceIndex {
    /// Entries of a chunk, about: its bytes fill half a page of 8 KiB.
    private static let chunkEntries = 570

    /// Number of chunks of an index with so many entries.
    package static func chunkCount(entries: Int) -> Int {
        min(max(1, (entries + chunkEntries - 1) / chunkEntries), 1 << 16)
    }

    /// The number of the chunk, of so many, that has a trace's entries.
    package static func chunk(of trace: TraceHash, count: Int) -> Int {
        Int((UInt64(trace.bits) &* UInt64(count)) >> 32)
    }

    /// Returns `true` for a chunk of so few entries that some are missing, or very many are of few traces.
    static func isSparse(entries: Int, of chunks: Int) -> Bool {
        chunks > 1 && entries * 2 * chunks < chunkEntries * (chunks - 1)
    }

    /// The places in a list of each chunk's entries.
    static func members(_ traces: some Collection<TraceHash>) -> [[Int]] {
        let count = chunkCount(entries: traces.count)
        var members = [[Int]](repeating: [], count: count)
        for (number, trace) in traces.enumerated() { members[chunk(of: trace, count: count)].append(number) }
        return members
    }
}
