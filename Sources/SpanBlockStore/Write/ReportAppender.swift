import SpanBlocks
import SpanModel
import SpanStorage

/// Stores groups of incoming batches as runs, and knows what it stored lately; used by whoever owns the ledger's writer.
package final class ReportAppender {
    private let writer: any LedgerWriter
    private let limits: RunLimits
    private let maxKnownReports: Int
    private var known: KnownReports
    private var stored: StoredSpans
    private var builder = RunBuilder(level: 1)
    /// The version of the ledger that was seen last: another one means that others have written.
    private var version: Int64?
    /// Takes what is wrong with what is stored, where reports are stored all the same.
    private let damaged: (SpanStoreError) -> Void

    /// Makes an appender that knows no report.
    ///
    /// - Parameters:
    ///   - limits: of runs.
    ///   - knownReports: about how many reports are known, to tell copies by.
    ///   - knownSpansBytes: about how much memory the filters may take that tell the first report of a span from others.
    ///   - damaged: takes what hampers appending and keeps it from nothing.
    package init(
        _ writer: any LedgerWriter, limits: RunLimits, knownReports: Int, knownSpansBytes: Int,
        orNote damaged: @escaping (SpanStoreError) -> Void
    ) {
        self.writer = writer
        self.limits = limits
        maxKnownReports = knownReports
        known = KnownReports(limit: knownReports)
        stored = StoredSpans(maxBytes: knownSpansBytes)
        self.damaged = damaged
    }

    /// Stores a group, in one exchange.
    ///
    /// - Parameter nowUnixNano: the time at which it is stored.
    /// - Returns: what became of the group, and how many runs are not merged yet that could be.
    /// - Throws: what keeps the group from being stored; nothing of it is then.
    package func append(
        _ group: [IncomingBatch], nowUnixNano: UInt64
    ) throws(SpanStoreError) -> (result: AppendResult, unmerged: Int) {
        let (result, hashes) = try writer.persist { exchange throws(SpanStoreError) in
            try noteOtherWriters(exchange)
            var result = AppendResult()
            var incoming = IncomingRuns(nowUnixNano: nowUnixNano)
            let senders = try take(group, exchange, &incoming, &result)
            if !stored.isLoaded {
                try stored.load(try exchange.view(), nowUnixNano: nowUnixNano)
                if let damage = stored.damage { damaged(damage) }
            }
            for run in incoming.runs(known, stored, &builder, limits) { try exchange.insert(run) }
            for summary in senders { try exchange.store(summary) }
            return (result, incoming.hashes)
        }
        // Not before they are stored.
        for report in hashes { known.insert(key: report.key, content: report.content) }
        stored.insert(hashes, nowUnixNano: nowUnixNano)
        // The group is stored, whatever became of the question.
        let appended = (try? writer.appendedRuns()) ?? []
        // Fewer of one hour and kind wait for others, however many hours there are.
        return (result, appended.reduce(0) { $0 + max($1 - (RunLimits.fanIn - 1), 0) })
    }

    /// Forgets which reports were stored: what was removed is stored again when it comes again.
    package func forgetReports() { known = KnownReports(limit: maxKnownReports) }

    /// Forgets what is known where others have written: their reports are not among the known ones, and those may be removed.
    private func noteOtherWriters(_ exchange: any LedgerExchange) throws(SpanStoreError) {
        let version = try exchange.version()
        defer { self.version = version }
        guard let before = self.version, version != before else { return }
        stored.noteOthers()
        forgetReports()
    }

    /// Takes those batches into account that are not stored already.
    ///
    /// - Returns: what becomes of their senders.
    private func take(
        _ group: [IncomingBatch], _ exchange: any LedgerExchange, _ incoming: inout IncomingRuns,
        _ result: inout AppendResult
    ) throws(SpanStoreError) -> [SenderSummary] {
        let (deleted, damage) = try exchange.deletedTraces()
        if let damage { damaged(damage) }
        let stored = try exchange.senders(Set(group.map(\.sender)))
        var senders: [SenderID: SenderSummary] = [:]
        for batch in group {
            var taken = senders[batch.sender] ?? stored[batch.sender] ?? SenderSummary(sender: batch.sender)
            guard taken.take(batch) else {
                result.skippedBatches += 1
                continue
            }
            let counts = try incoming.add(batch, leavingOut: deleted)
            taken.takeRunning(incoming.runningSources)
            taken.take(counts)
            senders[batch.sender] = taken
            result += counts
        }
        return Array(senders.values)
    }
}
