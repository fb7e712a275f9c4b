/// What a collector's side of a connection grants and demands.
public struct ServerSettings: Sendable {
    /// Name and version of the program, for people.
    public var agent: String
    /// The largest payload that is accepted, 1 KiB ... 4 GiB - 1 (clamped). Before the welcome, and for every frame but
    /// `Batch`, at most 64 KiB.
    public var maxFrameBytes: UInt32
    /// How many spans a batch may hold, at least 1: a span that says next to nothing has few bytes, and takes as much
    /// memory as any other once it is looked into. Four events, links, resources or scopes count like a span, and so do
    /// sixteen attributes or elements of lists.
    public var maxBatchSpans: Int
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
    public var windowLog: UInt32

    /// What is really supported.
    var supportedCompressions: [Compression] {
        guard let codec else { return [] }
        return compressions.filter(codec.compressions.contains)
    }

    public init(
        agent: String = "", maxFrameBytes: UInt32 = 64 << 20, maxBatchSpans: Int = 1 << 20,
        creditBytes: UInt64 = 16 << 20,
        bearerTokens: [String] = [], timing: SessionTiming = SessionTiming(),
        compressions: [Compression] = Compression.all, codec: (any CompressionCodec)? = nil, windowLog: UInt32 = 19
    ) {
        self.agent = agent
        self.maxFrameBytes = max(maxFrameBytes, 1024)
        self.maxBatchSpans = max(maxBatchSpans, 1)
        self.creditBytes = creditBytes
        self.bearerTokens = bearerTokens
        self.timing = timing
        self.compressions = compressions
        self.codec = codec
        self.windowLog = min(max(windowLog, Compression.windowLogs.lowerBound), Compression.windowLogs.upperBound)
    }
}
