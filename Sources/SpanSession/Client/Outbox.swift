import SpanModel

/// The batches and drop counts that a sender has to deliver, over all its connections.
struct Outbox: Sendable {
    /// Batches that are not acknowledged.
    var held = HeldBatches()
    /// Spans that were given up and that no batch tells of yet.
    var drops = DropLedger()
    /// Whether no more batches come: a goodbye follows the last one.
    var isLeaving = false
    /// Whether the driver is told of numbers: `ClientSettings.tellsNumbers`.
    let tellsNumbers: Bool

    init(tellsNumbers: Bool) { self.tellsNumbers = tellsNumbers }

    /// Whether every batch is settled and every drop told.
    var isEmpty: Bool { held.isEmpty && drops.isEmpty }

    /// Whether everything was sent on the connection at hand.
    var isSent: Bool { !held.hasUnsent && drops.isEmpty }

    /// Finds something to be sent. Drops that no batch tells of get an empty one, one at a time.
    ///
    /// - Returns: `false` when there is nothing for now.
    mutating func findNext() -> Bool {
        if held.hasUnsent { return true }
        guard !drops.isEmpty, held.outstandingBytes == 0 || isLeaving else { return false }
        let empty = EncodedBatch(payload: [], spanCount: 0, queuedBytes: 0, ordinal: 0)
        held.append(HeldBatches.Held(batch: empty, isReport: true))
        return true
    }

    /// Gives the next batch a number, if it has none, and says so.
    ///
    /// - Parameter maxSixteenths: the heaviest batch that the collector accepts.
    mutating func numberNext(maxBytes: Int, maxSixteenths: Int, _ actions: inout [ClientAction]) {
        let next = held.nextUnsent
        guard next.sequence == 0 else { return }
        let weight = next.sixteenths ?? next.batch.mostSixteenths
        held.numberNext(dropped: &drops, maxBytes: maxBytes, maxCounts: maxSixteenths - weight)
        guard tellsNumbers else { return }
        let entry = held.nextUnsent
        actions.append(
            .numbered(
                NumberedBatch(
                    sequence: entry.sequence, source: entry.batch.source, ordinal: entry.batch.ordinal,
                    firstSpan: entry.batch.firstSpan, spanCount: entry.batch.spanCount, dropped: entry.dropped)))
    }

    /// Payload bytes of the next batch: with a number, what it has; without one, the most it may have, drop counts left out,
    /// but for the first of a batch that is there for nothing else.
    var bytesNeeded: Int {
        let next = held.nextUnsent
        guard next.sequence == 0 else { return next.batch.payload.count + next.trailer.count }
        guard next.isReport else { return next.batch.payload.count + HeldBatches.maxSequenceBytes }
        var told = next
        told.sequence = .max
        told.dropped = Array(drops.counts.prefix(1))
        return told.trailer.count
    }

    /// Whether the next batch is not too heavy. Mostly its bytes tell that, and nothing is counted.
    mutating func weighNext(upTo maxSixteenths: Int) -> Bool {
        let next = held.nextUnsent
        if next.batch.mostSixteenths + next.dropped.count <= maxSixteenths { return true }
        let weight = next.sixteenths ?? next.batch.sixteenths
        held.weighNext(weight)
        return weight + next.dropped.count <= maxSixteenths
    }

    /// Puts parts in the place of the next batch, which is larger or heavier than this collector takes. Spans that are so on
    /// their own are given up.
    mutating func splitNext(maxBytes: Int, maxSixteenths: Int, _ actions: inout [ClientAction]) {
        let entry = held.removeNextUnsent()
        drops.add(entry.dropped)
        if tellsNumbers, entry.sequence != 0 { actions.append(.unnumbered(entry.sequence)) }
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
        for spans in tooLarge.isEmpty && parts.isEmpty ? [0..<0] : tooLarge {
            drops.add(DropReason.spanTooLarge.rawValue, UInt64(clamping: spans.count))
            actions.append(
                .settled(
                    BatchReceipt(
                        source: entry.batch.source, ordinal: entry.batch.ordinal, firstSpan: spans.lowerBound,
                        spans: spans.count,
                        queuedBytes: bytesLeft, dropReason: .spanTooLarge)))
            bytesLeft = 0
        }
    }
}
