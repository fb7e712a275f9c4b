import ProtoWire
import SpanModel

extension SenderSummary {
    /// Takes a batch into account if it is to be merged.
    ///
    /// - Returns: `false` when its sequence is stored already; nothing has changed then.
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

    /// How many sources of running spans are kept apart for one sender.
    package static let maxRunningSources = 256

    /// Takes into account whose spans were running in a batch that was taken.
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

    /// Takes into account what a change tells of the sender, besides whether it is there.
    package mutating func take(_ change: SenderChange) {
        if !change.agent.isEmpty { agent = change.agent }
        lastSeenUnixNano = max(lastSeenUnixNano, change.atUnixNano)
    }

    /// Takes into account what became of a batch's reports. Counts stay at 2^64 - 1 rather than wrap.
    package mutating func take(_ counts: AppendResult) {
        storedReports = storedReports.saturatingSum(UInt64(clamping: counts.storedReports))
        rejectedReports = rejectedReports.saturatingSum(UInt64(clamping: counts.rejectedReports))
    }
}

extension UInt64 {
    /// The sum, or 2^64 - 1 where it would be more.
    package func saturatingSum(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
