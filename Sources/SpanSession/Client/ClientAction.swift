import SpanModel

/// An instruction of a `ClientSession` to its driver. Instructions are done in the order in which they stand.
public enum ClientAction: Sendable, Equatable {
    /// Open a connection; tell by `connectionOpened` or `connectionClosed` with this number how it went.
    case connect(ClientConnectionID)
    /// Write the frame to the open connection, behind what was written before.
    case send(OutgoingFrame)
    /// Flush what was written, then close this connection; the machine is done with it and ignores what still comes
    /// from it.
    case close(ClientConnectionID)
    /// A batch has got its number, which it keeps, and goes out under it with one of the next `send`: write the number
    /// down first. Only with `ClientSettings.tellsNumbers`.
    case numbered(NumberedBatch)
    /// The batch with this number was never stored and is taken apart: the number is skipped, the spans and drop counts
    /// come again under others. Only with `ClientSettings.tellsNumbers`.
    case unnumbered(UInt64)
    /// Everything up to this number is stored; the receipts follow. Only with `ClientSettings.tellsNumbers`.
    case acknowledged(through: UInt64)
    /// The collector took the sender in; for a log.
    case welcomed(Welcome)
    /// Batches came to their end, all of a batch or (where it had to be split) a part; hand it to `SpanQueue.settle`.
    case settled(BatchReceipt)
    /// The collector refused that many of the spans reported as stored by the receipts just before, or (0) repaired
    /// some; first reason in words.
    case partialSuccess(ExportPartialSuccess)
    /// The connection ended before its time: what the peer did, or the loss of it. A new attempt follows by itself.
    case disconnected(SessionError)
    /// The session is over and nothing more happens. Always the last action.
    case finished(ClientOutcome)
}

/// A receipt for a batch, or for a part of one: stored, or given up.
public struct BatchReceipt: Sendable, Hashable {
    /// The place that gave the batch its ordinal.
    public var source: BatchSource
    /// The source's number for the batch that was handed to the session.
    public var ordinal: UInt64
    /// The index of the receipt's first span in the batch that was handed over, in the order of its payload.
    public var firstSpan: Int
    /// The number of spans that the receipt is about.
    public var spans: Int
    /// The part of the batch's `queuedBytes` that the receipt gives free.
    public var queuedBytes: Int
    /// The reason for which the spans were given up, which the collector is told with the next batch; `nil` for stored
    /// spans.
    public var dropReason: DropReason?
    /// The moment at which the batch was sent, where an ack settled it; `nil` where a `Welcome` told that it is stored.
    public var sentAt: SessionInstant?

    /// Makes a receipt; by default for stored spans of a batch of the queue, from its first span on.
    public init(
        source: BatchSource = .queue, ordinal: UInt64, firstSpan: Int = 0, spans: Int, queuedBytes: Int,
        dropReason: DropReason? = nil,
        sentAt: SessionInstant? = nil
    ) {
        self.source = source
        self.ordinal = ordinal
        self.firstSpan = firstSpan
        self.spans = spans
        self.queuedBytes = queuedBytes
        self.dropReason = dropReason
        self.sentAt = sentAt
    }
}

/// A sequence number, and the spans and drop counts that go out under it now and whenever it is sent again.
public struct NumberedBatch: Sendable, Hashable {
    /// The sequence number, from 1.
    public var sequence: UInt64
    /// The place that gave the batch its ordinal.
    public var source: BatchSource
    /// The source's number for the batch that was handed to the session; 0 when there are only drop counts to tell.
    public var ordinal: UInt64
    /// The index of the first span in that batch, in the order of its payload; more than 0 in a part of one that was
    /// split.
    public var firstSpan: Int
    /// The number of spans that go out.
    public var spanCount: Int
    /// The drop counts that are told with the spans.
    public var dropped: [DropCount]

    /// Makes a numbered batch; by default of the queue, without drop counts.
    public init(
        sequence: UInt64, source: BatchSource = .queue, ordinal: UInt64, firstSpan: Int, spanCount: Int,
        dropped: [DropCount] = []
    ) {
        self.sequence = sequence
        self.source = source
        self.ordinal = ordinal
        self.firstSpan = firstSpan
        self.spanCount = spanCount
        self.dropped = dropped
    }
}

/// A batch that an earlier incarnation of the sender held, for `ClientSession.restore`.
public struct RestoredBatch: Sendable, Hashable {
    /// The spans that the earlier incarnation had under the number; none in a batch that only told of drops.
    public var batch: EncodedBatch
    /// The sequence number that the batch had; 0 for none.
    public var sequence: UInt64
    /// The drop counts that were told under the number.
    public var dropped: [DropCount]

    /// Makes a batch that an earlier incarnation held.
    public init(batch: EncodedBatch, sequence: UInt64, dropped: [DropCount] = []) {
        self.batch = batch
        self.sequence = sequence
        self.dropped = dropped
    }
}

/// The end of a client session.
public enum ClientOutcome: Sendable, Equatable {
    /// After `goodbye`, everything being settled.
    case saidGoodbye
    /// The collector sent it away for good, or speaks another version; unsettled batches are still held, `abandon`
    /// gives them up.
    case refused(GoAway)
    /// `abandon` ended it.
    case abandoned
}
