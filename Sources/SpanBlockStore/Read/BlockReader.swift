import SpanBlocks
import SpanStorage

/// Reads runs, their indexes and their blocks from a ledger, and looks whether they fit together; used by whoever owns the
/// ledger.
///
/// The ledger is an existential, not a generic parameter: its calls are coarse, some for each block that is read, and what
/// reads millions of rows knows no ledger.
package final class BlockReader {
    let ledger: any BlockLedger
    /// The share of the machine that looks at what was read.
    let share: WorkShare
    /// The runs and segments that `load()` found last, and the version that they are of.
    private var loaded: (version: Int64, runs: [StoredRun], segments: [TraceSegment])?
    let decompressor = BlockDecompressor()
    let traces: TraceIndexReader
    /// Blocks that were read last.
    var recent = RecentBlocks()
    /// Runs of which other tables were looked at.
    private var tied: Set<Int64> = []
    /// Runs whose search filters have the size that they should.
    var sized = LookedAt()
    /// Runs and segments with a chunk of few traces that are right all the same.
    var sparse = (runs: LookedAt(), segments: LookedAt())

    /// Makes a reader that has read nothing yet.
    ///
    /// - Parameter share: how many threads look at what is read.
    package init(_ ledger: any BlockLedger, _ share: WorkShare = .whole) {
        self.ledger = ledger
        self.share = share
        traces = TraceIndexReader(ledger)
    }

    /// Runs `body` in one view of the store, whatever a writer does meanwhile.
    package func inOneView<Result>(
        _ body: () throws(SpanStoreError) -> Result
    ) throws(SpanStoreError) -> Result {
        try ledger.inOneView(body)
    }

    /// All runs and segments, the oldest first; within `inOneView`, of a ledger that nothing is written by. Read again only
    /// when something was written.
    func load() throws(SpanStoreError) -> (runs: [StoredRun], segments: [TraceSegment]) {
        let version = try ledger.version()
        if let loaded, loaded.version == version { return (loaded.runs, loaded.segments) }
        let runs = try runs()
        let segments = try segments(of: runs)
        try check(runs, have: segments)
        loaded = (version, runs, segments)
        return (runs, segments)
    }

    /// All runs, the oldest first.
    package func runs() throws(SpanStoreError) -> [StoredRun] { try ledger.runs(orNote: nil) }

    /// All segments, the oldest first.
    ///
    /// - Parameter runs: all there are.
    private func segments(of runs: [StoredRun]) throws(SpanStoreError) -> [TraceSegment] {
        Self.noting(runs, try ledger.segments(orNote: nil))
    }

    private static func noting(_ runs: [StoredRun], _ segments: [TraceSegment]) -> [TraceSegment] {
        if segments.isEmpty { return segments }
        let all = Dictionary(runs.map { ($0.id, $0) }) { first, _ in first }
        var segments = segments
        for index in segments.indices { segments[index].note(all) }
        return segments
    }

    /// The runs and segments that were loaded, or are there now.
    func known() throws(SpanStoreError) -> (runs: [StoredRun], segments: [TraceSegment]) {
        if let loaded { return (loaded.runs, loaded.segments) }
        let runs = try runs()
        return (runs, try segments(of: runs))
    }

    /// The runs and segments that can be read, and what is wrong with the others, or with how they fit together.
    func readable() throws(SpanStoreError) -> (runs: [StoredRun], segments: [TraceSegment], faults: [String]) {
        var faults: [String] = []
        let runs = try ledger.runs { faults.append($0.message) }
        let segments = try ledger.segments { faults.append($0.message) }
        do throws(SpanStoreError) { try check(runs, have: segments) } catch { faults.append(error.message) }
        return (runs, Self.noting(runs, segments), faults)
    }

    /// Looks for what would be in no answer, or in a wrong one: a run whose segment does not know it, blocks whose run is
    /// missing, and a run of another kind, of which `run_service` tells.
    private func check(_ runs: [StoredRun], have segments: [TraceSegment]) throws(SpanStoreError) {
        var segmentOf: [Int64: Int64] = [:]
        for segment in segments {
            for run in segment.runs { segmentOf[run] = segment.id }
        }
        for run in runs where segmentOf[run.id] != run.traceSegment {
            throw .damaged("run \(run.id) and trace_segment do not know each other")
        }
        try ledger.checkBlocks(areOf: runs, withParts: false)
        for run in runs where !tied.contains(run.id) {
            try checkLastBlock(of: run)
            guard try ledger.hasServices(of: run) == (run.kind == .settled) else {
                throw .damaged(
                    "table run_service has "
                        + (run.kind == .settled
                            ? "not all spans of run \(run.id)" : "run \(run.id), which is not settled"))
            }
        }
        tied = Set(runs.map(\.id))
    }

    /// A question passes over runs by their rows alone: where one is of another time than a block of it, it would be missing.
    private func checkLastBlock(of run: StoredRun) throws(SpanStoreError) {
        let block: BlockSummary
        do {
            block = try ledger.summaries(of: run, run.blocks - 1..<run.blocks)[0]
        } catch {
            // It is missing to whoever reads it.
            if error.code == .corrupt { return }
            throw error
        }
        guard run.blocks == 1 ? block == run.summary : run.summary.covers(block) else {
            throw .damaged("run \(run.id) is not the sum of its blocks")
        }
    }
}
