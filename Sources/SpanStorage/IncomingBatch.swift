import ProtoWire
import SpanModel

/// A batch as a collector received it, ready to be stored.
public struct IncomingBatch: Sendable, Hashable {
    /// Sender that numbered the batch; `SenderID.none` for a source without an id.
    public var sender: SenderID
    /// Number of the batch, rising for each sender; 0 for a batch without a number, which is always merged.
    public var sequence: UInt64
    /// Description that the sender gives of itself, such as `spanwire-swift/1.0`; a store keeps the last one.
    public var agent: String
    /// Span reports of the batch. A store leaves out and counts reports whose trace or span id is not valid. Reports of
    /// a batch that came encoded are decoded at each access.
    public var reports: SpanBatch {
        get { content.reports }
        set { content = .decoded(newValue) }
    }
    private var content: Content
    /// Spans that the sender had to drop since its last batch; a store adds them to the counts it keeps.
    public var dropped: [DropCount]
    /// Number of reports that were removed from the batch as unfit for a store; counted with the sender.
    public var rejectedReports: Int
    /// Time of receipt by the collector's clock, nanoseconds since 1970-01-01T00:00:00Z.
    public var receivedAtUnixNano: UInt64

    /// Creates a batch of decoded reports.
    public init(
        sender: SenderID = .none, sequence: UInt64 = 0, agent: String = "", reports: SpanBatch,
        dropped: [DropCount] = [], rejectedReports: Int = 0, receivedAtUnixNano: UInt64 = 0
    ) {
        self.sender = sender
        self.sequence = sequence
        self.agent = agent
        content = .decoded(reports)
        self.dropped = dropped
        self.rejectedReports = rejectedReports
        self.receivedAtUnixNano = receivedAtUnixNano
    }

    /// Creates a batch of encoded reports.
    ///
    /// - Parameter payload: an encoded `TracesData` that has been decoded once in full without a fault; one that cannot
    ///   be decoded stops the process.
    package init(
        sender: SenderID, sequence: UInt64, agent: String, checked payload: [UInt8], dropped: [DropCount],
        rejectedReports: Int, receivedAtUnixNano: UInt64
    ) {
        self.init(
            sender: sender, sequence: sequence, agent: agent, reports: SpanBatch(), dropped: dropped,
            rejectedReports: rejectedReports, receivedAtUnixNano: receivedAtUnixNano)
        content = .encoded(payload)
    }

    /// Reports as an encoded `TracesData`: the original bytes of a batch that came encoded.
    package var payload: [UInt8] {
        switch content {
        case .decoded(let reports): reports.encoded()
        case .encoded(let payload): payload
        }
    }

    private enum Content: Sendable, Hashable {
        case decoded(SpanBatch)
        case encoded([UInt8])

        var reports: SpanBatch {
            switch self {
            case .decoded(let reports): return reports
            case .encoded(let payload):
                let options = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))
                guard let reports = try? SpanBatch(decoding: payload, options: options) else {
                    preconditionFailure("a payload that was checked cannot be decoded")
                }
                return reports
            }
        }
    }
}

/// Outcome of appending a group of batches.
public struct AppendResult: Sendable, Hashable {
    /// Number of span reports that were merged; copies of known reports count too.
    public var storedReports: Int
    /// Number of span reports that were left out because their trace id or span id is not valid.
    public var rejectedReports: Int
    /// Number of batches that were skipped because their sequence was stored already.
    public var skippedBatches: Int
    /// Number of span reports that were left out because their trace was deleted.
    public var deletedReports: Int

    /// Creates a result from its counts.
    public init(
        storedReports: Int = 0, rejectedReports: Int = 0, skippedBatches: Int = 0, deletedReports: Int = 0
    ) {
        self.storedReports = storedReports
        self.rejectedReports = rejectedReports
        self.skippedBatches = skippedBatches
        self.deletedReports = deletedReports
    }
}
