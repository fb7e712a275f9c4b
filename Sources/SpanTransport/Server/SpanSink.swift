import SpanModel
import SpanSession

/// Where a `SpanServer` hands over what senders deliver: a store, a counter, another hop.
///
/// The methods are called on the connection's event loop and return at once; each completion is called exactly once,
/// from any thread. What one connection hands over comes in its order, and must take effect in that order.
public protocol SpanSink: Sendable {
    /// Finds the highest sequence that is stored of a sender, 0 for none: after all batches of that sender that were handed over
    /// earlier have come to their end. From then on the connection is the sender's; an older one of the same sender is not
    /// any more.
    func findSender(
        _ sender: SenderID, connection: ServerConnectionID, agent: String,
        completion: @escaping @Sendable (SinkAnswer<UInt64>) -> Void)

    /// Stores a batch: spans, drop counts and sequence in one transaction. The completion means *durable*.
    ///
    /// After a batch of a connection was refused, every later one of that connection must be refused too, or the
    /// cumulative ack of the later one would speak for the one that is lost.
    func store(_ delivery: Delivery, completion: @escaping @Sendable (SinkAnswer<StoredBatch>) -> Void)

    /// A connection ended; nothing more of it follows.
    func connectionEnded(_ connection: ServerConnectionID, sender: SenderID?, saidGoodbye: Bool)
}

/// What a sink answers.
public enum SinkAnswer<Value: Sendable>: Sendable {
    /// It is done.
    case done(Value)
    /// It cannot be done now: the sender is sent away and comes back after the delay.
    case refused(retryAfter: Duration)
}

/// A batch on its way to a sink, with who sent it.
public struct Delivery: Sendable {
    public var connection: ServerConnectionID
    public var sender: SenderID
    /// What the sender says it is.
    public var agent: String
    public var batch: ReceivedBatch

    public init(connection: ServerConnectionID, sender: SenderID, agent: String, batch: ReceivedBatch) {
        self.connection = connection
        self.sender = sender
        self.agent = agent
        self.batch = batch
    }
}
