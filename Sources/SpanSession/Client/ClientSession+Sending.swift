import ProtoWire
import SpanModel

// What may be sent now is sent.
extension ClientSession {
    /// Sends as many batches as credit allows, then, on the way out, the goodbye.
    mutating func advance(now: SessionInstant, _ actions: inout [ClientAction]) {
        guard case .open = state, var link else { return }
        if !link.saidGoodbye { sendBatches(&link, now: now, &actions) }
        self.link = link
        if link.saidGoodbye, held.isEmpty {
            actions.append(.close(connection))
            finish(.saidGoodbye, &actions)
        }
    }

    private mutating func sendBatches(_ link: inout Link, now: SessionInstant, _ actions: inout [ClientAction]) {
        while true {
            if !held.hasUnsent {
                // Drops that no batch tells of get an empty one, one at a time.
                guard !drops.isEmpty, held.outstandingBytes == 0 || isLeaving else { break }
                let empty = EncodedBatch(payload: [], spanCount: 0, queuedBytes: 0, ordinal: 0)
                held.append(HeldBatches.Held(batch: empty, isReport: true))
            }
            guard sendNext(&link, now: now, &actions) else { break }
        }
        if isLeaving, !held.hasUnsent, drops.isEmpty {
            actions.append(.send(OutgoingFrame(.goodbye, Goodbye())))
            link.saidGoodbye = true
        }
    }

    /// - Returns: `false` when the next batch has to wait for credit.
    private mutating func sendNext(
        _ link: inout Link, now: SessionInstant, _ actions: inout [ClientAction]
    ) -> Bool {
        let needed = bytesNeeded(held.nextUnsent)
        guard needed <= link.maxFrameBytes, weighNext(upTo: link.maxBatchSixteenths) else {
            split(
                maxBytes: link.maxFrameBytes - HeldBatches.maxSequenceBytes, maxSixteenths: link.maxBatchSixteenths,
                &actions)
            return true
        }
        let frame: OutgoingFrame
        if link.compressor == nil, link.compressedNext == nil {
            guard held.outstandingBytes == 0 || needed <= link.credit else { return false }
            numberNext(link, maxBytes: roomForDrops(link), &actions)
            frame = OutgoingFrame(.batch, payload: held.nextUnsent.batch.payload, trailer: held.nextUnsent.trailer)
        } else {
            guard let compressed = compressNext(&link, &actions) else { return false }
            frame = compressed
        }
        let entry = held.nextUnsent
        let bytes = Int(frame.head.length)
        held.markSent(bytes: bytes, now: now)
        link.credit -= bytes
        link.highestSequence = max(link.highestSequence, entry.sequence)
        actions.append(.send(frame))
        return true
    }

    /// The next batch in its compressed form, or as it is where that is better; what it takes is known only now.
    ///
    /// - Returns: `nil` when it has to wait for credit; it is kept then, being part of the stream already.
    private mutating func compressNext(_ link: inout Link, _ actions: inout [ClientAction]) -> OutgoingFrame? {
        guard held.outstandingBytes == 0 || link.credit > 0 else { return nil }
        let frame = link.compressedNext ?? compressedFrame(&link, &actions)
        guard held.outstandingBytes == 0 || Int(frame.head.length) <= link.credit else {
            link.compressedNext = frame
            return nil
        }
        link.compressedNext = nil
        return frame
    }

    private mutating func compressedFrame(_ link: inout Link, _ actions: inout [ClientAction]) -> OutgoingFrame {
        numberNext(link, maxBytes: link.maxFrameBytes, &actions)
        let (payload, trailer) = (held.nextUnsent.batch.payload, held.nextUnsent.trailer)
        let count = payload.count + trailer.count
        // What does not shrink may grow a little, and must not grow over the limit.
        if count + count / 128 + 512 <= link.maxFrameBytes || count <= link.maxFrameBytes / 2 {
            if let compressed = link.compressor?.compress(payload, trailer), compressed.count <= link.maxFrameBytes {
                return OutgoingFrame(.batch, payload: compressed, isCompressed: true)
            }
        }
        return OutgoingFrame(.batch, payload: payload, trailer: trailer)
    }

    /// Gives the next batch a number, if it has none, and says so.
    private mutating func numberNext(_ link: Link, maxBytes: Int, _ actions: inout [ClientAction]) {
        let next = held.nextUnsent
        guard next.sequence == 0 else { return }
        let weight = next.sixteenths ?? next.batch.mostSixteenths
        held.numberNext(dropped: &drops, maxBytes: maxBytes, maxCounts: link.maxBatchSixteenths - weight)
        guard settings.tellsNumbers else { return }
        let entry = held.nextUnsent
        actions.append(
            .numbered(
                NumberedBatch(
                    sequence: entry.sequence, ordinal: entry.batch.ordinal, firstSpan: entry.batch.firstSpan,
                    spanCount: entry.batch.spanCount, dropped: entry.dropped)))
    }

    /// Payload bytes: with a number, what it has; without one, the most it may have, drop counts left out, but for the first
    /// of a batch that is there for nothing else.
    private func bytesNeeded(_ next: HeldBatches.Held) -> Int {
        guard next.sequence == 0 else { return next.batch.payload.count + next.trailer.count }
        guard next.isReport else { return next.batch.payload.count + HeldBatches.maxSequenceBytes }
        var told = next
        told.sequence = .max
        told.dropped = Array(drops.counts.prefix(1))
        return told.trailer.count
    }

    /// Whether the next batch is not too heavy. Mostly its bytes tell that, and nothing is counted.
    private mutating func weighNext(upTo maxSixteenths: Int) -> Bool {
        let next = held.nextUnsent
        if next.batch.mostSixteenths + next.dropped.count <= maxSixteenths { return true }
        let weight = next.sixteenths ?? next.batch.sixteenths
        held.weighNext(weight)
        return weight + next.dropped.count <= maxSixteenths
    }

    /// Drop counts must take a frame neither over the limit nor over the credit.
    private func roomForDrops(_ link: Link) -> Int {
        held.outstandingBytes == 0 ? link.maxFrameBytes : min(link.maxFrameBytes, link.credit)
    }

    /// The next batch is larger or heavier than this collector takes: parts take its place. Spans that are so on their own
    /// are given up.
    private mutating func split(maxBytes: Int, maxSixteenths: Int, _ actions: inout [ClientAction]) {
        let entry = held.removeNextUnsent()
        drops.add(entry.dropped)
        if settings.tellsNumbers, entry.sequence != 0 { actions.append(.unnumbered(entry.sequence)) }
        guard !entry.isReport else {
            // Counts under a number that earlier frames had room for are told again in parts. A new report has one count at
            // least, and if that does not fit, the limit leaves no room for it in a batch of any kind.
            if entry.sequence == 0, !drops.isEmpty { drops.removeFirst() }
            return
        }
        let (parts, tooLarge, tooLargeBytes) = entry.batch.split(
            maxBytes: maxBytes, maxSixteenths: maxSixteenths)
        held.putBack(parts, hadNumber: entry.sequence != 0)
        var bytesLeft = tooLargeBytes
        for run in tooLarge.isEmpty && parts.isEmpty ? [0..<0] : tooLarge {
            drops.add(DropReason.spanTooLarge.rawValue, UInt64(clamping: run.count))
            actions.append(
                .settled(
                    BatchReceipt(
                        ordinal: entry.batch.ordinal, firstSpan: run.lowerBound, spans: run.count,
                        queuedBytes: bytesLeft, dropReason: .spanTooLarge)))
            bytesLeft = 0
        }
    }
}
