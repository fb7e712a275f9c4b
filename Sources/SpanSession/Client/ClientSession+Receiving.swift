import ProtoWire
import SpanModel

// What the collector says.
extension ClientSession {
    /// Bytes came, in any cut. Bytes of another connection than the present one are ignored.
    public mutating func received(
        _ bytes: borrowing RawSpan, on connection: ConnectionNumber, now: SessionInstant
    ) -> [ClientAction] {
        guard connection == self.connection, bytes.byteCount > 0 else { return [] }
        var actions: [ClientAction] = []
        link?.liveness.received(now: now)
        link?.decoder.append(bytes)
        do throws(SessionError) {
            while let head = try link?.decoder.nextFrame() {
                if head.isCompressed, let decompressor = link?.decompressor {
                    try link?.decoder.decompress(head, with: decompressor)
                }
                try frameReceived(head, now: now, &actions)
            }
            link?.decoder.forgetDecompressed()
        } catch {
            lose(error, now: now, &actions)
        }
        return actions
    }

    private mutating func frameReceived(
        _ head: FrameHead, now: SessionInstant, _ actions: inout [ClientAction]
    ) throws(SessionError) {
        switch (head.kind, state) {
        case (.goAway, .greeting), (.goAway, .open):
            goneAway(try decode(), now: now, &actions)
        case (.welcome, .greeting):
            try welcomed(try decode(), now: now, &actions)
        case (.ack, .open):
            attempt = 0
            try acknowledged(try decode(), now: now, &actions)
        case (.ping, .open):
            let ping: Ping = try decode()
            actions.append(.send(OutgoingFrame(.pong, Pong(token: ping.token))))
        case (.pong, .open):
            attempt = 0
            _ = try decode() as Pong
        default:
            throw unexpected(head.kind)
        }
    }

    private func unexpected(_ kind: FrameKind) -> SessionError {
        let moment = if case .open = state { "after Welcome" } else { "before Welcome" }
        return SessionError(
            .unexpectedFrame, "\(kind) from a collector \(moment)", frameNumber: link?.decoder.frameCount)
    }

    private mutating func welcomed(
        _ welcome: Welcome, now: SessionInstant, _ actions: inout [ClientAction]
    ) throws(SessionError) {
        guard welcome.protocolVersion == 1 else {
            let goAway = GoAway(
                .unsupportedVersion, "the collector speaks version \(welcome.protocolVersion), this sender version 1")
            actions.append(.close(connection))
            finish(.refused(goAway), &actions)
            return
        }
        try agree(on: welcome)
        guard let settled = held.resume(storedSequence: welcome.storedSequence) else {
            throw SessionError(
                .invalidSequence, "stored_sequence \(welcome.storedSequence) leaves no numbers for batches",
                frameNumber: link?.decoder.frameCount)
        }
        link?.credit = Int(clamping: min(welcome.creditBytes, ClientSession.maxCredit))
        link?.maxFrameBytes = welcome.maxFrameBytes == 0 ? 64 << 20 : Int(welcome.maxFrameBytes)
        let weight = welcome.maxBatchWeight == 0 ? Welcome.defaultBatchWeight : welcome.maxBatchWeight
        // Rounded down, a weight that is less than one more is the limit at the most.
        link?.maxBatchSixteenths = 16 * Int(min(weight, ClientSession.maxBatchWeight)) + 15
        link?.highestSequence = welcome.storedSequence
        state = .open
        // The collector stored what it was sent before, though no ack came through.
        if !settled.isEmpty { attempt = 0 }
        actions.append(.welcomed(welcome))
        settle(settled, through: welcome.storedSequence, &actions)
        advance(now: now, &actions)
    }

    /// Sets this connection's compression up; another connection may have had another.
    private mutating func agree(on welcome: Welcome) throws(SessionError) {
        let compression = welcome.compression
        guard compression != .identity else { return }
        guard settings.offeredCompressions.contains(compression), let codec = settings.codec else {
            throw SessionError(
                .invalidField, "the collector chose compression \(compression), which was not offered",
                frameNumber: link?.decoder.frameCount)
        }
        guard compression != .zstdStream || Compression.windowLogs.contains(welcome.windowLog) else {
            throw SessionError(
                .invalidField, "window_log is \(welcome.windowLog), 17 to 23 are possible",
                frameNumber: link?.decoder.frameCount)
        }
        link?.compressor = codec.makeCompressor(compression, windowLog: welcome.windowLog)
        let decompressor = codec.makeDecompressor(compression, windowLog: welcome.windowLog)
        link?.decompressor = decompressor
        link?.decoder.allowsCompressed = decompressor != nil
    }

    private mutating func acknowledged(
        _ ack: Ack, now: SessionInstant, _ actions: inout [ClientAction]
    ) throws(SessionError) {
        guard let highest = link?.highestSequence, ack.sequence <= highest else {
            throw SessionError(
                .invalidSequence, "an ack of \(ack.sequence), which was not sent",
                frameNumber: link?.decoder.frameCount)
        }
        let credit = link?.credit ?? 0
        let granted = Int(clamping: min(ack.creditBytes, ClientSession.maxCredit))
        link?.credit = min(credit + granted, Int(ClientSession.maxCredit))
        settle(held.acknowledge(through: ack.sequence), through: ack.sequence, &actions)
        if let partialSuccess = ack.partialSuccess, partialSuccess != ExportPartialSuccess() {
            actions.append(.partialSuccess(partialSuccess))
        }
        advance(now: now, &actions)
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

    /// Payloads of batches that are done with, a few, for `SpanQueue.recycle`.
    public mutating func takeSpares() -> [[UInt8]] {
        guard !spares.isEmpty else { return [] }
        defer { spares = [] }
        return spares
    }

    private static let maxSpares = 2

    /// Whatever a collector says, a sender does not stay away for days.
    private static let longestRetry = Duration.seconds(3600)

    private mutating func goneAway(_ received: GoAway, now: SessionInstant, _ actions: inout [ClientAction]) {
        var goAway = received
        goAway.message = goAway.message.bounded(toUTF8Bytes: 512)
        actions.append(.close(connection))
        if goAway.isFinal {
            if link?.saidGoodbye == true, isIdle {
                finish(.saidGoodbye, &actions)
            } else {
                finish(.refused(goAway), &actions)
            }
            return
        }
        let error = SessionError(.goneAway, "the collector said \(goAway.code): \(goAway.message)")
        let wait = min(Duration.milliseconds(Int64(goAway.retryAfterMilliseconds)), Self.longestRetry)
        retry(error, after: wait, now: now, &actions)
    }

    private func decode<Message: WireMessage>() throws(SessionError) -> Message {
        guard let link else { throw SessionError(.unexpectedFrame, "a frame without a connection") }
        do throws(WireError) {
            return try Message(decoding: link.decoder.payload, options: DecodeOptions(invalidUTF8: .repair))
        } catch {
            throw SessionError(
                .malformedMessage, "\(Message.schema.name): \(error)", frameNumber: link.decoder.frameCount,
                cause: error)
        }
    }

    /// Whatever a collector says, no batch weighs as much.
    private static let maxBatchWeight = UInt64(1) << 53

    /// More credit than this is as good as this.
    private static let maxCredit = UInt64(1) << 53
}
