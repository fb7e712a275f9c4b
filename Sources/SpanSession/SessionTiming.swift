/// The times that a session waits; the defaults are the protocol's.
public struct SessionTiming: Sendable, Hashable {
    /// The time in which the first frame of the peer (`Hello` or `Welcome`) must be complete.
    public var handshake: Duration
    /// The silence of the peer after which a `Ping` is sent.
    public var silence: Duration
    /// The silence of the peer after the `Ping` at which the connection is closed.
    public var pingAnswer: Duration
    /// The time without a further byte of a frame that has begun, after which the connection is closed.
    public var frameProgress: Duration
    /// The time that a client gives a connection to open, and a server the stores under way when a connection is to
    /// end.
    public var patience: Duration

    /// Makes times; by default those of the protocol.
    public init(
        handshake: Duration = .seconds(10), silence: Duration = .seconds(15), pingAnswer: Duration = .seconds(15),
        frameProgress: Duration = .seconds(30), patience: Duration = .seconds(10)
    ) {
        self.handshake = handshake
        self.silence = silence
        self.pingAnswer = pingAnswer
        self.frameProgress = frameProgress
        self.patience = patience
    }
}
