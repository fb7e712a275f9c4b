import ProtoWire
import SpanModel

/// An instruction of a `ServerSession` to its driver. Instructions are done in the order in which they stand.
public enum ServerAction: Sendable, Equatable {
    /// Find the highest sequence of this sender that is stored, and answer with `senderFound` (or `refuse`). Asked
    /// once. If another connection of the same sender lives: one with a lower `Hello.connection`, or if either does not
    /// say one, is told `superseded` first, and looked for only after its batches on the way to the store have come to
    /// their end; if its number is as high or higher, this one is the older, and told `outdated`.
    case lookUpSender(SenderID, Hello)
    /// Store the batch, spans, drop counts and sequence in one transaction, and answer with `batchesStored` when it is
    /// durable. Batches are stored in this order; after one that failed none of this connection may follow.
    case store(ReceivedBatch)
    /// Write the frame, behind what was written before.
    case send(OutgoingFrame)
    /// The peer's fault, or that of a deadline, that ends the connection; for a log.
    case fault(SessionError)
    /// Flush what was written and close. The machine is over; what still comes is ignored. So that the last frame
    /// arrives, the driver closes its sending side first and reads on until the peer closes, for a second or so.
    case close(ServerOutcome)
}

/// A batch that is durably stored.
public struct StoredBatch: Sendable, Hashable {
    /// The sender's sequence number for the batch.
    public var sequence: UInt64
    /// The number of spans that the store itself refused, on top of those that the check took out.
    public var rejectedSpans: Int
    /// The reason in words; may be a warning with `rejectedSpans` 0; empty for nothing to say.
    public var message: String

    /// Makes the store's word that the batch of this sequence number is durable.
    public init(sequence: UInt64, rejectedSpans: Int = 0, message: String = "") {
        self.sequence = sequence
        self.rejectedSpans = rejectedSpans
        self.message = message
    }
}

/// The end of a connection, as the collector sees it.
public enum ServerOutcome: Sendable, Equatable {
    /// After `Goodbye`, everything being acknowledged: what the sender left running is not abandoned by a crash.
    case saidGoodbye
    /// The collector sent `GoAway`.
    case sentAway(GoAway)
    /// Nothing was said: the peer fell silent.
    case timedOut
}
