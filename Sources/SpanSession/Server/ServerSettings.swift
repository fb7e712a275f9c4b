/// The settings of a `ServerSession`: the limits, tokens and times of a connection.
public struct ServerSettings: Sendable {
    /// The name and version of the program, for people.
    public var agent: String
    /// The largest payload that is accepted, 1 KiB ... 4 GiB - 1 (clamped). Before the welcome, and for every frame but
    /// `Batch`, at most 64 KiB.
    public var maxFrameBytes: UInt32 {
        get { frameLimit }
        set { frameLimit = max(newValue, 1024) }
    }
    private var frameLimit: UInt32
    /// The greatest weight of a batch, in smallest spans, at least 1 (clamped): a span that says next to nothing has
    /// few bytes, and takes as much memory as any other once it is looked into. Four events, links, resources, entities
    /// or scopes weigh as much as a span, and so do sixteen attributes, elements of lists or drop counts. `Welcome`
    /// announces it.
    public var maxBatchWeight: Int { didSet { maxBatchWeight = max(maxBatchWeight, 1) } }
    /// The credit of a sender: payload bytes of batches that it may have outstanding.
    public var creditBytes: UInt64
    /// The tokens that are accepted; with none, no token is asked for.
    public var bearerTokens: [String]
    /// The times that the session waits.
    public var timing: SessionTiming

    /// The compressions that a sender may choose from, in any order, as far as `codec` has them; `identity` is always
    /// among them.
    public var compressions: [Compression]
    /// The codec that decompresses payloads; with `nil` nothing but `identity` is agreed on.
    public var codec: (any CompressionCodec)?
    /// The largest window of `zstdStream` as the logarithm to base 2, 17 ... 23 (clamped): each connection that
    /// compresses so takes this memory.
    public var windowLog: UInt32 { didSet { windowLog = Self.clamped(windowLog: windowLog) } }

    /// The compressions that are really supported.
    var supportedCompressions: [Compression] {
        guard let codec else { return [] }
        return compressions.filter(codec.compressions.contains)
    }

    /// Makes settings; what is out of range is clamped.
    public init(
        agent: String = "", maxFrameBytes: UInt32 = 64 << 20, maxBatchWeight: Int = 1 << 20,
        creditBytes: UInt64 = 16 << 20,
        bearerTokens: [String] = [], timing: SessionTiming = SessionTiming(),
        compressions: [Compression] = Compression.all, codec: (any CompressionCodec)? = nil, windowLog: UInt32 = 19
    ) {
        self.agent = agent
        frameLimit = max(maxFrameBytes, 1024)
        self.maxBatchWeight = max(maxBatchWeight, 1)
        self.creditBytes = creditBytes
        self.bearerTokens = bearerTokens
        self.timing = timing
        self.compressions = compressions
        self.codec = codec
        self.windowLog = Self.clamped(windowLog: windowLog)
    }

    /// Sets `maxFrameBytes` to less than senders can count on, so that tests need no large batches.
    package mutating func setFrameLimit(unclamped bytes: UInt32) { frameLimit = bytes }

    private static func clamped(windowLog: UInt32) -> UInt32 {
        min(max(windowLog, Compression.windowLogs.lowerBound), Compression.windowLogs.upperBound)
    }
}
