import SpanModel

// What may be sent now is sent.
extension ClientSession.Open {
    /// Sends as many batches as credit allows, then, on the way out, the goodbye.
    mutating func sendBatches(from outbox: inout Outbox, now: SessionInstant, _ actions: inout [ClientAction]) {
        guard !saidGoodbye else { return }
        while outbox.findNext(), sendNext(from: &outbox, now: now, &actions) {}
        if outbox.isLeaving, outbox.isSent {
            actions.append(.send(OutgoingFrame(.goodbye, Goodbye())))
            saidGoodbye = true
        }
    }

    /// - Returns: `false` when the next batch has to wait for credit.
    private mutating func sendNext(
        from outbox: inout Outbox, now: SessionInstant, _ actions: inout [ClientAction]
    ) -> Bool {
        let needed = outbox.bytesNeeded
        guard needed <= maxFrameBytes, outbox.weighNext(upTo: maxBatchSixteenths) else {
            outbox.splitNext(
                maxBytes: maxFrameBytes - HeldBatches.maxSequenceBytes, maxSixteenths: maxBatchSixteenths, &actions)
            return true
        }
        let isAlone = outbox.held.outstandingBytes == 0
        let frame: OutgoingFrame
        if compressor == nil, compressedNext == nil {
            guard isAlone || needed <= credit else { return false }
            // Drop counts must take a frame neither over the limit nor over the credit.
            let room = isAlone ? maxFrameBytes : min(maxFrameBytes, credit)
            outbox.numberNext(maxBytes: room, maxSixteenths: maxBatchSixteenths, &actions)
            let next = outbox.held.nextUnsent
            frame = OutgoingFrame(.batch, payload: next.batch.payload, trailer: next.trailer)
        } else {
            guard let compressed = compressNext(from: &outbox, isAlone: isAlone, &actions) else { return false }
            frame = compressed
        }
        let sequence = outbox.held.nextUnsent.sequence
        let bytes = Int(frame.head.length)
        outbox.held.markSent(bytes: bytes, now: now)
        credit -= bytes
        highestSequence = max(highestSequence, sequence)
        actions.append(.send(frame))
        return true
    }

    /// Gives the next batch its compressed form, or leaves it as it is where that is better; what it takes is known only now.
    ///
    /// - Parameter isAlone: nothing is outstanding, so that credit does not matter.
    /// - Returns: `nil` when it has to wait for credit; it is kept then, being part of the stream already.
    private mutating func compressNext(
        from outbox: inout Outbox, isAlone: Bool, _ actions: inout [ClientAction]
    ) -> OutgoingFrame? {
        guard isAlone || credit > 0 else { return nil }
        let frame = compressedNext ?? compressedFrame(from: &outbox, &actions)
        guard isAlone || Int(frame.head.length) <= credit else {
            compressedNext = frame
            return nil
        }
        compressedNext = nil
        return frame
    }

    private func compressedFrame(from outbox: inout Outbox, _ actions: inout [ClientAction]) -> OutgoingFrame {
        outbox.numberNext(maxBytes: maxFrameBytes, maxSixteenths: maxBatchSixteenths, &actions)
        let next = outbox.held.nextUnsent
        let (payload, trailer) = (next.batch.payload, next.trailer)
        let count = payload.count + trailer.count
        // What does not shrink may grow a little, and must not grow over the limit.
        if count + count / 128 + 512 <= maxFrameBytes || count <= maxFrameBytes / 2 {
            if let compressed = compressor?.compress(payload, trailer), compressed.count <= maxFrameBytes {
                return OutgoingFrame(.batch, payload: compressed, isCompressed: true)
            }
        }
        return OutgoingFrame(.batch, payload: payload, trailer: trailer)
    }
}
