import ProtoWire
import SpanModel
import SpanSession
import SpanSpool

// The spool beside the queue.
extension ClientState {
    /// Looks at the spool in place; `nil` without one.
    func look<Answer>(_ body: (borrowing SpanSpool) -> Answer) -> Answer? {
        switch spool {
        case .some(let spool): body(spool)
        case .none: nil
        }
    }

    /// The time for which a spool that failed is left alone.
    private static let spoolPause = Duration.seconds(1)

    /// Offers an encoded span to the spool.
    ///
    /// - Returns: `nil` when the spool fails: then the queue is the place.
    mutating func offerToSpool(
        _ span: borrowing WireWriter, _ origin: EncodedOrigin, countsFull: Bool, now: SessionInstant
    ) -> SpanOffer? {
        // Nobody waits for room that no collector will make.
        let countsFull = countsFull || isOver
        var failedSpans: Int?
        if case .failing(let again, let spansPast) = spoolHealth {
            guard now >= again else {
                spoolHealth = .failing(again: again, spansPast: spansPast + 1)
                return nil
            }
            failedSpans = spansPast
        }
        do throws(SpoolError) {
            let outcome = try Self.append(
                span, to: &spool, origin, waits: !countsFull, &recordWriter, now)
            if let failedSpans {
                news.recoveredAfterSpans = failedSpans
                spoolHealth = .works
            }
            switch outcome {
            case .taken: return .taken
            case .tooLarge: return .dropped
            case .full:
                isFull = true
                if countsFull { spool?.dropForRoom() }
                return countsFull ? .dropped : .full
            }
        } catch {
            news.failure = error
            if failedSpans == nil {
                news.isFirstFailure = true
                news.recoveredAfterSpans = nil
            }
            spoolHealth = .failing(again: now.advanced(by: Self.spoolPause), spansPast: (failedSpans ?? 0) + 1)
            return nil
        }
    }

    /// Apart, so that the compiler sees three properties and not the whole of `self` several times.
    private static func append(
        _ writer: borrowing WireWriter, to spool: inout SpanSpool?, _ origin: EncodedOrigin, waits: Bool,
        _ recordWriter: inout WireAppender, _ now: SessionInstant
    ) throws(SpoolError) -> SpanSpool.Outcome {
        try spool?.append(writer.bytes, origin: origin, waits: waits, writer: &recordWriter, now: now) ?? .full
    }

    /// Hands what an earlier process left to the session.
    mutating func restore(_ session: inout ClientSession) {
        guard let left = spool?.takeRestored(), let highest = look({ $0.highestSequence }) else { return }
        session.restore(left.batches, highestSequence: highest, dropped: left.dropped)
    }

    /// Takes out what the driver has to log of the spool.
    mutating func takeSpoolNews() -> SpoolNews {
        defer { news = SpoolNews() }
        news.problem = spool?.takeProblem()
        return news
    }

    /// The moment at which the spool is to be synced; `nil` for not at all.
    var syncDeadline: SessionInstant? { look { $0.syncDeadline } ?? nil }

    /// Whether the session has all there is.
    var isDrained: Bool { look { $0.isDrained } ?? true }

    /// Makes everything due.
    ///
    /// - Returns: for `isSettled`.
    mutating func flush() -> (queue: UInt64, spool: Int) { (queue.flush(), spool?.flush() ?? 0) }

    /// Whether everything is settled that `flush` made due.
    func isSettled(through flushed: (queue: UInt64, spool: Int)) -> Bool {
        queue.isSettled(through: flushed.queue) && look { $0.isSettled(through: flushed.spool) } ?? true
    }

    /// Counts spans that the collector refused, though it acknowledged them.
    ///
    /// - Returns: how many were counted.
    mutating func rejected(_ spans: Int, reason: String) -> Int {
        let ofSpool = spool?.rejected(spans) ?? 0
        return queue.rejected(spans, reason: reason, elsewhere: ofSpool)
    }

    /// The fate of everything so far. Spans in the spool are pending until the spool is closed.
    var report: DeliveryReport {
        var report = queue.report
        var ofSpool = closedSpoolReport
        if let open = look({ $0.report }) {
            ofSpool = open
            ofSpool.pendingSpans = open.spooledSpans
            ofSpool.spooledSpans = 0
        }
        report.storedSpans += ofSpool.storedSpans
        report.pendingSpans += ofSpool.pendingSpans
        report.spooledSpans = ofSpool.spooledSpans
        report.recoveredSpans = ofSpool.recoveredSpans
        report.spansWithoutResource = ofSpool.spansWithoutResource
        report.uncountedLosses = ofSpool.uncountedLosses
        for count in ofSpool.dropped {
            if let index = report.dropped.firstIndex(where: { $0.reason == count.reason }) {
                report.dropped[index].spans += count.spans
            } else {
                report.dropped.append(count)
            }
        }
        return report
    }

    /// The levels of queue and spool, for the gauges.
    var levels: ClientMetrics.Levels {
        ClientMetrics.Levels(
            queuedSpans: queue.queuedSpans, queuedBytes: queue.queuedBytes, spooledSpans: look { $0.heldSpans } ?? 0,
            spooledBytes: look { $0.diskBytes } ?? 0, spansWithoutResource: look { $0.spansWithoutOrigin } ?? 0,
            uncountedLosses: look { $0.uncountedLosses } ?? 0)
    }

    /// The spool's report when it was closed.
    private var closedSpoolReport: DeliveryReport {
        switch spoolEnd {
        case .ahead: DeliveryReport()
        case .closed(let report), .released(let report): report
        }
    }

    /// Whether the spool's directory was not given free yet.
    var hasOpenSpool: Bool { if case .closed = spoolEnd { true } else { spool != nil } }

    /// Ends the spool.
    ///
    /// - Returns: what is still to be written and then to be released, so that the next client can have the directory.
    mutating func closeSpool() -> SpoolJournal? {
        guard spool != nil else { return nil }
        spool?.close()
        if let report = look({ $0.report }) { spoolEnd = .closed(report) }
        let journal = look { $0.journal }
        spool = nil
        return journal
    }

    /// Another client may have the spool's directory.
    mutating func spoolIsReleased() {
        if case .closed(let report) = spoolEnd { spoolEnd = .released(report) }
    }
}
