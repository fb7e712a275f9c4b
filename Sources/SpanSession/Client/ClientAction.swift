import SpanModel

/// What a sender's driver has to do, in the order in which it stands.
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

/// What became of a batch, or of a part of one.
public struct BatchReceipt: Sendable, Hashable {
    /// The place that gave the batch its ordinal.
    public var source: BatchSource
    /// The source's number for the batch that was handed to the session.
    public var ordinal: UInt64
    /// Where in the batch that was handed over the spans begin, in the order of its payload.
    public var firstSpan: Int
    /// How many of its spans this receipt is about.
    public var spans: Int
    /// How many of its `queuedBytes` this receipt gives free.
    public var queuedBytes: Int
    /// `nil`: stored. Else why the spans were given up; they are reported to the collector in the next batch.
    public var dropReason: DropReason?
    /// When the batch was sent, if this is about an ack of it; `nil` where a `Welcome` told that it is stored.
    public var sentAt: SessionInstant?

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

/// A number, and what goes out under it now and whenever it is sent again.
public struct NumberedBatch: Sendable, Hashable {
    /// The number, from 1.
    public var sequence: UInt64
    /// The place that gave the batch its ordinal.
    public var source: BatchSource
    /// The source's number for the batch that was handed to the session; 0 when there are only drop counts to tell.
    public var ordinal: UInt64
    /// Where in that batch the spans begin, in the order of its payload; more than 0 in a part of one that was split.
    public var firstSpan: Int
    /// How many spans go out.
    public var spanCount: Int
    /// Told with them.
    public var dropped: [DropCount]

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
    /// The same spans as then; none in one that only told of drops.
    public var batch: EncodedBatch
    /// The number it had; 0: it had none.
    public var sequence: UInt64
    /// What was told under that number.
    public var dropped: [DropCount]

    public init(batch: EncodedBatch, sequence: UInt64, dropped: [DropCount] = []) {
        self.batch = batch
        self.sequence = sequence
        self.dropped = dropped
    }
}

/// How a client session ended.
public enum ClientOutcome: Sendable, Equatable {
    /// After `goodbye`, everything being settled.
    case saidGoodbye
    /// The collector sent it away for good, or speaks another version; unsettled batches are still held, `abandon` gives
    /// them up.
    case refused(GoAway)
    /// `abandon` ended it.
    case abandoned
}
