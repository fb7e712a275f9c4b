import ProtoWire
import SpanModel

// The frames of a sender that is welcomed.
extension ServerSession.Open {
    /// Handles one frame.
    ///
    /// - Throws: what the sender did wrong.
    mutating func frameReceived(
        _ head: FrameHead, _ settings: ServerSettings, _ actions: inout [ServerAction]
    ) throws(SessionError) {
        switch head.kind {
        case .batch where !saidGoodbye: try batchReceived(head, settings, &actions)
        case .ping:
            let ping: Ping = try decoder.message()
            actions.append(.send(OutgoingFrame(.pong, Pong(token: ping.token))))
        case .pong: _ = try decoder.message() as Pong
        case .goodbye where !saidGoodbye:
            _ = try decoder.message() as Goodbye
            saidGoodbye = true
        default:
            let moment = saidGoodbye ? "after Goodbye" : "after Welcome"
            throw decoder.fault(.unexpectedFrame, "\(head.kind) from a sender \(moment)")
        }
    }

    private mutating func batchReceived(
        _ head: FrameHead, _ settings: ServerSettings, _ actions: inout [ServerAction]
    ) throws(SessionError) {
        let payloadBytes = Int(head.length)
        let outstanding = underWay.payloadBytes
        guard outstanding == 0 || payloadBytes <= credit else {
            throw decoder.fault(
                .creditExceeded,
                "a Batch of \(payloadBytes.counted("byte")) with \(outstanding) outstanding, the credit is \(credit)")
        }
        let batch = try readBatch(settings)
        guard batch.sequence > lastSequence else {
            throw decoder.fault(
                .invalidSequence, "sequence \(batch.sequence) does not rise above \(lastSequence)")
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
        underWay.append(batch, payloadBytes: payloadBytes)
        actions.append(.store(batch))
    }

    private mutating func readBatch(_ settings: ServerSettings) throws(SessionError) -> ReceivedBatch {
        do throws(BatchFault) {
            return try ReceivedBatch(
                checking: &decoder, maxPayloadBytes: Int(settings.maxFrameBytes), maxWeight: settings.maxBatchWeight)
        } catch {
            switch error {
            case .malformed(let error): throw decoder.malformed(Batch.schema, error)
            case .tooHeavy(let counts):
                throw decoder.fault(
                    .frameTooLarge,
                    "a Batch of \(counts.spans.counted("span")), \(counts.parts) events, links, resources, entities and scopes, and "
                        + "\(counts.values) attributes, elements of lists and drop counts weighs "
                        + "\(counts.inSmallestSpans), max_batch_weight is \(settings.maxBatchWeight)")
            }
        }
    }
}
