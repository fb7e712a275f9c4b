import SpanModel
import SpanSession
import SpanSpool

// Between the callers and the driver.
extension ClientState {
    /// The driver has come.
    ///
    /// - Returns: what it has to do before it comes again. It goes only with `rest`, so that whatever is offered up to
    ///   then is seen, and whatever is offered later knows whether a batch is welcome.
    mutating func visit(_ errand: ClientVisit.Errand, now: SessionInstant) -> ClientVisit {
        if !errand.spares.isEmpty { queue.recycle(errand.spares) }
        if !isOver { driver = .coming }
        let dropped = takeDropped()
        let isFinishing = errand.phase != .delivering
        if errand.wantsBatch || isFinishing, let batch = queue.nextBatch(now: now) { return .deliver(dropped, batch) }
        // What is found to be lost on the way there goes before the goodbye.
        if errand.phase == .finishing, isDrained { return .sayGoodbye(dropped) }
        if !dropped.isEmpty { return .deliver(dropped, nil) }
        return .rest(rest(errand, now: now))
    }

    private mutating func rest(_ errand: ClientVisit.Errand, now: SessionInstant) -> ClientVisit.Rest {
        var rest = ClientVisit.Rest()
        if errand.wantsBatch, !errand.isReading { rest.read = spool?.nextRead(now: now) }
        rest.news = takeSpoolNews()
        rest.sync = spool?.nextSync(now: now)
        rest.journal = spool?.takeWork() ?? nil
        rest.levels = levels
        let isReading = errand.isReading || rest.read != nil
        let appetite: DriverPlan.Appetite = !errand.wantsBatch ? .nothing : isReading ? .queued : .anything
        let batchDue = errand.wantsBatch ? batchDeadline(appetite) : nil
        let syncDue = syncDeadline
        if !isOver {
            driver = .away(DriverPlan.Pause(appetite: appetite, batchDue: batchDue, isSyncArmed: syncDue != nil))
        }
        rest.due = [batchDue, syncDue].compactMap(\.self).min()
        return rest
    }

    /// Whether there is something for the driver to do that it does not come for by itself; it counts as woken then.
    mutating func needsDriver() -> Bool {
        guard case .away(let pause) = driver else { return false }
        let needsSpoolCare = needsSpoolCare(pause)
        guard needsSpoolCare || pause.appetite != .nothing else { return false }
        if !needsSpoolCare, !hasClosedBatch(pause.appetite) {
            if let due = batchDeadline(pause.appetite) {
                if let known = pause.batchDue, known <= due { return false }
            } else if !hasDropsAlone {
                return false
            }
        }
        driver = .coming
        return true
    }

    /// Whether spans were given up, and nothing is on its way that their count could go with.
    private var hasDropsAlone: Bool {
        guard queue.hasDropped || look({ $0.hasDropped }) ?? false else { return false }
        return queue.queuedSpans == 0 && look { $0.heldSpans == 0 } ?? true
    }

    /// Whether the driver should come for the spool's sake though no batch is wanted.
    private func needsSpoolCare(_ pause: DriverPlan.Pause) -> Bool {
        guard spool != nil else { return false }
        return news.failure != nil || news.recoveredAfterSpans != nil || !pause.isSyncArmed && syncDeadline != nil
    }

    /// Whether a batch is complete that would be taken.
    private func hasClosedBatch(_ appetite: DriverPlan.Appetite) -> Bool {
        queue.hasClosedBatch || appetite == .anything && look { $0.hasClosedBatch } ?? false
    }

    /// The moment at which a batch that would be taken is due by its delay. Asked for with every span, so nothing is
    /// allocated.
    private func batchDeadline(_ appetite: DriverPlan.Appetite) -> SessionInstant? {
        guard appetite == .anything, let ofSpool = look({ $0.nextDeadline }) ?? nil else { return queue.nextDeadline }
        guard let ofQueue = queue.nextDeadline else { return ofSpool }
        return min(ofQueue, ofSpool)
    }
}
