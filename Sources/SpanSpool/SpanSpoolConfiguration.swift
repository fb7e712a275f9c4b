import SpanSession

/// The settings of a spool, in which a client keeps spans until they are delivered, so that they survive the process.
public struct SpanSpoolConfiguration: Sendable, Hashable {
    /// A directory of this client's own; made if it is missing, its parent must exist. Two processes cannot share one.
    public var directory: String
    /// The bytes that all segments together may take, at least 256 KiB (clamped). The ledgers, 128 KiB as a rule, come
    /// on top.
    public var maxBytes: Int { didSet { clamp() } }
    /// The size at which a segment is full and a new one is begun; 64 KiB ... 1 GiB, and at most a quarter of
    /// `maxBytes` (clamped, with either of the two). Room comes back segment by segment.
    public var segmentBytes: Int { didSet { clamp() } }
    /// The rule for what survives a crash of the machine. A crash of the process costs nothing, whatever this says.
    public var sync: SpoolSync
    /// The fate of a span for which `maxBytes` leaves no room.
    public var whenFull: FullQueuePolicy

    /// Makes settings; what is out of range is clamped.
    public init(
        directory: String, maxBytes: Int = 1 << 30, segmentBytes: Int = 8 << 20,
        sync: SpoolSync = .interval(.seconds(1)), whenFull: FullQueuePolicy = .dropNewest
    ) {
        self.init(
            unclamped: maxBytes, segmentBytes: segmentBytes, directory: directory, sync: sync, whenFull: whenFull)
        clamp()
    }

    /// Sizes that are too small for use, so that tests come to the end of a segment soon.
    init(
        unclamped maxBytes: Int, segmentBytes: Int, directory: String, sync: SpoolSync, whenFull: FullQueuePolicy
    ) {
        self.directory = directory
        self.maxBytes = maxBytes
        self.segmentBytes = segmentBytes
        self.sync = sync
        self.whenFull = whenFull
    }

    private mutating func clamp() {
        let most = max(maxBytes, 4 * SpanSpoolConfiguration.minSegmentBytes)
        let segment = min(max(segmentBytes, SpanSpoolConfiguration.minSegmentBytes), 1 << 30, most / 4)
        // Only what changes is set, for setting comes back here.
        if most != maxBytes { maxBytes = most }
        if segment != segmentBytes { segmentBytes = segment }
    }

    static let minSegmentBytes = 64 << 10
}

/// The moment at which what is spooled is forced to the disk's platter or cells (`fsync`).
public enum SpoolSync: Sendable, Hashable {
    /// When the operating system likes: a crash of the machine may cost the last half minute or so.
    case never
    /// At this interval while there is something new: a crash of the machine costs no more than that.
    case interval(Duration)
    /// As soon as a batch is full or its delay is over, and always before it is sent: a crash of the machine costs what
    /// was reported within `SpanQueueLimits.maxBatchDelay`.
    case everyBatch
}
