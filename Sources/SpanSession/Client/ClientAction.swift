import SpanModel

/// What a sender's driver has to do, in the order in which it stands.
public enum ClientAction: Sendable, Equatable {
    /// Open a connection; tell by `connectionOpened` or `connectionClosed` with this number how it went.
    case connect(ConnectionNumber)
    /// Write the frame to the open connection, behind what was written before.
    case send(OutgoingFrame)
    /// Flush what was written, then close this connection; the machine is done with it and ignores what still comes
    /// from it.
    case close(ConnectionNumber)
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

/// Which of a sender's successive connections an event belongs to; rises by one from 1.
public struct ConnectionNumber: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What became of a batch, or of a part of one.
public struct BatchReceipt: Sendable, Hashable {
    /// The batch that was handed to the session.
    public var ordinal: UInt64
    /// How many of its spans this receipt is about.
    public var spans: Int
    /// How many of its `queuedBytes` this receipt gives free.
    public var queuedBytes: Int
    /// `nil`: stored. Else why the spans were given up; they are reported to the collector in the next batch.
    public var dropReason: DropReason?
    /// When the batch was sent, if this is about an ack of it; `nil` where a `Welcome` told that it is stored.
    public var sentAt: SessionInstant?

    public init(
        ordinal: UInt64, spans: Int, queuedBytes: Int, dropReason: DropReason? = nil, sentAt: SessionInstant? = nil
    ) {
        self.ordinal = ordinal
        self.spans = spans
        self.queuedBytes = queuedBytes
        self.dropReason = dropReason
        self.sentAt = sentAt
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
