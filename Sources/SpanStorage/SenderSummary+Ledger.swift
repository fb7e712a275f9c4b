import SpanModel

extension SenderSummary {
    /// How many reasons are kept for one sender; further ones are counted as `other`.
    package static let maxDropReasons = 32

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
        rejectedReports &+= UInt64(clamping: batch.rejectedReports)
        for count in batch.dropped where count.spans > 0 { add(count) }
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

    /// Takes into account that the sender came or went.
    package mutating func take(_ change: SenderChange) {
        if !change.agent.isEmpty { agent = change.agent }
        presence = change.presence
        lastSeenUnixNano = max(lastSeenUnixNano, change.atUnixNano)
    }

    private mutating func add(_ count: DropCount) {
        if let known = dropped.firstIndex(where: { $0.reason.utf8.elementsEqual(count.reason.utf8) }) {
            let (sum, overflow) = dropped[known].spans.addingReportingOverflow(count.spans)
            dropped[known].spans = overflow ? .max : sum
        } else if dropped.count < Self.maxDropReasons || count.reason == "other" {
            dropped.append(DropCount(reason: count.reason, spans: count.spans))
            dropped.sort { $0.reason.utf8.lexicographicallyPrecedes($1.reason.utf8) }
        } else {
            add(DropCount(reason: "other", spans: count.spans))
        }
    }
}
