import SpanModel

/// What a sender is and how it behaves.
public struct ClientSettings: Sendable {
    /// Under which the batches are numbered; new for each incarnation of a sender.
    public var senderID: SenderID
    /// Name and version of the program, for people.
    public var agent: String
    /// Empty when the collector asks for none.
    public var bearerToken: String
    /// The largest payload that is accepted from the collector, 1 KiB ... 4 GiB - 1 (clamped).
    public var maxFrameBytes: UInt32
    public var timing: SessionTiming
    public var backoff: BackoffPolicy
    /// Where the jitter and the tokens of pings come from; random in production.
    public var seed: UInt64

    /// What is offered to the collector. `identity` is all that this version can do.
    public var compressions: [Compression] { [.identity] }

    public init(
        senderID: SenderID, agent: String = "", bearerToken: String = "", maxFrameBytes: UInt32 = 64 << 20,
        timing: SessionTiming = SessionTiming(), backoff: BackoffPolicy = BackoffPolicy(), seed: UInt64
    ) {
        self.senderID = senderID
        self.agent = agent
        self.bearerToken = bearerToken
        self.maxFrameBytes = max(maxFrameBytes, 1024)
        self.timing = timing
        self.backoff = backoff
        self.seed = seed
    }
}
