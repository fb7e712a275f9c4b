import Logging
import NIOCore
import SpanModel
import SpanSession

/// Drives the `ServerSession` of one connection; lives on its event loop.
final class ServerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    let handle: ServerConnectionHandle
    private let server: SpanServer
    private let channel: any Channel
    private let seat: ConnectionDirectory.Seat
    private let logger: Logger
    private var session: ServerSession
    private var phase = Phase.serving
    private var timer = DeadlineTimer()
    private var agent = ""
    /// Batches and look-ups that the sink has not answered.
    private var unanswered = 0
    /// Whether the peer sends nothing more.
    private var peerEndedItsSide = false
    /// Whether the channel reads by itself.
    private var isReading = true
    /// The bytes of batches that came.
    private var deliveredBytes = 0
    private let gate: BudgetedReads.Gate

    /// The life of a connection, in this order.
    private enum Phase {
        /// The session goes on.
        case serving
        /// The session is over; the peer may read the last frame yet.
        case lingering(Lingering)
        /// The connection is closed.
        case gone
    }

    /// A connection whose session is over.
    private struct Lingering {
        /// Whether the sender said goodbye, and everything is acknowledged.
        let saidGoodbye: Bool
        /// The bytes that came since the session's end.
        var discardedBytes = 0
        /// Closes for good a while after the end. Cancelled when the peer closes, for it keeps the channel and its
        /// buffers, and peers that come again and again would leave thousands.
        var closing: Scheduled<Void>?
    }

    /// The number of batches without an answer at which no more bytes are read. Credit bounds their payloads alone, and
    /// a batch of a few bytes takes hundreds in memory.
    private static let maxUnanswered = 1024

    /// The most bytes that are read after the end, so that the peer reads the last frame. One that sends on is not
    /// worth more.
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
        timer.cancel()
    }

    private var isServing: Bool { if case .serving = phase { true } else { false } }

    func channelInactive(context: ChannelHandlerContext) {
        timer.cancel()
        var saidGoodbye = false
        switch phase {
        case .serving: session.connectionClosed(now: .now())
        case .lingering(let lingering):
            lingering.closing?.cancel()
            saidGoodbye = lingering.saidGoodbye
        case .gone: break
        }
        phase = .gone
        server.wake(server.budget.remove(handle.id, now: .now()))
        let sender = session.senderID
        server.directory.remove(handle.id, sender: sender)
        server.sink.connectionEnded(handle.id, sender: sender, saidGoodbye: saidGoodbye)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isServing else { return discard(unwrapInboundIn(data).readableBytes) }
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
        guard isServing else { return }
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
            let delay = server.configuration.retryAfterShutdown.retryAfterMilliseconds
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
        guard case .lingering(var lingering) = phase else { return }
        lingering.discardedBytes += bytes
        phase = .lingering(lingering)
        if lingering.discardedBytes > Self.maxDiscardedBytes { read(false) }
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
        guard isServing else { return }
        if !stored.isEmpty { perform(session.batchesStored(stored, now: .now())) }
        if let refusal, isServing { perform(session.batchFailed(retryAfter: refusal, now: .now())) }
        channel.flush()
        closeIfNothingIsLeft()
    }

    func senderFound(_ answer: SinkAnswer<UInt64>) {
        unanswered -= 1
        // The Hello is used up now, and with it what the sender sent ahead.
        defer { rebalance() }
        guard isServing else { return }
        switch answer {
        case .done(let sequence):
            seat.welcomed()
            perform(session.senderFound(storedSequence: sequence, now: .now()))
        case .refused(let retryAfter):
            let goAway = GoAway(
                .overloaded, "the store cannot be asked now", retryAfterMilliseconds: retryAfter.retryAfterMilliseconds)
            perform(session.refuse(goAway, now: .now()))
        }
        channel.flush()
        closeIfNothingIsLeft()
    }

    func supersede() {
        guard isServing else { return }
        perform(session.superseded(now: .now()))
        channel.flush()
    }

    func drain(retryAfter: Duration) {
        guard isServing else { return }
        perform(session.drain(retryAfter: retryAfter, now: .now()))
        channel.flush()
    }

    /// Sends the sender away without its acks: the shutdown's limit has come.
    func cut(retryAfter: Duration) {
        guard isServing else { return }
        let goAway = GoAway(
            .shuttingDown, "the collector shuts down", retryAfterMilliseconds: retryAfter.retryAfterMilliseconds)
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
        if case .gone = phase { return }
        server.sink.findSender(sender, connection: handle.id, agent: agent) { [handle] answer in
            handle.perform { $0.senderFound(answer) }
        }
    }

    private func close(_ outcome: ServerOutcome) {
        phase = .lingering(Lingering(saidGoodbye: outcome == .saidGoodbye))
        timer.cancel()
        // Nothing is held any more. Bytes that still come are read and thrown away, so that the peer reads the last frame.
        server.wake(server.budget.remove(handle.id, now: .now()))
        gate.set(isStranger: false, isShut: false)
        read(true)
        channel.flush()
        // Only our side first: an abrupt close could overtake the last frame on its way to the peer.
        channel.close(mode: .output, promise: nil)
        // A flush that failed has closed the channel already.
        guard case .lingering(var lingering) = phase else { return }
        let channel = channel
        if peerEndedItsSide {
            channel.close(promise: nil)
        } else {
            lingering.closing = channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
            phase = .lingering(lingering)
        }
    }

    private func closeIfNothingIsLeft() {
        guard peerEndedItsSide, unanswered == 0 else { return }
        channel.flush()
        channel.close(promise: nil)
    }

    private func rearm() {
        guard isServing, let deadline = session.nextDeadline, timer.isLate(for: deadline) else { return }
        timer.set(for: deadline, on: channel.eventLoop) { [handle] in handle.perform { $0.timerFired() } }
    }

    private func timerFired() {
        timer.fired()
        guard isServing else { return }
        perform(session.timeout(now: .now()))
        channel.flush()
    }
}
