import Logging
import Metrics
import NIOCore
import SpanCompression
import SpanModel
import SpanSession
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
    private var connection: ConnectionNumber?
    private var timer: Scheduled<Void>?
    private var timerDeadline = SessionInstant(nanoseconds: .max)
    private var isFinishing = false
    private var isOver = false
    /// Whether the loss of the connection was logged; it is logged once, not for every attempt.
    private var isDownLogged = false
    private var lastDropLog = SessionInstant(nanoseconds: 0)
    private var unloggedDrops: UInt64 = 0
    private let storedCounter = Counter(label: "spanwire.client.spans.stored")
    private let rejectedCounter = Counter(label: "spanwire.client.spans.rejected")
    private let ackTimer = Timer(label: "spanwire.client.ack.duration")

    /// How often dropped spans are logged at the most.
    private static let dropLogInterval = Duration.seconds(10)

    init(client: SpanClient, eventLoop: any EventLoop, logger: Logger) {
        self.client = client
        self.eventLoop = eventLoop
        self.logger = logger
        let configuration = client.configuration
        connector = ClientConnector(configuration: configuration, logger: logger)
        session = ClientSession(
            settings: ClientSettings(
                senderID: configuration.senderID, agent: configuration.agent,
                bearerToken: configuration.bearerToken, timing: configuration.timing,
                backoff: configuration.backoff, compressions: configuration.compression, codec: SystemCompression(),
                firstConnection: SpanClient.firstConnection(),
                seed: .random(in: 0 ... .max)))
    }

    func start() {
        perform(session.start(now: .now()))
        pump()
    }

    /// Moves what is due from the queue to the session, and sleeps until something is.
    func pump() {
        guard !isOver else { return }
        let now = SessionInstant.now()
        let dropped = client.state.withLock { state in
            state.driverCame()
            return state.queue.takeDropped()
        }
        if !dropped.isEmpty {
            for drop in dropped { countDropped(DropReason(rawValue: drop.reason), drop.spans) }
            perform(session.reportDropped(dropped, now: now))
        }
        while !isOver, session.wantsBatch || isFinishing {
            guard let batch = client.state.withLock({ $0.queue.nextBatch(now: now) }) else { break }
            perform(session.send(batch, now: now))
        }
        channel?.flush()
        rearm()
    }

    /// Hands over everything and says goodbye behind it.
    func finish() {
        guard !isOver, !isFinishing else { return }
        isFinishing = true
        client.state.withLock { _ = $0.queue.flush() }
        pump()
        if !isOver { perform(session.goodbye(now: .now())) }
        pump()
    }

    func abandon(_ reason: DropReason) {
        guard !isOver else { return }
        perform(session.abandon(reason, now: .now()))
    }

    // MARK: Events of the connection

    func received(_ buffer: ByteBuffer, on number: ConnectionNumber) {
        guard !isOver else { return }
        perform(session.received(buffer.readableBytesSpan, on: number, now: .now()))
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
            channel = nil
            connection = nil
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
            case .welcomed(let welcome): welcomed(welcome)
            case .settled(let receipt): settle(receipt)
            case .partialSuccess(let partial): partialSuccess(partial)
            case .disconnected(let error): disconnected(error)
            case .finished(let outcome): finished(outcome)
            }
        }
    }

    private func send(_ frame: OutgoingFrame) {
        guard let channel else { return }
        client.configuration.frameObserver?(frame)
        channel.writeFrame(frame)
    }

    private func close(_ number: ConnectionNumber) {
        guard connection == number, let channel else { return }
        self.channel = nil
        connection = nil
        channel.flush()
        channel.close(promise: nil)
    }

    private func welcomed(_ welcome: Welcome) {
        isDownLogged = false
        logger.info(
            "connected",
            metadata: [
                "collector": "\(welcome.agent)", "stored": "\(welcome.storedSequence)",
                "compression": "\(welcome.compression)",
            ])
    }

    private func settle(_ receipt: BatchReceipt) {
        if let sentAt = receipt.sentAt {
            ackTimer.recordNanoseconds(SessionInstant.now().nanoseconds - sentAt.nanoseconds)
        }
        client.configuration.receiptObserver?(receipt)
        client.state.withLock { $0.settle(receipt) }
        if let reason = receipt.dropReason {
            countDropped(reason, UInt64(receipt.spans))
        } else {
            storedCounter.increment(by: receipt.spans)
        }
        client.resumeWaiters()
    }

    private func partialSuccess(_ partial: ExportPartialSuccess) {
        client.state.withLock {
            $0.queue.rejected(Int(clamping: partial.rejectedSpans), reason: partial.errorMessage)
        }
        if partial.rejectedSpans > 0 { rejectedCounter.increment(by: partial.rejectedSpans) }
        logger.warning(
            "the collector says",
            metadata: [
                "rejected": "\(partial.rejectedSpans)", "message": "\(partial.errorMessage)",
            ])
    }

    private func disconnected(_ error: SessionError) {
        if isDownLogged {
            logger.debug("still not connected", metadata: ["reason": "\(error)"])
        } else {
            isDownLogged = true
            logger.warning("not connected; spans wait and are sent later", metadata: ["reason": "\(error)"])
        }
    }

    private func finished(_ outcome: ClientOutcome) {
        switch outcome {
        case .refused(let goAway):
            logger.error(
                "the collector refuses this sender for good; its spans are dropped",
                metadata: ["code": "\(goAway.code)", "message": "\(goAway.message)"])
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
        let left = client.state.withLock { $0.end(reason) }
        if left > 0 { countDropped(reason, UInt64(left)) }
        logDrops(now: .now(), isLast: true)
        client.driverEnded()
    }

    // MARK: Counting and time

    private func countDropped(_ reason: DropReason, _ spans: UInt64) {
        Counter(label: "spanwire.client.spans.dropped", dimensions: [("reason", reason.rawValue)])
            .increment(by: Int64(clamping: spans))
        unloggedDrops += spans
        logDrops(now: .now(), isLast: false)
    }

    private func logDrops(now: SessionInstant, isLast: Bool) {
        guard unloggedDrops > 0 else { return }
        guard isLast || now.elapsed(since: lastDropLog) >= Self.dropLogInterval else { return }
        lastDropLog = now
        logger.warning("spans dropped", metadata: ["spans": "\(unloggedDrops)"])
        unloggedDrops = 0
    }

    private func rearm() {
        guard !isOver else { return }
        let wantsBatch = session.wantsBatch
        let queueDeadline = client.state.withLock { state in
            state.driverGoes(wantsBatch: wantsBatch, now: .now())
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
