import ProtoWire
import SpanModel

/// The collector's side of one connection.
///
/// No socket, clock or store inside: events come in with the moment they happened at, actions go out, to be done in their
/// order. Between events the driver waits until `nextDeadline` and then calls `timeout(now:)`. It stops reading from a
/// socket that takes no writes, so that nothing piles up.
public struct ServerSession: Sendable {
    public let settings: ServerSettings

    /// - Parameter now: when the connection was accepted.
    public init(settings: ServerSettings, now: SessionInstant) { self.settings = settings }

    /// The sender, once its `Hello` was read.
    public var senderID: SenderID? { nil }

    /// When `timeout(now:)` is to be called, `nil` for never. Ask again after every event.
    public var nextDeadline: SessionInstant? { nil }

    /// Bytes came, in any cut.
    public mutating func received(_ bytes: borrowing RawSpan, now: SessionInstant) -> [ServerAction] { [] }

    /// The answer to `lookUpSender`: the highest sequence that is stored, 0 for none.
    public mutating func senderFound(storedSequence: UInt64, now: SessionInstant) -> [ServerAction] { [] }

    /// Another answer to `lookUpSender`, or at any later time: the sender is sent away.
    public mutating func refuse(_ goAway: GoAway, now: SessionInstant) -> [ServerAction] { [] }

    /// These batches, in the order of their `store`, are durable: they are acknowledged by one frame.
    public mutating func batchesStored(_ stored: [StoredBatch], now: SessionInstant) -> [ServerAction] { [] }

    /// The store cannot take a batch (nor any later one of this connection): the sender comes back after the delay.
    public mutating func batchFailed(retryAfter: Duration, now: SessionInstant) -> [ServerAction] { [] }

    /// A newer connection of the same sender is there: this one ends at once.
    public mutating func superseded(now: SessionInstant) -> [ServerAction] { [] }

    /// The collector shuts down: acknowledges what it took, takes no more, and asks to come back after the delay.
    public mutating func drain(retryAfter: Duration, now: SessionInstant) -> [ServerAction] { [] }

    /// The connection was closed by the peer or the network.
    public mutating func connectionClosed(now: SessionInstant) {}

    /// The deadline has come (harmless when it has not).
    public mutating func timeout(now: SessionInstant) -> [ServerAction] { [] }
}
