/// What a collector's side of a connection grants and demands.
public struct ServerSettings: Sendable {
    /// Name and version of the program, for people.
    public var agent: String
    /// The largest payload that is accepted, 1 KiB ... 4 GiB - 1 (clamped). Before the welcome, and for every frame but
    /// `Batch`, at most 64 KiB.
    public var maxFrameBytes: UInt32
    /// How many payload bytes of batches a sender may have outstanding.
    public var creditBytes: UInt64
    /// Any of these opens the door; empty: no token is asked for.
    public var bearerTokens: [String]
    public var timing: SessionTiming

    /// What a sender may choose from. `identity` is all that this version can do.
    public var compressions: [Compression] { [.identity] }

    public init(
        agent: String = "", maxFrameBytes: UInt32 = 64 << 20, creditBytes: UInt64 = 16 << 20,
        bearerTokens: [String] = [], timing: SessionTiming = SessionTiming()
    ) {
        self.agent = agent
        self.maxFrameBytes = max(maxFrameBytes, 1024)
        self.creditBytes = creditBytes
        self.bearerTokens = bearerTokens
        self.timing = timing
    }
}
