import ProtoWire
import SpanModel

extension SenderSummary {
    /// Records a batch that is about to be merged: sequence, agent, time, drops and rejected reports.
    ///
    /// - Returns: `false` when the batch's sequence is stored already; nothing is changed then, and the batch is to be
    ///   skipped.
    package mutating func take(_ batch: IncomingBatch) -> Bool {
        if batch.sequence > 0 && batch.sender.isValid {
            guard batch.sequence > storedSequence else { return false }
            storedSequence = batch.sequence
        }
        if !batch.agent.isEmpty { agent = batch.agent }
        lastSeenUnixNano = max(lastSeenUnixNano, batch.receivedAtUnixNano)
        rejectedReports = rejectedReports.saturatingSum(UInt64(clamping: batch.rejectedReports))
        for count in batch.dropped { dropped.count(count.spans, under: count.reason) }
        guard !batch.dropped.isEmpty else { return true }
        dropped.sort { $0.reason.byteOrder(to: $1.reason) < 0 }
        return true
    }

    /// Greatest number of sources of running spans that are kept apart for one sender.
    package static let maxRunningSources = 256

    /// Records the sources of running spans of a batch; those beyond `maxRunningSources` set `hasMoreRunningSources`.
    package mutating func takeRunning(_ sources: [SpanSource]) {
        for source in sources where !runningSources.contains(source) {
            if runningSources.count < Self.maxRunningSources {
                runningSources.append(source)
                runningSources.sort()
            } else {
                hasMoreRunningSources = true
            }
        }
    }

    /// Records the agent and the time of a change; presence is kept elsewhere.
    package mutating func take(_ change: SenderChange) {
        if !change.agent.isEmpty { agent = change.agent }
        lastSeenUnixNano = max(lastSeenUnixNano, change.atUnixNano)
    }

    /// Records the outcome of merging a batch's reports. Counts stay at 2^64 - 1 instead of overflowing.
    package mutating func take(_ counts: AppendResult) {
        storedReports = storedReports.saturatingSum(UInt64(clamping: counts.storedReports))
        rejectedReports = rejectedReports.saturatingSum(UInt64(clamping: counts.rejectedReports))
    }
}

extension UInt64 {
    /// Returns the sum, or 2^64 - 1 when it would overflow.
    package func saturatingSum(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
