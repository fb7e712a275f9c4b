/// How long a machine waits for what; the defaults are the protocol's.
public struct SessionTiming: Sendable, Hashable {
    /// Until the first frame of the peer (`Hello` or `Welcome`) is complete.
    public var handshake: Duration
    /// Without a byte from the peer before a `Ping` is sent.
    public var silence: Duration
    /// Without a byte from the peer after the `Ping` before the connection is closed.
    public var pingAnswer: Duration
    /// Without a further byte of a frame that has begun before the connection is closed.
    public var frameProgress: Duration
    /// At the sender: for a connection to open. At the collector: for stores under way when a connection is to end.
    public var patience: Duration

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
