import SpanStorage

/// The outcome of a merge, to be stored in one exchange.
package enum MergeStep: Sendable {
    /// Runs in the place of others.
    case replace(_ ids: [Int64], by: [NewRun], SeenRuns)
    /// An index of traces in the place of those of several runs.
    case segment(NewTraceSegment)

    /// Stores the step, where what it was made from is still there; else nothing, for the next one begins anew.
    ///
    /// - Returns: whether it was stored.
    @discardableResult
    package func store(_ writer: any LedgerWriter) throws(SpanStoreError) -> Bool {
        let isStored = try writer.exchange { exchange throws(SpanStoreError) in
            switch self {
            case .replace(let ids, by: let runs, let seen):
                guard try exchange.isUnchanged(since: seen) else { return false }
                try exchange.remove(ids)
                for run in runs { try exchange.insert(run) }
            case .segment(let segment):
                guard try exchange.haveOwnIndexes(segment.runs) else { return false }
                try exchange.insert(segment)
            }
            return true
        }
        return isStored ?? false
    }
}
