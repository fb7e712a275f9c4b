import Logging
import Metrics
import NIOCore
import NIOPosix
import SpanCompression
import SpanModel
import SpanSession
import SpanSpool
import Synchronization

/// Drives a client's `ClientSession`; lives on the client's event loop.
final class ClientDriver {
    private let client: SpanClient
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let connector: ClientConnector
    /// What is known of the end of the connection that is about to end.
    private var fault: String?
    private var session: ClientSession
    private var channel: (any Channel)?
    private var buffers = FrameBuffers()
    /// A large frame was written.
    private var isFlushDue = false
    /// Frames that wait until the spool's ledger has what they need, in order, with the place up to which it must be written.
    private var waitingFrames = Fifo<(frame: OutgoingFrame, place: UInt64)>()
    /// The highest place that a frame has to wait for, and the one up to which the ledger is written.
    private var neededPlace: UInt64 = 0
    private var writtenPlace: UInt64 = 0
    /// A batch is being read from the spool.
    private var isReading = false
    private var connection: ConnectionNumber?
    private var timer: Scheduled<Void>?
    private var timerDeadline = SessionInstant(nanoseconds: .max)
    private var isFinishing = false
    private var hasSaidGoodbye = false
    private var isOver = false
    /// Why there is no connection, as far as it was logged: not for every attempt.
    private var loggedReasons: Set<String> = []
    private let reasonGate = LogGate()
    private var hasConnected = false
    private var spoolFailureLog = SpoolFailureLog()
    private var lastDropLog = SessionInstant(nanoseconds: 0)
    private var unloggedDrops: [DropReason: UInt64] = [:]
    private var unloggedRejections = 0
    private let partialGate = LogGate()
    private var lastProblemLog: SessionInstant?
    private let metrics: ClientMetrics

    /// How often dropped spans are logged at the most.
    private static let dropLogInterval = Duration.seconds(10)

    init(client: SpanClient, eventLoop: any EventLoop, logger: Logger) {
        self.client = client
        self.eventLoop = eventLoop
        self.logger = logger
        let configuration = client.configuration
        connector = ClientConnector(configuration: configuration, token: client.firstToken, logger: logger)
        metrics = ClientMetrics(configuration.metrics)
        var settings = ClientSettings(
            senderID: client.senderID, agent: configuration.agent, bearerToken: configuration.bearerToken,
            timing: configuration.timing, backoff: configuration.backoff, compressions: configuration.compression,
            codec: SystemCompression(), firstConnection: SpanClient.firstConnection(), seed: .random(in: 0 ... .max))
        settings.tellsNumbers = configuration.spool != nil
        session = ClientSession(settings: settings)
        client.state.withLock { [metrics] in
            $0.metrics = metrics
            $0.restore(&session)
        }
    }

    func start() {
        perform(session.start(now: .now()))
        pump()
    }

    /// Moves what is due from the queue to the session, and sleeps until something is.
    func pump() {
        guard !isOver else { return }
        let now = SessionInstant.now()
        tellDropped(
            client.state.withLock { state in
                state.driverCame()
                return state.takeDropped()
            }, now: now)
        while !isOver, session.wantsBatch || isFinishing {
            guard let batch = client.state.withLock({ $0.queue.nextBatch(now: now) }) else { break }
            perform(session.send(batch, now: now))
        }
        pumpSpool(now: now)
        if isFinishing, !hasSaidGoodbye { sayGoodbye(now: now) }
        channel?.flush()
        client.startSpoolWork()
        metrics.record(client.state.withLock { $0.levels })
        rearm()
    }

    /// Hands what was given up to the session, which tells the collector with the next batch, or with one that has no spans.
    private func tellDropped(_ dropped: [DropCount], now: SessionInstant) {
        guard !dropped.isEmpty else { return }
        for drop in dropped { countDropped(DropReason(rawValue: drop.reason), drop.spans) }
        if !isOver { perform(session.reportDropped(dropped, now: now)) }
    }

    /// Says goodbye once everything is in the session's hands; what was found to be lost on the way there goes before it.
    private func sayGoodbye(now: SessionInstant) {
        let dropped = client.state.withLock { state in state.isDrained ? state.takeDropped() : nil }
        guard let dropped else { return }
        hasSaidGoodbye = true
        tellDropped(dropped, now: now)
        if !isOver { perform(session.goodbye(now: now)) }
    }

    /// Hands over everything and says goodbye behind it.
    func finish() {
        guard !isOver, !isFinishing else { return }
        isFinishing = true
        client.state.withLock { _ = $0.flush() }
        pump()
    }

    func abandon(_ reason: DropReason) {
        guard !isOver else { return }
        perform(session.abandon(reason, now: .now()))
    }

    // MARK: The spool

    private func pumpSpool(now: SessionInstant) {
        guard client.configuration.spool != nil else { return }
        startReading(now: now)
        logSpool(client.state.withLock { $0.takeSpoolNews() }, now: now)
        syncSpool(now: now)
    }

    /// Reads the next batch, if the session wants one, on the spool's thread.
    private func startReading(now: SessionInstant) {
        guard !isOver, !isReading, session.wantsBatch, let thread = client.spoolThread,
            let read = client.state.withLock({ $0.spool?.nextRead(now: now) })
        else { return }
        isReading = true
        let driver = NIOLoopBound(self, eventLoop: eventLoop)
        thread.submit { [eventLoop] in
            let result: Result<SpoolRead.Result, SpoolError>
            do throws(SpoolError) { result = .success(try read.perform()) } catch { result = .failure(error) }
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
            if let batch = client.state.withLock({ $0.spool?.finish(result, now: now) }) {
                perform(session.send(batch, now: now))
            }
        case .failure(let error): client.state.withLock { $0.spool?.readFailed(read, error, now: now) }
        }
        pump()
    }

    /// The ledger is written up to that place, or it was tried.
    func spoolWrote(through place: UInt64) {
        writtenPlace = max(writtenPlace, place)
        while let first = waitingFrames.first, first.place <= writtenPlace {
            _ = waitingFrames.popFirst()
            write(first.frame)
        }
        channel?.flush()
        pump()
    }

    /// Forces what is new to the disk, on a thread that may be kept waiting for it.
    private func syncSpool(now: SessionInstant) {
        guard let job = client.state.withLock({ $0.spool?.nextSync(now: now) }) else { return }
        let driver = NIOLoopBound(self, eventLoop: eventLoop)
        NIOThreadPool.singleton.submit { [client, eventLoop] _ in
            var failure: SpoolError?
            do throws(SpoolError) { try job.perform() } catch { failure = error }
            client.state.withLock { [failure] in $0.spool?.synced(job, failure, now: .now()) }
            eventLoop.execute { driver.value.pump() }
        }
    }

    private func logSpool(_ news: ClientState.SpoolNews, now: SessionInstant) {
        if let failure = news.failure {
            if news.isFirstFailure { metrics.spoolFailures.increment() }
            if spoolFailureLog.failed() {
                logger.error(
                    "the spool cannot be written; spans are kept in memory until it can",
                    metadata: ["reason": "\(failure)"])
            }
        }
        if let spans = news.recoveredAfterSpans, spoolFailureLog.recovered() {
            logger.notice("the spool is written again", metadata: ["spansInMemory": "\(spans)"])
        }
        guard let problem = news.problem else { return }
        metrics.spoolFailures.increment()
        if let lastProblemLog, now.elapsed(since: lastProblemLog) < Self.dropLogInterval { return }
        lastProblemLog = now
        logger.error("the spool has a problem; it is tried again", metadata: ["reason": "\(problem)"])
    }

    // MARK: Events of the connection

    func received(_ buffer: ByteBuffer, on number: ConnectionNumber) {
        guard !isOver else { return }
        perform(session.received(buffer.readableBytesSpan, on: number, now: .now()))
        let spares = session.takeSpares()
        if !spares.isEmpty { client.state.withLock { $0.queue.recycle(spares) } }
        pump()
    }

    /// Something went wrong, and the connection is about to be closed for it.
    func failed(_ error: any Error, on number: ConnectionNumber, _ channel: any Channel) {
        // The first is the reason, what follows comes of it.
        guard connection == nil || connection == number, fault == nil else { return }
        fault = connector.words(for: error, on: channel)
    }

    func closed(_ number: ConnectionNumber, reason: String? = nil) {
        if connection == number {
            buffers.forget()
            channel = nil
            connection = nil
            waitingFrames.removeAll()
        }
        guard !isOver else { return }
        perform(session.connectionClosed(number, now: .now(), reason: reason ?? fault))
        pump()
    }

    private func connect(_ number: ConnectionNumber) {
        fault = nil
        let driver = NIOLoopBound(self, eventLoop: eventLoop)
        connector.connect(on: eventLoop) { channel in
            try channel.pipeline.syncOperations.addHandler(ClientConnection(driver: driver.value, number: number))
        }
        .whenComplete { result in
            switch result {
            case .success(let link): driver.value.opened(number, link)
            case .failure(let error):
                driver.value.closed(number, reason: driver.value.connector.words(for: error, on: nil))
            }
        }
    }

    private func opened(_ number: ConnectionNumber, _ link: ClientConnector.Link) {
        let channel = link.channel
        guard !isOver, channel.isActive else {
            channel.close(promise: nil)
            return
        }
        let actions = session.connectionOpened(number, now: .now(), bearerToken: link.bearerToken)
        // An attempt that was given up (the name took long to be found) may still succeed, beside a newer one.
        guard !actions.isEmpty else {
            channel.close(promise: nil)
            return
        }
        self.channel = channel
        connection = number
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
            case .numbered(let batch): expect(client.state.withLock { $0.spool?.numbered(batch) })
            case .unnumbered(let sequence): expect(client.state.withLock { $0.spool?.unnumbered(sequence) })
            case .acknowledged(let sequence): client.state.withLock { $0.spool?.acknowledged(through: sequence) }
            case .welcomed(let welcome): welcomed(welcome)
            case .settled(let receipt): settle(receipt)
            case .partialSuccess(let partial): partialSuccess(partial)
            case .disconnected(let error): disconnected(error)
            case .finished(let outcome): finished(outcome)
            }
        }
        // Not before all is done: a flush that fails closes the channel at once, which comes back here.
        if isFlushDue {
            isFlushDue = false
            channel?.flush()
        }
    }

    /// Nothing that a number stands on goes out before the ledger has come to that place.
    private func expect(_ place: UInt64?) { neededPlace = max(neededPlace, place ?? 0) }

    /// Writes a frame, or keeps it until the ledger is written: a batch, and a goodbye, which stands behind the batches. The
    /// others say nothing of numbers, and a disk that takes its time is no reason to leave the collector without a sign of
    /// life.
    private func send(_ frame: OutgoingFrame) {
        guard frame.head.kind == .batch || frame.head.kind == .goodbye, neededPlace > writtenPlace, channel != nil
        else { return write(frame) }
        waitingFrames.append((frame, neededPlace))
    }

    private func write(_ frame: OutgoingFrame) {
        guard let channel else { return }
        client.configuration.frameObserver?(frame)
        if buffers.write(frame, to: channel) { isFlushDue = true }
    }

    private func close(_ number: ConnectionNumber) {
        guard connection == number, let channel else { return }
        self.channel = nil
        connection = nil
        waitingFrames.removeAll()
        channel.flush()
        channel.close(promise: nil)
    }

    private func welcomed(_ welcome: Welcome) {
        // A line for each that says that there is no connection, and none for a loss that was not told.
        let isNews = !hasConnected || !loggedReasons.isEmpty
        hasConnected = true
        loggedReasons = []
        client.state.withLock { $0.connectionFault = nil }
        logger.log(
            level: isNews ? .info : .debug, "connected",
            metadata: [
                "collector": "\(welcome.agent.plainLine)", "stored": "\(welcome.storedSequence)",
                "compression": "\(welcome.compression)",
            ])
    }

    private func settle(_ receipt: BatchReceipt) {
        if let sentAt = receipt.sentAt {
            metrics.ack.recordNanoseconds(SessionInstant.now().nanoseconds - sentAt.nanoseconds)
        }
        client.configuration.receiptObserver?(receipt)
        let isKept = client.state.withLock { $0.settle(receipt) }
        if isKept { return }
        if let reason = receipt.dropReason {
            countDropped(reason, UInt64(receipt.spans))
        } else {
            metrics.stored.increment(by: receipt.spans)
        }
        client.resumeWaiters()
    }

    private func partialSuccess(_ partial: ExportPartialSuccess) {
        let rejected = client.state.withLock {
            $0.rejected(Int(clamping: partial.rejectedSpans), reason: partial.errorMessage)
        }
        if rejected > 0 { metrics.rejected.increment(by: rejected) }
        unloggedRejections += rejected
        guard partialGate.pass() != nil else { return }
        logger.warning(
            "the collector says",
            metadata: ["rejected": "\(unloggedRejections)", "message": "\(partial.errorMessage.plainLine)"])
        unloggedRejections = 0
    }

    private func disconnected(_ error: SessionError) {
        // Each reason once: what is wrong now may be another thing than what was wrong first. A collector that welcomes and
        // loses us all the time is told of now and then.
        let reason = "\(error)".plainLine
        client.state.withLock { $0.connectionFault = reason }
        guard loggedReasons.count < 8, !loggedReasons.contains(reason), reasonGate.pass(reason) != nil else {
            logger.debug("still not connected", metadata: ["reason": "\(reason)"])
            return
        }
        loggedReasons.insert(reason)
        logger.warning("not connected; spans wait and are sent later", metadata: ["reason": "\(reason)"])
    }

    private func finished(_ outcome: ClientOutcome) {
        switch outcome {
        case .refused(let goAway):
            logger.error(
                client.configuration.spool == nil
                    ? "the collector refuses this sender for good; its spans are dropped"
                    : "the collector refuses this sender for good; its spans stay in the spool for the next start",
                metadata: ["code": "\(goAway.code)", "message": "\(goAway.message.plainLine)"])
            for case .settled(let receipt) in session.abandon(.refused, now: .now()) { settle(receipt) }
            end(.refused)
        case .saidGoodbye, .abandoned: end(.shutdown)
        }
    }

    private func end(_ reason: DropReason) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        channel?.close(promise: nil)
        channel = nil
        let (dropped, left) = client.state.withLock { state in (state.takeDropped(), state.end(reason)) }
        for drop in dropped { countDropped(DropReason(rawValue: drop.reason), drop.spans) }
        if left > 0 { countDropped(reason, UInt64(left)) }
        logDrops(now: .now(), isLast: true)
        client.startSpoolWork()
        client.driverEnded()
    }

    // MARK: Counting and time

    private func countDropped(_ reason: DropReason, _ spans: UInt64) {
        metrics.dropped(reason).increment(by: Int64(clamping: spans))
        unloggedDrops[reason, default: 0] += spans
        logDrops(now: .now(), isLast: false)
    }

    private func logDrops(now: SessionInstant, isLast: Bool) {
        guard !unloggedDrops.isEmpty else { return }
        guard isLast || now.elapsed(since: lastDropLog) >= Self.dropLogInterval else { return }
        lastDropLog = now
        let reasons = unloggedDrops.sorted { $0.key.rawValue < $1.key.rawValue }
        logger.warning(
            "spans dropped",
            metadata: [
                "spans": "\(reasons.reduce(0) { $0 + $1.value })",
                "reasons": "\(reasons.map { "\($0.key) \($0.value)" }.joined(separator: ", "))",
            ])
        unloggedDrops = [:]
    }

    private func rearm() {
        guard !isOver else { return }
        let (wantsBatch, isReading) = (session.wantsBatch, isReading)
        let queueDeadline = client.state.withLock { state in
            state.driverGoes(wantsBatch: wantsBatch, isReading: isReading, now: .now())
        }
        let due = [session.nextDeadline, queueDeadline].compactMap(\.self).min()
        guard let due else { return }
        if timer != nil, timerDeadline <= due { return }
        timer?.cancel()
        timerDeadline = due
        let driver = NIOLoopBound(self, eventLoop: eventLoop)
        timer = eventLoop.scheduleTask(deadline: due.deadline) { driver.value.timerFired() }
    }

    private func timerFired() {
        timer = nil
        guard !isOver else { return }
        perform(session.timeout(now: .now()))
        pump()
    }
}

/// Passes what one connection brings to the driver.
private final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let driver: ClientDriver
    private let number: ConnectionNumber

    init(driver: ClientDriver, number: ConnectionNumber) {
        self.driver = driver
        self.number = number
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        driver.received(unwrapInboundIn(data), on: number)
    }

    func channelInactive(context: ChannelHandlerContext) {
        driver.closed(number)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        driver.failed(error, on: number, context.channel)
        context.close(promise: nil)
    }
}
