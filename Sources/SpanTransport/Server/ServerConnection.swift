import Logging
import NIOCore
import SpanModel
import SpanSession
import Synchronization

/// Drives the `ServerSession` of one connection; lives on its event loop.
final class ServerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    let handle: ServerConnectionHandle
    private let server: SpanServer
    private let channel: any Channel
    private let seat: ConnectionDirectory.Seat
    private let logger: Logger
    private var session: ServerSession
    private var timer: Scheduled<Void>?
    private var timerDeadline = SessionInstant(nanoseconds: .max)
    private var agent = ""
    /// Batches and look-ups that the sink has not answered.
    private var unanswered = 0
    private var isOver = false
    private var saidGoodbye = false
    private var peerEndedItsSide = false
    private var isReading = true
    /// The connection is closed.
    private var isGone = false
    /// How many bytes of batches came.
    private var deliveredBytes = 0
    /// How many bytes came after the end.
    private var discardedBytes = 0
    private let gate: BudgetedReads.Gate
    /// Closes for good a while after the end. Cancelled when the peer closes, for it keeps the channel and its buffers, and
    /// peers that come again and again would leave thousands.
    private var closing: Scheduled<Void>?

    /// How many batches may be without an answer before no more bytes are read. Credit bounds their payloads alone, and a
    /// batch of a few bytes takes hundreds in memory.
    private static let maxUnanswered = 1024

    /// How many bytes are read after the end, so that the peer reads the last frame. One that sends on is not worth more.
    private static let maxDiscardedBytes = 4 << 20

    init(server: SpanServer, channel: any Channel, seat: ConnectionDirectory.Seat) {
        self.server = server
        self.channel = channel
        self.seat = seat
        gate = BudgetedReads.Gate(mostBytes: server.keptBytesPerConnection)
        handle = ServerConnectionHandle(id: server.directory.nextID(), channel: channel)
        var logger = server.logger
        logger[metadataKey: "connection"] = "\(handle.id.rawValue)"
        if let address = channel.remoteAddress { logger[metadataKey: "peer"] = "\(address)" }
        self.logger = logger
        session = ServerSession(settings: server.sessionSettings, now: .now())
    }

    func handlerAdded(context: ChannelHandlerContext) {
        handle.bind(self)
        server.directory.add(handle)
        channel.setOption(.recvAllocator, value: BudgetedReads(server.budget, gate)).whenFailure { _ in }
        rearm()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        handle.unbind()
        timer?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        closing?.cancel()
        closing = nil
        if !isOver { session.connectionClosed(now: .now()) }
        isOver = true
        isGone = true
        server.wake(server.budget.remove(handle.id, now: .now()))
        let sender = session.senderID
        server.directory.remove(handle.id, sender: sender)
        server.sink.connectionEnded(handle.id, sender: sender, saidGoodbye: saidGoodbye)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return discard(unwrapInboundIn(data).readableBytes) }
        // As they are now: they may have been read anew since the connection was accepted.
        if session.senderID == nil { session.admit(bearerTokens: server.bearerTokens) }
        let buffer = unwrapInboundIn(data)
        perform(session.received(buffer.readableBytesSpan, now: .now()))
        rebalance()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
        let kept = server.keptBytesPerConnection
        gate.allow(kept)
        session.trim(keeping: kept)
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        rebalance()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            peerEndedItsSide = true
            closeIfNothingIsLeft()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let words = server.configuration.security?.layer.words(for: error, on: channel) {
            logFault(words, of: words)
        } else {
            logger.debug("connection failed", metadata: ["reason": "\(SpanServer.reason(error))"])
        }
        context.close(promise: nil)
    }

    /// A peer that reads no acks, or is ahead of the store by many batches, may send no more, so that nothing piles up
    /// here.
    private func rebalance() {
        guard !isGone, !isOver else { return }
        let now = NIODeadline.now()
        let instant = SessionInstant(nanoseconds: now.uptimeNanoseconds)
        session.setAnswersTaken(channel.isWritable, now: instant)
        let waitsForStore = unanswered >= Self.maxUnanswered || !session.wantsBytes || session.isLookingUp
        let isStranger = !session.isOpen
        let verdict = server.budget.update(
            handle.id,
            ReceiveBudget.Holding(
                unreadBytes: session.unreadCapacity, frame: session.frameCount, isInsideFrame: session.isInsideFrame,
                announcedBytes: session.announcedBytes, missingBytes: session.missingBytes, isStranger: isStranger,
                waitsForStore: waitsForStore, deliveredBytes: deliveredBytes),
            now: now)
        server.wake(verdict.wakes)
        if verdict.startsSweep { server.sweepSoon() }
        if verdict.isTooSlow {
            let delay = server.configuration.retryAfterShutdown.wholeMilliseconds
            let goAway = GoAway(
                .overloaded, "the collector's memory is in use, and a frame did not become complete",
                retryAfterMilliseconds: delay)
            return perform(session.refuse(goAway, now: instant))
        }
        let mayRead = channel.isWritable && !waitsForStore && verdict.mayRead
        session.setListening(mayRead, now: instant)
        gate.set(isStranger: isStranger, isShut: !mayRead)
        read(mayRead)
        rearm()
    }

    private func read(_ mayRead: Bool) {
        guard mayRead != isReading else { return }
        isReading = mayRead
        channel.setOption(.autoRead, value: mayRead).whenFailure { _ in }
    }

    private func discard(_ bytes: Int) {
        discardedBytes += bytes
        if discardedBytes > Self.maxDiscardedBytes { read(false) }
    }

    /// There is room again, or it is this connection's turn, or it has to go.
    func readAgain() { rebalance() }

    // MARK: From other threads, through the handle

    func batchesStored(_ answers: [SinkAnswer<StoredBatch>]) {
        unanswered -= answers.count
        defer { rebalance() }
        var stored: [StoredBatch] = []
        var refusal: Duration?
        for answer in answers {
            switch answer {
            case .done(let batch): if refusal == nil { stored.append(batch) }
            case .refused(let retryAfter): refusal = refusal ?? retryAfter
            }
        }
        guard !isOver else { return }
        if !stored.isEmpty { perform(session.batchesStored(stored, now: .now())) }
        if let refusal, !isOver { perform(session.batchFailed(retryAfter: refusal, now: .now())) }
        channel.flush()
        closeIfNothingIsLeft()
    }

    func senderFound(_ answer: SinkAnswer<UInt64>) {
        unanswered -= 1
        // The Hello is used up now, and with it what the sender sent ahead.
        defer { rebalance() }
        guard !isOver else { return }
        switch answer {
        case .done(let sequence):
            seat.welcomed()
            perform(session.senderFound(storedSequence: sequence, now: .now()))
        case .refused(let retryAfter):
            let goAway = GoAway(
                .overloaded, "the store cannot be asked now", retryAfterMilliseconds: retryAfter.wholeMilliseconds)
            perform(session.refuse(goAway, now: .now()))
        }
        channel.flush()
        closeIfNothingIsLeft()
    }

    func supersede() {
        guard !isOver else { return }
        perform(session.superseded(now: .now()))
        channel.flush()
    }

    func drain(retryAfter: Duration) {
        guard !isOver else { return }
        perform(session.drain(retryAfter: retryAfter, now: .now()))
        channel.flush()
    }

    /// Sends the sender away without its acks: the shutdown's limit has come.
    func cut(retryAfter: Duration) {
        guard !isOver else { return }
        let goAway = GoAway(
            .shuttingDown, "the collector shuts down", retryAfterMilliseconds: retryAfter.wholeMilliseconds)
        perform(session.refuse(goAway, now: .now()))
        channel.flush()
    }

    // MARK: Actions

    private func perform(_ actions: [ServerAction]) {
        for action in actions {
            switch action {
            case .send(let frame): channel.writeFrame(frame)
            case .store(let batch): store(batch)
            case .lookUpSender(let sender, let hello): lookUp(sender, hello)
            case .fault(let error): log(error)
            case .close(let outcome): close(outcome)
            }
        }
        rearm()
    }

    private func log(_ fault: SessionError) { logFault("\(fault)", of: fault.code.rawValue) }

    /// Peers may come by the thousand, or again and again, and their faults are not worth a line each.
    private func logFault(_ words: String, of kind: String) {
        let gate = session.senderID == nil ? server.strangerFaultLog : server.senderFaultLog
        guard let count = gate.pass(kind) else { return }
        var metadata: Logger.Metadata = ["fault": "\(words)"]
        if count > 1 { metadata["times"] = "\(count)" }
        logger.notice("connection ends by a fault", metadata: metadata)
    }

    private func store(_ batch: ReceivedBatch) {
        guard let sender = session.senderID else { return }
        unanswered += 1
        let delivery = Delivery(connection: handle.id, sender: sender, agent: agent, batch: batch)
        let bytes = batch.payloadBytes
        deliveredBytes += bytes
        server.budget.storeTakes(bytes)
        server.sink.store(delivery) { [handle, server] answer in
            server.wake(server.budget.storeAnswered(bytes, now: .now()))
            handle.stored(answer)
        }
    }

    private func lookUp(_ sender: SenderID, _ hello: Hello) {
        agent = hello.agent.bounded(toUTF8Bytes: 256)
        unanswered += 1
        switch server.directory.claim(sender, number: hello.connection, for: handle) {
        case .first: find(sender)
        // What an older connection of the sender handed over must be found too: it ends first, then the sink is asked; by
        // this connection, if it is still there: the sink was told of its end otherwise, and hears nothing of it after that.
        case .supersedes(let previous):
            previous.perform({ $0.supersede() }, then: { [handle] in handle.perform { $0.find(sender) } })
        case .outdated:
            unanswered -= 1
            perform(session.outdated(now: .now()))
            channel.flush()
        }
    }

    private func find(_ sender: SenderID) {
        guard !isGone else { return }
        server.sink.findSender(sender, connection: handle.id, agent: agent) { [handle] answer in
            handle.perform { $0.senderFound(answer) }
        }
    }

    private func close(_ outcome: ServerOutcome) {
        isOver = true
        timer?.cancel()
        timer = nil
        // Nothing is held any more. Bytes that still come are read and thrown away, so that the peer reads the last frame.
        server.wake(server.budget.remove(handle.id, now: .now()))
        gate.set(isStranger: false, isShut: false)
        read(true)
        if case .saidGoodbye = outcome { saidGoodbye = true }
        channel.flush()
        // Only our side first: an abrupt close could overtake the last frame on its way to the peer.
        channel.close(mode: .output, promise: nil)
        let channel = channel
        if peerEndedItsSide {
            channel.close(promise: nil)
        } else {
            closing = channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
    }

    private func closeIfNothingIsLeft() {
        guard peerEndedItsSide, unanswered == 0 else { return }
        channel.flush()
        channel.close(promise: nil)
    }

    /// A timer that is set for earlier is left alone: it fires, finds nothing, and is set anew.
    private func rearm() {
        guard !isOver, let deadline = session.nextDeadline else { return }
        if timer != nil, timerDeadline <= deadline { return }
        timer?.cancel()
        timerDeadline = deadline
        let handle = handle
        timer = channel.eventLoop.scheduleTask(deadline: deadline.deadline) {
            handle.perform { $0.timerFired() }
        }
    }

    private func timerFired() {
        timer = nil
        guard !isOver else { return }
        perform(session.timeout(now: .now()))
        channel.flush()
    }
}

/// What other threads hold of a connection.
final class ServerConnectionHandle: Sendable {
    let id: ConnectionID
    let channel: any Channel
    private let connection: NIOLoopBoundBox<ServerConnection?>
    private let answers = Mutex<[SinkAnswer<StoredBatch>]>([])

    init(id: ConnectionID, channel: any Channel) {
        self.id = id
        self.channel = channel
        connection = .makeEmptyBox(eventLoop: channel.eventLoop)
    }

    func bind(_ connection: ServerConnection) { self.connection.value = connection }

    func unbind() { connection.value = nil }

    /// Does something on the connection's event loop, unless it is gone; then `next`, in any case.
    func perform(
        _ body: @escaping @Sendable (ServerConnection) -> Void, then next: (@Sendable () -> Void)? = nil
    ) {
        channel.eventLoop.execute { [connection] in
            if let connection = connection.value { body(connection) }
            next?()
        }
    }

    /// Answers that come while the event loop is busy are told to the session together, and so acknowledged by one
    /// frame.
    func stored(_ answer: SinkAnswer<StoredBatch>) {
        let isFirst = answers.withLock { answers in
            answers.append(answer)
            return answers.count == 1
        }
        guard isFirst else { return }
        channel.eventLoop.execute { [self] in
            let all = answers.withLock { answers in
                defer { answers = [] }
                return answers
            }
            connection.value?.batchesStored(all)
        }
    }
}
