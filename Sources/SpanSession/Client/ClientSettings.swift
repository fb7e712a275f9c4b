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
    public var maxFrameBytes: UInt32 { didSet { maxFrameBytes = max(maxFrameBytes, 1024) } }
    public var timing: SessionTiming
    public var backoff: BackoffPolicy
    /// Added to the numbers of connections that the collector is told, so that those of a later start of the program with
    /// the same `senderID` are higher; a driver takes the time.
    public var firstConnection: UInt64
    /// Where the jitter and the tokens of pings come from; random in production.
    public var seed: UInt64

    /// Whether the session tells what it numbers, as a driver with a spool needs it: `numbered`, `unnumbered`,
    /// `acknowledged`.
    public var tellsNumbers = false

    /// What is offered to the collector, the best first, as far as `codec` has it.
    public var compressions: [Compression]
    /// What payloads are compressed with; `nil`: nothing but `identity` is offered.
    public var codec: (any CompressionCodec)?

    /// What is really offered.
    var offeredCompressions: [Compression] {
        let offered = compressions.filter { codec?.compressions.contains($0) ?? false }
        return offered.isEmpty ? [.identity] : offered
    }

    public init(
        senderID: SenderID, agent: String = "", bearerToken: String = "", maxFrameBytes: UInt32 = 64 << 20,
        timing: SessionTiming = SessionTiming(), backoff: BackoffPolicy = BackoffPolicy(),
        compressions: [Compression] = Compression.all, codec: (any CompressionCodec)? = nil,
        firstConnection: UInt64 = 0,
        seed: UInt64
    ) {
        self.senderID = senderID
        self.agent = agent
        self.bearerToken = bearerToken
        self.maxFrameBytes = max(maxFrameBytes, 1024)
        self.timing = timing
        self.backoff = backoff
        self.compressions = compressions
        self.codec = codec
        self.firstConnection = firstConnection
        self.seed = seed
    }
}
