import ProtoWire
import SpanModel

/// A batch as a collector received it, ready to be stored.
public struct IncomingBatch: Sendable, Hashable {
    /// Who numbered the batch; `SenderID.none` for a source without an id.
    public var sender: SenderID
    /// The batch's number, rising by sender; 0 for a batch without a number, which is always merged.
    public var sequence: UInt64
    /// What the sender says it is, such as `spanwire-swift/1.0`; the last one is kept.
    public var agent: String
    /// The reports. Those whose trace or span id is no id are left out and counted. Of a batch that came encoded they are
    /// decoded each time they are asked for.
    public var reports: SpanBatch {
        get { content.reports }
        set { content = .decoded(newValue) }
    }
    private var content: Content
    /// What the sender had to give up since its last batch; added to what is stored.
    public var dropped: [DropCount]
    /// Reports that were taken out of the batch before, because they are not fit for a store; counted with the sender.
    public var rejectedReports: Int
    /// When the collector received it, nanoseconds since 1970-01-01T00:00:00Z by its clock.
    public var receivedAtUnixNano: UInt64

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

    /// - Parameter payload: a `TracesData` of which all was read, so that it can be decoded.
    package init(
        sender: SenderID, sequence: UInt64, agent: String, checked payload: [UInt8], dropped: [DropCount],
        rejectedReports: Int, receivedAtUnixNano: UInt64
    ) {
        self.init(
            sender: sender, sequence: sequence, agent: agent, reports: SpanBatch(), dropped: dropped,
            rejectedReports: rejectedReports, receivedAtUnixNano: receivedAtUnixNano)
        content = .encoded(payload)
    }

    /// The reports as a `TracesData`: as they came where they came encoded, for an engine that keeps them so.
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

/// What became of an appended group.
public struct AppendResult: Sendable, Hashable {
    /// Span reports that were merged; copies of known ones count too.
    public var storedReports: Int
    /// Span reports that were left out because their trace or span id is no id.
    public var rejectedReports: Int
    /// Batches that were skipped because their sequence was stored already.
    public var skippedBatches: Int
    /// Span reports that were left out because their trace was deleted.
    public var deletedReports: Int

    public init(
        storedReports: Int = 0, rejectedReports: Int = 0, skippedBatches: Int = 0, deletedReports: Int = 0
    ) {
        self.storedReports = storedReports
        self.rejectedReports = rejectedReports
        self.skippedBatches = skippedBatches
        self.deletedReports = deletedReports
    }
}
