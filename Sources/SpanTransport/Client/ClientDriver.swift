import Logging
import Metrics
import NIOCore
import NIOPosix
import SpanCompression
import SpanModel
import SpanSession
import SpanSpool

/// Drives a client's `ClientSession`; lives on the client's event loop.
final class ClientDriver {
    private let state: SharedClientState
    private let configuration: SpanClientConfiguration
    private let spool: SpoolWorker?
    private let eventLoop: any EventLoop
    private let connector: ClientConnector
    private let metrics: ClientMetrics
    private let ended: () -> Void
    private var log: ClientLog
    private var session: ClientSession
    private var phase = ClientPhase.delivering
    private var link: ClientLink?
    /// The reason, as far as it is known, for which the connection is about to end.
    private var fault: String?
    private var ledger = LedgerPlaces()
    /// Whether a batch is being read from the spool.
    private var isReading = false
    private var timer = DeadlineTimer()

    /// Places in the order of all that the spool's ledger is told.
    private struct LedgerPlaces {
        /// The highest place that a frame has to wait for.
        var needed: UInt64 = 0
        /// The place up to which the ledger is written.
        var written: UInt64 = 0
    }

    /// - Parameters:
    ///   - token: shown until its file, if there is one, can be read again.
    ///   - spool: `nil` without a spool.
    ///   - ended: called on the event loop when the session has ended.
    init(
        _ configuration: SpanClientConfiguration, sender: SenderID, token: String, state: SharedClientState,
        spool: SpoolWorker?, eventLoop: any EventLoop, logger: Logger, ended: @escaping () -> Void
    ) {
        self.configuration = configuration
        self.state = state
        self.spool = spool
        self.eventLoop = eventLoop
        self.ended = ended
        log = ClientLog(logger: logger, hasSpool: spool != nil)
        connector = ClientConnector(configuration: configuration, token: token, logger: logger)
        metrics = ClientMetrics(configuration.metrics)
        var settings = ClientSettings(
            senderID: sender, agent: configuration.agent, bearerToken: configuration.bearerToken,
            timing: configuration.timing, backoff: configuration.backoff, compressions: configuration.compression,
            codec: SystemCompression(), firstConnection: ClientDriver.firstConnection(), seed: .random(in: 0 ... .max))
        settings.tellsNumbers = spool != nil
        session = ClientSession(settings: settings)
        state.withLock { [metrics] in
            $0.metrics = metrics
            $0.restore(&session)
        }
    }

    /// Where a client that starts now begins to number its connections: milliseconds since 1970-01-01T00:00:00Z times
    /// 2^16.
    private static func firstConnection() -> UInt64 { (WallClock.nowUnixNano() / 1_000_000) << 16 }

    private var isOver: Bool { phase == .over }

    /// Begins to connect.
    func start() {
        perform(session.start(now: .now()))
        pump()
    }

    /// Moves what is due from the queue to the session, and sleeps until something is.
    func pump() {
        guard !isOver else { return }
        let now = SessionInstant.now()
        while !isOver {
            let errand = ClientVisit.Errand(
                wantsBatch: session.wantsBatch, isReading: isReading, phase: phase, spares: session.takeSpares())
            switch state.withLock({ $0.visit(errand, now: now) }) {
            case .deliver(let dropped, let batch):
                tell(dropped, now: now)
                // A session that is over by now gives the batch back.
                if let batch { perform(session.send(batch, now: now)) }
            case .sayGoodbye(let dropped):
                phase = .saidGoodbye
                tell(dropped, now: now)
                if !isOver { perform(session.goodbye(now: now)) }
            case .rest(let rest): return pause(rest, now: now)
            }
        }
        // The session has ended meanwhile.
        metrics.record(state.withLock { $0.levels })
    }

    private func pause(_ rest: ClientVisit.Rest, now: SessionInstant) {
        if let read = rest.read { startReading(read) }
        let failures = log.spool(rest.news, now: now)
        if failures > 0 { metrics.spoolFailures.increment(by: failures) }
        if let job = rest.sync { sync(job) }
        flush()
        if let journal = rest.journal { spool?.write(journal) }
        metrics.record(rest.levels)
        rearm(rest.due)
    }

    /// Hands what was given up to the session, which tells the collector with the next batch, or with one that has no
    /// spans.
    private func tell(_ dropped: [DropCount], now: SessionInstant) {
        guard !dropped.isEmpty else { return }
        for drop in dropped { countDropped(DropReason(rawValue: drop.reason), drop.spans) }
        if !isOver { perform(session.reportDropped(dropped, now: now)) }
    }

    /// Hands over everything and says goodbye behind it.
    func finish() {
        guard phase == .delivering else { return }
        phase = .finishing
        state.withLock { _ = $0.flush() }
        pump()
    }

    /// Gives up what is not acknowledged, and ends.
    func abandon(_ reason: DropReason) {
        guard !isOver else { return }
        perform(session.abandon(reason, now: .now()))
    }

    // MARK: The spool

    /// Reads a batch on the spool's thread.
    private func startReading(_ read: SpoolRead) {
        isReading = true
        let driver = NIOLoopBound(self, eventLoop: eventLoop)
        spool?.read(read) { [eventLoop] result in
            eventLoop.execute { driver.value.finishReading(read, result) }
        }
    }

    private func finishReading(_ read: SpoolRead, _ result: Result<SpoolRead.Result, SpoolError>) {
        isReading = false
        // What is not taken over stays where it is.
        guard !isOver else { return }
        let now = SessionInstant.now()
        switch result {
        case .success(let result):
            if let batch = state.withLock({ $0.spool?.finish(result, now: now) }) {
                perform(session.send(batch, now: now))
            }
        case .failure(let error): state.withLock { $0.spool?.readFailed(read, error, now: now) }
        }
        pump()
    }

    /// The ledger is written up to that place, or it was tried.
    func spoolWrote(through place: UInt64) {
        ledger.written = max(ledger.written, place)
        while let frame = link?.nextHeld(through: ledger.written) { write(frame) }
        flush()
        pump()
    }

    /// Forces what is new to the disk, on a thread that may be kept waiting for it.
    private func sync(_ job: SpoolSyncJob) {
        let driver = NIOLoopBound(self, eventLoop: eventLoop)
        NIOThreadPool.singleton.submit { [state, eventLoop] _ in
            var failure: SpoolError?
            do throws(SpoolError) { try job.perform() } catch { failure = error }
            state.withLock { [failure] in $0.spool?.synced(job, failure, now: .now()) }
            eventLoop.execute { driver.value.pump() }
        }
    }

    // MARK: Events of the connection

    /// Bytes came on a connection.
    func received(_ buffer: ByteBuffer, on number: ClientConnectionID) {
        guard !isOver else { return }
        perform(session.received(buffer.readableBytesSpan, on: number, now: .now()))
        pump()
    }

    /// Something went wrong, and the connection is about to be closed for it.
    func failed(_ error: any Error, on number: ClientConnectionID, _ channel: any Channel) {
        // The first is the reason, what follows comes of it.
        guard link == nil || link?.number == number, fault == nil else { return }
        fault = connector.words(for: error, on: channel)
    }

    /// A connection is closed, or could not be opened.
    func closed(_ number: ClientConnectionID, reason: String? = nil) {
        if link?.number == number { link = nil }
        guard !isOver else { return }
        perform(session.connectionClosed(number, now: .now(), reason: reason ?? fault))
        pump()
    }

    private func connect(_ number: ClientConnectionID) {
        fault = nil
        let driver = NIOLoopBound(self, eventLoop: eventLoop)
        connector.connect(on: eventLoop) { channel in
            try channel.pipeline.syncOperations.addHandler(ClientConnection(driver: driver.value, number: number))
        }
        .whenComplete { result in
            switch result {
            case .success(let opening): driver.value.opened(number, opening)
            case .failure(let error):
                driver.value.closed(number, reason: driver.value.connector.words(for: error, on: nil))
            }
        }
    }

    private func opened(_ number: ClientConnectionID, _ opening: ClientConnector.Opening) {
        let channel = opening.channel
        guard !isOver, channel.isActive else {
            channel.close(promise: nil)
            return
        }
        let actions = session.connectionOpened(number, now: .now(), bearerToken: opening.bearerToken)
        // An attempt that was given up (the name took long to be found) may still succeed, beside a newer one.
        guard !actions.isEmpty else {
            channel.close(promise: nil)
            return
        }
        link = ClientLink(number: number, channel: channel)
        perform(actions)
        pump()
    }

    // MARK: Actions

    private func perform(_ actions: [ClientAction]) {
        for action in actions {
            switch action {
            case .connect(let number): connect(number)
            case .send(let frame): send(frame)
            case .close(let number): close(number)
            case .numbered(let batch): expect(state.withLock { $0.spool?.numbered(batch) })
            case .unnumbered(let sequence): expect(state.withLock { $0.spool?.unnumbered(sequence) })
            case .acknowledged(let sequence): state.withLock { $0.spool?.acknowledged(through: sequence) }
            case .welcomed(let welcome):
                state.withLock { $0.connectionFault = nil }
                log.connected(welcome)
            case .settled(let receipt): settle(receipt)
            case .partialSuccess(let partial): partialSuccess(partial)
            case .disconnected(let error):
                let reason = "\(error)".plainLine
                state.withLock { $0.connectionFault = reason }
                log.disconnected(reason)
            case .finished(let outcome): finished(outcome)
            }
        }
        // Not before all is done: a flush that fails closes the channel at once, which comes back here.
        if link?.takeFlushDue() == true { flush() }
    }

    /// Nothing that a number stands on goes out before the ledger has come to that place.
    private func expect(_ place: UInt64?) { ledger.needed = max(ledger.needed, place ?? 0) }

    /// Writes a frame, or keeps it until the ledger is written: a batch, and a goodbye, which stands behind the
    /// batches. The others say nothing of numbers, and a disk that takes its time is no reason to leave the collector
    /// without a sign of life.
    private func send(_ frame: OutgoingFrame) {
        guard frame.head.kind == .batch || frame.head.kind == .goodbye, ledger.needed > ledger.written
        else { return write(frame) }
        link?.hold(frame, until: ledger.needed)
    }

    private func write(_ frame: OutgoingFrame) {
        guard link != nil else { return }
        configuration.frameObserver?(frame)
        link?.write(frame)
    }

    /// Flushes what was written. A flush that fails closes the channel at once, which comes back to the link.
    private func flush() {
        let channel = link?.channel
        channel?.flush()
    }

    private func close(_ number: ClientConnectionID) {
        guard let closing = link, closing.number == number else { return }
        link = nil
        closing.channel.flush()
        closing.channel.close(promise: nil)
    }

    private func settle(_ receipt: BatchReceipt) {
        if let sentAt = receipt.sentAt {
            metrics.ack.recordNanoseconds(SessionInstant.now().nanoseconds - sentAt.nanoseconds)
        }
        configuration.receiptObserver?(receipt)
        let isKept = state.withLock { $0.settle(receipt) }
        if isKept { return }
        if let reason = receipt.dropReason {
            countDropped(reason, UInt64(receipt.spans))
        } else {
            metrics.stored.increment(by: receipt.spans)
        }
        state.resumeWaiters()
    }

    private func partialSuccess(_ partial: ExportPartialSuccess) {
        let rejected = state.withLock {
            $0.rejected(Int(clamping: partial.rejectedSpans), reason: partial.errorMessage)
        }
        if rejected > 0 { metrics.rejected.increment(by: rejected) }
        log.rejected(rejected, partial.errorMessage)
    }

    private func finished(_ outcome: ClientOutcome) {
        switch outcome {
        case .refused(let goAway):
            log.refused(goAway)
            for case .settled(let receipt) in session.abandon(.refused, now: .now()) { settle(receipt) }
            end(.refused)
        case .saidGoodbye, .abandoned: end(.shutdown)
        }
    }

    private func end(_ reason: DropReason) {
        guard !isOver else { return }
        phase = .over
        timer.cancel()
        let closing = link?.channel
        link = nil
        closing?.close(promise: nil)
        let (dropped, left) = state.withLock { state in (state.takeDropped(), state.end(reason)) }
        for drop in dropped { countDropped(DropReason(rawValue: drop.reason), drop.spans) }
        if left > 0 { countDropped(reason, UInt64(left)) }
        log.logDrops(now: .now())
        spool?.start()
        ended()
    }

    private func countDropped(_ reason: DropReason, _ spans: UInt64) {
        metrics.dropped(reason).increment(by: Int64(clamping: spans))
        log.dropped(reason, spans, now: .now())
    }

    // MARK: Time

    /// - Parameter due: when the driver has to come for the queue's sake; `nil` for not at all.
    private func rearm(_ due: SessionInstant?) {
        guard !isOver, let due = [session.nextDeadline, due].compactMap(\.self).min(), timer.isLate(for: due)
        else { return }
        let driver = NIOLoopBound(self, eventLoop: eventLoop)
        timer.set(for: due, on: eventLoop) { driver.value.timerFired() }
    }

    private func timerFired() {
        timer.fired()
        guard !isOver else { return }
        perform(session.timeout(now: .now()))
        pump()
    }
}
