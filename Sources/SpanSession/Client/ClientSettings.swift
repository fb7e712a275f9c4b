import SpanModel

/// The settings of a `ClientSession`: the sender's identity, and how it behaves.
public struct ClientSettings: Sendable {
    /// The identity under which batches are numbered; new for each incarnation of a sender.
    public var senderID: SenderID
    /// The name and version of the program, for people.
    public var agent: String
    /// The token that is shown to the collector; empty where it asks for none.
    public var bearerToken: String
    /// The largest payload that is accepted from the collector, 1 KiB ... 4 GiB - 1 (clamped).
    public var maxFrameBytes: UInt32 { didSet { maxFrameBytes = max(maxFrameBytes, 1024) } }
    /// The times that the session waits.
    public var timing: SessionTiming
    /// The delays between attempts to connect.
    public var backoff: BackoffPolicy
    /// Added to the numbers of connections that the collector is told, so that those of a later start of the program
    /// with the same `senderID` are higher; a driver takes the time.
    public var firstConnection: UInt64
    /// The seed of the jitter and of the tokens of pings; random in production.
    public var seed: UInt64

    /// Whether the session tells what it numbers, as a driver with a spool needs it: `numbered`, `unnumbered`,
    /// `acknowledged`.
    public var tellsNumbers = false

    /// The compressions that are offered to the collector, the best first, as far as `codec` has them.
    public var compressions: [Compression]
    /// The codec that compresses payloads; with `nil` nothing but `identity` is offered.
    public var codec: (any CompressionCodec)?

    /// The compressions that are really offered.
    var offeredCompressions: [Compression] {
        let offered = compressions.filter { codec?.compressions.contains($0) ?? false }
        return offered.isEmpty ? [.identity] : offered
    }

    /// Makes settings; what is out of range is clamped.
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
