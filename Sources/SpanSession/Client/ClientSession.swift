import ProtoWire
import SpanModel

/// A sender's side of the protocol, over all its successive connections.
///
/// No socket, clock or randomness inside: events come in with the moment they happened at, actions go out, to be done in
/// their order. Between events the driver waits until `nextDeadline` and then calls `timeout(now:)`.
///
/// ```swift
/// var session = ClientSession(settings: ClientSettings(senderID: .random(), seed: 1))
/// perform(session.start(now: now))
/// perform(session.connectionOpened(number, now: now))
/// perform(session.received(bytes.rawSpan, on: number, now: now))
/// while session.wantsBatch, let batch = queue.nextBatch(now: now) { perform(session.send(batch, now: now)) }
/// ```
///
/// A batch is kept until the collector has acknowledged it, and is sent again after a reconnect.
public struct ClientSession: Sendable {
    public let settings: ClientSettings

    public init(settings: ClientSettings) { self.settings = settings }

    /// Whether `send` is welcome: a connection is open, credit is left and nothing handed over before waits to be sent.
    /// A driver that hands over more all the same only takes memory from the queue to the session.
    public var wantsBatch: Bool { false }

    /// When `timeout(now:)` is to be called, `nil` for never. Ask again after every event.
    public var nextDeadline: SessionInstant? { nil }

    /// Whether every batch handed over is settled.
    public var isIdle: Bool { true }

    /// Begins to connect. Once.
    public mutating func start(now: SessionInstant) -> [ClientAction] { [] }

    /// The connection asked for by `connect` is open.
    public mutating func connectionOpened(_ connection: ConnectionNumber, now: SessionInstant) -> [ClientAction] { [] }

    /// The connection could not be opened, or was closed by the peer or the network.
    public mutating func connectionClosed(_ connection: ConnectionNumber, now: SessionInstant) -> [ClientAction] { [] }

    /// Bytes came, in any cut.
    public mutating func received(
        _ bytes: borrowing RawSpan, on connection: ConnectionNumber, now: SessionInstant
    ) -> [ClientAction] { [] }

    /// Takes a batch over, to be delivered for certain; legal at any time before `goodbye`.
    public mutating func send(_ batch: EncodedBatch, now: SessionInstant) -> [ClientAction] { [] }

    /// Spans were given up before they reached the session; told to the collector with the next batch.
    public mutating func reportDropped(_ dropped: [DropCount], now: SessionInstant) -> [ClientAction] { [] }

    /// No more batches: delivers what it holds, says goodbye and finishes.
    public mutating func goodbye(now: SessionInstant) -> [ClientAction] { [] }

    /// Ends at once and gives up every batch that is not acknowledged, with receipts. Also legal after `refused`.
    public mutating func abandon(_ reason: DropReason, now: SessionInstant) -> [ClientAction] { [] }

    /// The deadline has come (harmless when it has not).
    public mutating func timeout(now: SessionInstant) -> [ClientAction] { [] }
}
