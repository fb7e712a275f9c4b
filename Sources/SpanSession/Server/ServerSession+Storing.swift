import ProtoWire
import SpanModel

// What the store answers.
extension ServerSession {
    /// These batches, in the order of their `store`, are durable, and so are those before them: acknowledged by one
    /// frame, which gives their credit back. Numbers that are not on their way are ignored.
    public mutating func batchesStored(_ stored: [StoredBatch], now: SessionInstant) -> [ServerAction] {
        var actions: [ServerAction] = []
        let listened = wantsBytes
        var ack = Ack(sequence: 0)
        var rejectedSpans = 0
        var reason = ""
        for batch in stored {
            var isKnown = false
            while let first = inFlight.first, first.sequence <= batch.sequence {
                _ = inFlight.popFirst()
                isKnown = first.sequence == batch.sequence
                ack.sequence = first.sequence
                ack.creditBytes += UInt64(first.payloadBytes)
                outstandingBytes -= first.payloadBytes
                outstandingDecompressedBytes -= first.decompressedBytes
                rejectedSpans += first.validation.rejectedSpans
                reason = reason.isEmpty ? first.validation.message : reason
            }
            guard isKnown else { continue }
            rejectedSpans += max(batch.rejectedSpans, 0)
            reason = reason.isEmpty ? batch.message : reason
        }
        guard ack.sequence > 0 else { return actions }
        credit += Int(ack.creditBytes)
        if rejectedSpans > 0 || !reason.isEmpty {
            ack.partialSuccess = ExportPartialSuccess(
                rejectedSpans: Int64(rejectedSpans), errorMessage: reason.bounded(toUTF8Bytes: maxMessageBytes))
        }
        actions.append(.send(OutgoingFrame(.ack, ack)))
        if case .leaving(let goAway, _) = state, inFlight.isEmpty { sendAway(goAway, &actions) }
        closeAfterGoodbye(&actions)
        // Frames that waited for the store are read now.
        if case .open = state, !listened, wantsBytes {
            liveness.received(now: now)
            readFrames(now: now, &actions)
        }
        return actions
    }

    /// The store cannot take a batch, nor any later one of this connection: the sender is sent away at once and comes
    /// back after the delay with everything that was not acknowledged.
    public mutating func batchFailed(retryAfter: Duration, now: SessionInstant) -> [ServerAction] {
        switch state {
        case .awaitingHello, .lookingUp, .closed: return []
        case .open, .leaving: break
        }
        let message = "the store could not take a batch"
        var actions: [ServerAction] = [.fault(SessionError(.storeFailed, message))]
        sendAway(
            GoAway(.overloaded, message, retryAfterMilliseconds: retryAfter.goAwayMilliseconds), &actions)
        return actions
    }

    mutating func closeAfterGoodbye(_ actions: inout [ServerAction]) {
        guard case .open = state, saidGoodbye, inFlight.isEmpty else { return }
        actions.append(.close(.saidGoodbye))
        close()
    }
}
