import SpanModel
import SpanStorage

/// One change of a ledger, under way: it reads what is stored, and gathers what is stored with it or not at all.
package protocol LedgerExchange {
    // MARK: What is stored

    /// Returns a reading end for what is stored, with what this exchange has changed.
    func view() throws(SpanStoreError) -> any BlockLedger

    /// A number that is another one in a later exchange once somebody else has written.
    func version() throws(SpanStoreError) -> Int64

    /// Some senders, without their presence; those that are not known are left out.
    func senders(_ ids: Set<SenderID>) throws(SpanStoreError) -> [SenderID: SenderSummary]

    /// The deleted traces; those whose deletion was forgotten lately may be among them.
    ///
    /// - Returns: also what is wrong with those that cannot be read, which are left out; once.
    func deletedTraces() throws(SpanStoreError) -> (traces: Set<TraceID>, damage: SpanStoreError?)

    /// Returns `true` where no run was merged or removed since, and no run of whole spans was added. What was appended is
    /// settled, if the store has nothing else of it, or loose, and then still to be merged.
    func isUnchanged(since seen: SeenRuns) throws(SpanStoreError) -> Bool

    /// Returns `true` where each of some runs is there and has an index of traces of its own.
    func haveOwnIndexes(_ runs: [Int64]) throws(SpanStoreError) -> Bool

    // MARK: Changes

    /// Adds a run.
    func insert(_ run: NewRun) throws(SpanStoreError)

    /// Removes runs with all their parts, and segments of which no run is left.
    func remove(_ runs: [Int64]) throws(SpanStoreError)

    /// Puts a segment in the place of its runs' own indexes.
    func insert(_ segment: NewTraceSegment) throws(SpanStoreError)

    /// Stores all that is known of a sender but for its presence.
    func store(_ sender: SenderSummary) throws(SpanStoreError)

    /// Remembers that a trace was deleted, or makes its deletion as young as this one.
    func noteDeletion(of trace: TraceID, nowUnixNano: UInt64) throws(SpanStoreError)

    /// Forgets deletions that are older.
    func forgetDeletions(before earliest: UInt64) throws(SpanStoreError)

    /// Notes who came and went; see `SpanStore.note`.
    ///
    /// - Returns: whether the collector was known.
    func note(_ changes: [SenderChange], by lease: CollectorLease) throws(SpanStoreError) -> Bool

    /// Forgets a collector; whoever was connected to it is gone.
    func endLease(of collector: CollectorID) throws(SpanStoreError)
}
