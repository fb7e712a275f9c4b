import SpanBlocks
import SpanModel
import SpanStorage

/// A keeper of runs of blocks with what finds them, of senders, leases and deletions, as a reader sees it: values by
/// number, in a file, in a database or in memory.
///
/// A ledger knows nothing of spans. Each call is one round trip and gives many rows where many are asked for, so that it does
/// not matter that the engine does not know which ledger it has. Whoever owns a ledger uses it from one thread at a time.
///
/// All calls throw `corrupt` for what is missing or cannot be read, with the place in words and never a value.
package protocol BlockLedger: AnyObject {
    // MARK: Views

    /// Runs `body` in one view of the store, whatever others write meanwhile.
    func inOneView<Result>(_ body: () throws(SpanStoreError) -> Result) throws(SpanStoreError) -> Result

    /// A number that stands still within a view, and is another one in a later view once somebody else has written.
    func version() throws(SpanStoreError) -> Int64

    // MARK: Runs and segments

    /// All runs, by id.
    ///
    /// - Parameter damaged: takes what is wrong with a run that cannot be read, which is left out; `nil`: that is thrown.
    func runs(orNote damaged: ((SpanStoreError) -> Void)?) throws(SpanStoreError) -> [StoredRun]

    /// All segments, by id; which of their runs there are is not looked at.
    ///
    /// - Parameter damaged: takes what is wrong with a segment that cannot be read, which is left out; `nil`: that is thrown.
    func segments(orNote damaged: ((SpanStoreError) -> Void)?) throws(SpanStoreError) -> [TraceSegment]

    /// Returns `true` where spans of a run are counted by service.
    func hasServices(of run: StoredRun) throws(SpanStoreError) -> Bool

    /// Calls `body` with each run's spans by service.
    ///
    /// - Parameter runs: all there are.
    /// - Throws: `corrupt` where not each span of each settled run is counted once.
    func forEachService(
        of runs: [StoredRun], _ body: (_ run: Int64, ServiceSummary) -> Void
    ) throws(SpanStoreError)

    // MARK: Blocks and columns

    /// Returns the summaries of blocks of a run that lie one behind the other.
    func summaries(of run: StoredRun, _ numbers: Range<Int>) throws(SpanStoreError) -> [BlockSummary]

    /// Blocks as they are stored, in the order in which they are asked for.
    func blocks(_ places: [BlockPlace]) throws(SpanStoreError) -> [StoredBlock]

    /// The columns of a run, as far as it has some, in the order of their blocks; without the summaries of those.
    func columns(of run: StoredRun) throws(SpanStoreError) -> [StoredColumns]

    /// The columns that begin last of those that begin with a block or before it; without the summaries of their blocks.
    func lastColumns(of run: StoredRun, upToBlock number: Int) throws(SpanStoreError) -> StoredColumns?

    // MARK: Search filters

    /// Returns `true` where a run's search index has the size that it should. With another, terms would be looked for in wrong
    /// slices.
    func hasWholeTermIndex(of run: StoredRun) throws(SpanStoreError) -> Bool

    /// Calls `body` with slices of a run's search index, one after the other.
    ///
    /// - Parameter body: returns `false` when it needs no more.
    func forEachTermSlice(
        of run: StoredRun, _ slices: Set<Int>, _ body: (_ slice: [UInt8]) -> Bool
    ) throws(SpanStoreError)

    /// The whole search index of a run.
    func termIndex(of run: StoredRun) throws(SpanStoreError) -> [UInt8]

    // MARK: Indexes of traces

    /// Looks whether a run's own index has as many chunks as it should.
    func checkChunkCount(of run: StoredRun) throws(SpanStoreError)

    /// Looks whether a segment's index has as many chunks as it should.
    func checkChunkCount(of segment: TraceSegment) throws(SpanStoreError)

    /// A chunk of a run's own index, of which all can be there.
    func traceChunk(of run: StoredRun, _ number: Int) throws(SpanStoreError) -> RunTraceChunk

    /// A chunk of a segment's index, of which all can be there.
    func traceChunk(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> SegmentTraceChunk

    /// Returns the number of entries of all indexes: a trace has one for each block that it has spans in.
    func traceEntries() throws(SpanStoreError) -> Int

    /// Calls `body` with the traces of each chunk of all indexes that were stored since a place.
    ///
    /// - Returns: the place behind the last chunk.
    func forEachTraceChunk(
        since place: TraceIndexPlace, _ body: ([TraceHash]) -> Void
    ) throws(SpanStoreError) -> TraceIndexPlace

    // MARK: Checks

    /// Looks whether all blocks are of runs that there are.
    ///
    /// - Parameters:
    ///   - runs: all there are, by id.
    ///   - withParts: whether filters, indexes and columns are looked at, too.
    func checkBlocks(areOf runs: [StoredRun], withParts: Bool) throws(SpanStoreError)

    /// The bytes that a run's blocks, filters, columns and own index take.
    func bytes(of run: StoredRun) throws(SpanStoreError) -> Int

    /// Returns the faults in how things are kept, besides what is in runs: a sentence each.
    ///
    /// - Parameters:
    ///   - runs: those that can be read.
    ///   - segments: likewise.
    func faults(_ runs: [StoredRun], _ segments: [TraceSegment]) -> [String]

    // MARK: Senders

    /// The highest sequence that is stored of a sender; 0 if none.
    func storedSequence(of sender: SenderID) throws(SpanStoreError) -> UInt64

    /// All senders by id.
    ///
    /// - Parameter nowUnixNano: by which leases of collectors hold.
    func senders(nowUnixNano: UInt64) throws(SpanStoreError) -> [SenderSummary]
}
