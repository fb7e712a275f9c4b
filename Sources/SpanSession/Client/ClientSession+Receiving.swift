import ProtoWire
import SpanModel

// What the collector says.
extension ClientSession {
    /// Reads the first frame of a connection when all of it has come.
    mutating func received(
        _ bytes: borrowing RawSpan, by greeting: consuming Greeting, now: SessionInstant,
        _ actions: inout [ClientAction]
    ) -> State {
        greeting.decoder.append(bytes)
        do throws(SessionError) {
            guard let head = try greeting.decoder.nextFrame() else { return .greeting(greeting) }
            switch head.kind {
            case .goAway:
                return goneAway(try greeting.decoder.message(), saidGoodbye: false, now: now, &actions)
            case .welcome:
                return try welcomed(by: try greeting.decoder.message(), greeting.decoder, now: now, &actions)
            default:
                throw greeting.decoder.fault(.unexpectedFrame, "\(head.kind) from a collector before Welcome")
            }
        } catch {
            return lose(error, now: now, &actions)
        }
    }

    private mutating func welcomed(
        by welcome: Welcome, _ decoder: FrameDecoder, now: SessionInstant, _ actions: inout [ClientAction]
    ) throws(SessionError) -> State {
        guard welcome.protocolVersion == 1 else {
            let goAway = GoAway(
                .unsupportedVersion, "the collector speaks version \(welcome.protocolVersion), this sender version 1")
            actions.append(.close(lastConnection))
            return finish(.refused(goAway), &actions)
        }
        var open = try Open(welcome, decoder, settings, now: now)
        guard let settled = outbox.held.resume(storedSequence: welcome.storedSequence) else {
            throw decoder.fault(
                .invalidSequence, "stored_sequence \(welcome.storedSequence) leaves no numbers for batches")
        }
        // The collector stored what it was sent before, though no ack came through.
        if !settled.isEmpty { attempt = 0 }
        actions.append(.welcomed(welcome))
        settle(settled, through: welcome.storedSequence, &actions)
        open.sendBatches(from: &outbox, now: now, &actions)
        return isDelivered(by: open) ? sayFarewell(&actions) : readFrames(of: open, now: now, &actions)
    }

    /// Takes bytes and handles the frames that are complete.
    mutating func received(
        _ bytes: borrowing RawSpan, by open: consuming Open, now: SessionInstant, _ actions: inout [ClientAction]
    ) -> State {
        open.liveness.received(now: now)
        open.decoder.append(bytes)
        return readFrames(of: open, now: now, &actions)
    }

    private mutating func readFrames(
        of open: consuming Open, now: SessionInstant, _ actions: inout [ClientAction]
    ) -> State {
        do throws(SessionError) {
            while let head = try open.decoder.nextFrame() {
                if head.isCompressed, let decompressor = open.decompressor {
                    try open.decoder.decompress(head, with: decompressor)
                }
                switch head.kind {
                case .ack:
                    attempt = 0
                    try acknowledged(try open.decoder.message(), &open, now: now, &actions)
                    if isDelivered(by: open) { return sayFarewell(&actions) }
                case .ping:
                    let ping: Ping = try open.decoder.message()
                    actions.append(.send(OutgoingFrame(.pong, Pong(token: ping.token))))
                case .pong:
                    attempt = 0
                    _ = try open.decoder.message() as Pong
                case .goAway:
                    return goneAway(
                        try open.decoder.message(), saidGoodbye: open.saidGoodbye, now: now, &actions)
                default:
                    throw open.decoder.fault(.unexpectedFrame, "\(head.kind) from a collector after Welcome")
                }
            }
            open.decoder.forgetDecompressed()
            return .open(open)
        } catch {
            return lose(error, now: now, &actions)
        }
    }

    private mutating func acknowledged(
        _ ack: Ack, _ open: inout Open, now: SessionInstant, _ actions: inout [ClientAction]
    ) throws(SessionError) {
        try open.acknowledged(ack)
        settle(outbox.held.acknowledge(through: ack.sequence), through: ack.sequence, &actions)
        if let partialSuccess = ack.partialSuccess, partialSuccess != ExportPartialSuccess() {
            actions.append(.partialSuccess(partialSuccess))
        }
        open.sendBatches(from: &outbox, now: now, &actions)
    }

    private mutating func settle(
        _ settled: [HeldBatches.Held], through sequence: UInt64, _ actions: inout [ClientAction]
    ) {
        if settings.tellsNumbers, !settled.isEmpty { actions.append(.acknowledged(through: sequence)) }
        for entry in settled where !entry.isReport { actions.append(.settled(entry.receipt())) }
        for entry in settled where !entry.batch.payload.isEmpty && spares.count < Self.maxSpares {
            spares.append(entry.batch.payload)
        }
    }

    private static let maxSpares = 2

    private mutating func goneAway(
        _ received: GoAway, saidGoodbye: Bool, now: SessionInstant, _ actions: inout [ClientAction]
    ) -> State {
        var goAway = received
        goAway.message = goAway.message.bounded(toUTF8Bytes: 512)
        actions.append(.close(lastConnection))
        if goAway.isFinal {
            return finish(saidGoodbye && isIdle ? .saidGoodbye : .refused(goAway), &actions)
        }
        let error = SessionError(.goneAway, "the collector said \(goAway.code): \(goAway.message)")
        let wait = min(Duration.milliseconds(Int64(goAway.retryAfterMilliseconds)), Self.longestRetry)
        return retry(error, after: wait, now: now, &actions)
    }

    /// Whatever a collector says, a sender does not stay away for days.
    private static let longestRetry = Duration.seconds(3600)
}
