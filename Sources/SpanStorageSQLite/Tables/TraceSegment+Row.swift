import SpanBlockStore
import SpanBlocks
import SpanStorage

extension TraceSegment {
    /// The current row of a statement that selects `id`, `runs` and `chunks`.
    ///
    /// - Throws: `corrupt` for what no segment has.
    init(_ statement: Statement) throws(SpanStoreError) {
        let id = statement.integer(0)
        let row = StoredRow(statement, of: "trace_segment", id: id)
        guard PartID.owners.contains(id) else { throw row.damaged("its id is out of range") }
        var runs: [Int64] = []
        for number in try row.text(1, "runs").split(separator: ",", omittingEmptySubsequences: false) {
            guard let run = Int64(number), PartID.owners.contains(run), runs.count < SegmentTraceChunk.maxRuns else {
                throw row.damaged("runs is no list of runs")
            }
            runs.append(run)
        }
        self.init(id: id, runs: runs, chunks: try row.count(2, "chunks", in: 1...PartID.maxParts))
    }
}
