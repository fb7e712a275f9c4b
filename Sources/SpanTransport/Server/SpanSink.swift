import SpanModel
import SpanSession

/// The place to which a `SpanServer` hands over what senders deliver: a store, a counter, another hop.
///
/// The methods are called on the connection's event loop and return at once; each completion is called exactly once,
/// from any thread. What one connection hands over comes in its order, and must take effect in that order.
public protocol SpanSink: Sendable {
    /// Finds the highest sequence that is stored of a sender, 0 for none: after all batches of that sender that were
    /// handed over earlier have come to their end. From then on the connection is the sender's; an older one of the
    /// same sender is not any more.
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

/// The answer of a sink.
public enum SinkAnswer<Value: Sendable>: Sendable {
    /// The request is done, with this result.
    case done(Value)
    /// The request cannot be done now: the sender is sent away and comes back after the delay.
    case refused(retryAfter: Duration)
}

/// A batch on its way to a sink, with who sent it.
public struct Delivery: Sendable {
    /// The connection on which the batch came.
    public var connection: ServerConnectionID
    /// The sender that numbered the batch.
    public var sender: SenderID
    /// The sender's word on its program, from its `Hello`.
    public var agent: String
    /// The batch, checked.
    public var batch: ReceivedBatch

    /// Makes a delivery.
    public init(connection: ServerConnectionID, sender: SenderID, agent: String, batch: ReceivedBatch) {
        self.connection = connection
        self.sender = sender
        self.agent = agent
        self.batch = batch
    }
}
