import ProtoWire
import SpanModel

// What the sender says.
extension ServerSession {
    /// Bytes came, in any cut.
    public mutating func received(_ bytes: borrowing RawSpan, now: SessionInstant) -> [ServerAction] {
        var actions: [ServerAction] = []
        guard bytes.byteCount > 0 else { return actions }
        switch state {
        case .closed, .leaving: return actions
        case .awaitingHello, .open: break
        case .lookingUp:
            guard decoder.bufferedBytes + bytes.byteCount <= ServerSession.maxBytesBeforeWelcome else {
                let limit = ServerSession.maxBytesBeforeWelcome
                fail(SessionError(.unexpectedFrame, "more than \(limit) bytes before Welcome"), now: now, &actions)
                return actions
            }
        }
        liveness.received(now: now)
        decoder.append(bytes)
        readFrames(now: now, &actions)
        return actions
    }

    /// Handles the frames that are complete, as far as the state lets.
    mutating func readFrames(now: SessionInstant, _ actions: inout [ServerAction]) {
        do throws(SessionError) {
            while isReading, let head = try decoder.nextFrame() {
                if head.isCompressed, let decompressor { try decoder.decompress(head, with: decompressor) }
                try frameReceived(head, now: now, &actions)
            }
            decoder.forgetDecompressed()
        } catch {
            fail(error, now: now, &actions)
        }
    }

    /// While the sender is looked up, its frames wait unread; so they do while the store has enough of them.
    private var isReading: Bool {
        switch state {
        case .awaitingHello: true
        case .open: wantsBytes
        case .lookingUp, .leaving, .closed: false
        }
    }

    private mutating func frameReceived(
        _ head: FrameHead, now: SessionInstant, _ actions: inout [ServerAction]
    ) throws(SessionError) {
        switch (head.kind, state) {
        case (.hello, .awaitingHello): try greeted(&actions)
        case (.batch, .open) where !saidGoodbye: try batchReceived(head, &actions)
        case (.ping, .open):
            let ping: Ping = try decode()
            actions.append(.send(OutgoingFrame(.pong, Pong(token: ping.token))))
        case (.pong, .open): _ = try decode() as Pong
        case (.goodbye, .open) where !saidGoodbye:
            _ = try decode() as Goodbye
            saidGoodbye = true
            closeAfterGoodbye(&actions)
        default:
            let moment: String =
                switch state {
                case .awaitingHello: "before Hello"
                default: saidGoodbye ? "after Goodbye" : "after Welcome"
                }
            throw fault(.unexpectedFrame, "\(head.kind) from a sender \(moment)")
        }
    }

    private mutating func greeted(_ actions: inout [ServerAction]) throws(SessionError) {
        let hello: Hello = try decode()
        guard hello.protocolVersion == 1 else {
            throw fault(
                .unsupportedVersion,
                "the sender speaks version \(hello.protocolVersion), this collector version 1")
        }
        guard settings.bearerTokens.isEmpty || settings.bearerTokens.containsInConstantTime(hello.bearerToken) else {
            throw fault(
                .unauthenticated,
                hello.bearerToken.isEmpty ? "a bearer token is needed" : "the bearer token is not accepted")
        }
        guard let sender = SenderID(bytes: hello.senderID), sender.isValid else {
            throw fault(
                .invalidField,
                hello.senderID.count == 16
                    ? "sender_id is all zeros" : "sender_id has \(hello.senderID.count.counted("byte")), 16 are needed")
        }
        if hello.maxFrameBytes != 0 {
            maxAnswerBytes = max(min(Int(hello.maxFrameBytes), FrameDecoder.controlLimit), 1024)
        }
        senderID = sender
        // The token has done its work and goes no further.
        var known = hello
        known.bearerToken = ""
        state = .lookingUp(known)
        actions.append(.lookUpSender(sender, known))
    }

    private mutating func batchReceived(
        _ head: FrameHead, _ actions: inout [ServerAction]
    ) throws(SessionError) {
        let payloadBytes = Int(head.length)
        guard outstandingBytes == 0 || payloadBytes <= credit else {
            throw fault(
                .creditExceeded,
                "a Batch of \(payloadBytes.counted("byte")) with \(outstandingBytes) outstanding, the credit is \(credit)"
            )
        }
        let batch: ReceivedBatch
        do throws(BatchFault) {
            batch = try ReceivedBatch(
                checking: &decoder, maxPayloadBytes: Int(settings.maxFrameBytes),
                maxWeight: settings.maxBatchWeight)
        } catch {
            switch error {
            case .malformed(let error): throw malformed(Batch.schema, error)
            case .tooHeavy(let counts):
                throw fault(
                    .frameTooLarge,
                    "a Batch of \(counts.spans.counted("span")), \(counts.parts) events, links, resources, entities and scopes, and "
                        + "\(counts.values) attributes, elements of lists and drop counts weighs "
                        + "\(counts.inSmallestSpans), max_batch_weight is \(settings.maxBatchWeight)")
            }
        }
        guard batch.sequence > lastSequence else {
            throw fault(.invalidSequence, "sequence \(batch.sequence) does not rise above \(lastSequence)")
        }
        lastSequence = batch.sequence
        if batch.sequence <= storedSequence {
            // Stored on an earlier connection: acknowledged again, stored no second time. The bytes were never taken
            // from the credit, but the sender took them from its own.
            let ack = Ack(sequence: batch.sequence, creditBytes: UInt64(payloadBytes))
            actions.append(.send(OutgoingFrame(.ack, ack)))
            return
        }
        credit -= payloadBytes
        outstandingBytes += payloadBytes
        outstandingDecompressedBytes += batch.payloadBytes
        inFlight.append(
            InFlight(
                sequence: batch.sequence, payloadBytes: payloadBytes, decompressedBytes: batch.payloadBytes,
                validation: batch.validation))
        actions.append(.store(batch))
    }

    private func decode<Message: WireMessage>() throws(SessionError) -> Message {
        do throws(WireError) {
            return try Message(decoding: decoder.payload, options: DecodeOptions(invalidUTF8: .repair))
        } catch {
            throw malformed(Message.schema, error)
        }
    }

    private func malformed(_ schema: MessageSchema, _ error: WireError) -> SessionError {
        var fault = fault(.malformedMessage, "\(schema.name): \(error)")
        fault.cause = error
        return fault
    }

    private func fault(_ code: SessionError.Code, _ message: String) -> SessionError {
        SessionError(code, message, frameNumber: decoder.frameCount)
    }

    /// What a sender that does not wait for `Welcome` may send ahead.
    static let maxBytesBeforeWelcome = 256 << 10
}
