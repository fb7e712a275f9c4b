/// What a collector's side of a connection grants and demands.
public struct ServerSettings: Sendable {
    /// Name and version of the program, for people.
    public var agent: String
    /// The largest payload that is accepted, 1 KiB ... 4 GiB - 1 (clamped). Before the welcome, and for every frame but
    /// `Batch`, at most 64 KiB.
    public var maxFrameBytes: UInt32 {
        get { frameLimit }
        set { frameLimit = max(newValue, 1024) }
    }
    private var frameLimit: UInt32
    /// What a batch may weigh, in smallest spans, at least 1 (clamped): a span that says next to nothing has few bytes, and
    /// takes as much memory as any other once it is looked into. Four events, links, resources, entities or scopes weigh as
    /// much as a span, and so do sixteen attributes, elements of lists or drop counts. `Welcome` announces it.
    public var maxBatchWeight: Int { didSet { maxBatchWeight = max(maxBatchWeight, 1) } }
    /// How many payload bytes of batches a sender may have outstanding.
    public var creditBytes: UInt64
    /// Any of these opens the door; empty: no token is asked for.
    public var bearerTokens: [String]
    public var timing: SessionTiming

    /// What a sender may choose from, in any order, as far as `codec` has it; `identity` needs no word.
    public var compressions: [Compression]
    /// What payloads are decompressed with; `nil`: nothing but `identity` is agreed on.
    public var codec: (any CompressionCodec)?
    /// The largest window of `zstdStream` as the logarithm to base 2, 17 ... 23 (clamped): each connection that
    /// compresses so takes this memory.
    public var windowLog: UInt32 { didSet { windowLog = Self.clamped(windowLog: windowLog) } }

    /// What is really supported.
    var supportedCompressions: [Compression] {
        guard let codec else { return [] }
        return compressions.filter(codec.compressions.contains)
    }

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
