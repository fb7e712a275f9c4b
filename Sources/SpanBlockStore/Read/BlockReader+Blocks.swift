import SpanBlocks
import SpanModel
import SpanStorage

extension BlockReader {
    /// Returns the summary of each block of a run.
    ///
    /// - Throws: `corrupt` where the run is not the sum of its blocks.
    func blocks(of run: StoredRun) throws(SpanStoreError) -> [BlockSummary] {
        let blocks = try ledger.summaries(of: run, 0..<run.blocks)
        var total = BlockSummary()
        for block in blocks { total.add(block) }
        guard total == run.summary else { throw .damaged("run \(run.id) is not the sum of its blocks") }
        return blocks
    }

    /// A block's `TracesData`.
    func read(_ run: StoredRun, _ number: Int) throws(SpanStoreError) -> ReadBlock {
        try stored([BlockPlace(run: run, number: number)])[0].decompressed(decompressor)
    }

    /// Blocks as they are stored.
    func stored(_ places: [BlockPlace]) throws(SpanStoreError) -> [StoredBlock] { try ledger.blocks(places) }

    /// A block's reports alone.
    ///
    /// - Parameter block: what was read of it already.
    func reports(
        _ run: StoredRun, _ number: Int, read block: ReadBlock? = nil, withTerms: Bool = false
    ) throws(SpanStoreError) -> ReportSet {
        let id = run.partID(number)
        // Neighbours in a trace's order are in one block mostly.
        let isKept = block == nil && !withTerms
        if isKept, let known = recent.reports(ofBlock: id) { return known }
        var set = recent.origins
        let block = if let block { block } else { try read(run, number) }
        try block.add(to: &set, withTerms: withTerms)
        recent.keepOrigins(of: set)
        if isKept { recent.keep(set, ofBlock: id) }
        return set
    }

    /// The reports of some spans of a block, or all of them where the block was read lately.
    ///
    /// - Parameter spans: as `SpanColumns.hash` of their ids, and so of few others too.
    func reports(_ run: StoredRun, _ number: Int, only spans: [UInt32]) throws(SpanStoreError) -> ReportSet {
        try someReports(run, number, only: spans, ofTrace: nil)
    }

    /// The reports of a trace in a block, or all of them where the block was read lately.
    func reports(_ run: StoredRun, _ number: Int, ofTrace trace: TraceID) throws(SpanStoreError) -> ReportSet {
        try someReports(run, number, only: nil, ofTrace: trace)
    }

    private func someReports(
        _ run: StoredRun, _ number: Int, only spans: [UInt32]?, ofTrace trace: TraceID?
    ) throws(SpanStoreError) -> ReportSet {
        if let known = recent.reports(ofBlock: run.partID(number)) { return known }
        var set = recent.origins
        try read(run, number).add(to: &set, withTerms: false, only: spans, ofTrace: trace)
        return set
    }

    /// A block's reports, of which an index says that they have certain traces.
    ///
    /// - Throws: `corrupt` where none of them is there.
    func reports(
        _ run: StoredRun, _ number: Int, indexed isMeant: (TraceHash) -> Bool
    ) throws(SpanStoreError) -> ReportSet {
        let set = try reports(run, number)
        guard set.entries.contains(where: { isMeant(TraceHash($0.key)) }) else {
            throw .damaged("the index of traces of run \(run.id) is not true of its block \(number)")
        }
        return set
    }

    /// The most blocks that are read in one round trip, where all of a run are.
    private static let blocksAtOnce = 8

    /// Adds all reports of a run to a set.
    func readAll(_ run: StoredRun, into set: inout ReportSet, withTerms: Bool) throws(SpanStoreError) {
        let before = set.entries.count
        for first in stride(from: 0, to: run.blocks, by: Self.blocksAtOnce) {
            let numbers = first..<min(first + Self.blocksAtOnce, run.blocks)
            for block in try stored(numbers.map { BlockPlace(run: run, number: $0) }) {
                try block.decompressed(decompressor).add(to: &set, withTerms: withTerms)
            }
        }
        guard set.entries.count - before == run.summary.reports else {
            throw .damaged("run \(run.id) has other reports than its row says")
        }
    }

    // MARK: Columns

    /// The columns of a run, as far as it has some.
    func columns(of run: StoredRun) throws(SpanStoreError) -> [StoredColumns] {
        var all = try ledger.columns(of: run)
        for index in all.indices { all[index].summaries = try ledger.summaries(of: run, all[index].blocks) }
        return all
    }

    /// The columns that a block of a run has part in; `nil` for none.
    func columns(of run: StoredRun, withBlock number: Int) throws(SpanStoreError) -> StoredColumns? {
        guard var columns = try ledger.lastColumns(of: run, upToBlock: number) else { return nil }
        columns.summaries = try ledger.summaries(of: run, columns.blocks)
        return columns.blocks.contains(number) ? columns : nil
    }
}
