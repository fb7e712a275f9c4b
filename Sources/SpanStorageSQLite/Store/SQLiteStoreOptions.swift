import SpanBlockStore

/// Settings of a writing store.
public struct SQLiteStoreOptions: Sendable, Hashable {
    /// The largest size of the file in bytes, rounded up to whole pages; `nil` for no limit but the disk's. Beyond
    /// it, `append` throws `disk_full`. The write-ahead log beside it comes on top.
    public var maxFileBytes: UInt64?
    /// How long to wait for another process that holds the file, in milliseconds; a negative time is none (clamped).
    public var busyTimeoutMilliseconds: Int32 {
        didSet { busyTimeoutMilliseconds = max(busyTimeoutMilliseconds, 0) }
    }

    /// About how much memory writing may take, in bytes, besides what is appended at once: an eighth for pages of the
    /// file, a quarter to know copies by, the rest to merge in. 4 MiB ... 1 TiB (clamped).
    public var memoryBytes: Int { didSet { memoryBytes = Self.clamped(memoryBytes: memoryBytes) } }

    /// Whether what was appended is merged while the store is open; `compact()` does it else.
    public var compactsInBackground: Bool

    /// Makes options; what is out of range is clamped.
    public init(
        maxFileBytes: UInt64? = nil, busyTimeoutMilliseconds: Int32 = 10_000, memoryBytes: Int = 128 << 20,
        compactsInBackground: Bool = true
    ) {
        self.compactsInBackground = compactsInBackground
        self.maxFileBytes = maxFileBytes
        self.memoryBytes = Self.clamped(memoryBytes: memoryBytes)
        self.busyTimeoutMilliseconds = max(busyTimeoutMilliseconds, 0)
    }

    private static func clamped(memoryBytes: Int) -> Int { min(max(memoryBytes, 4 << 20), 1 << 40) }

    /// How many reports are merged at once, where it is not told by the memory.
    var maxMergedReports: Int?
    /// How much is merged at once: 512 bytes of each of so many reports.
    var compaction: RunLimits {
        RunLimits(maxReports: maxMergedReports ?? min(mergeBytes / 512, 1 << 16), maxRawBytes: mergeBytes)
    }
    /// How many bytes are merged at once; in memory they are about twice that.
    var mergeBytes: Int { memoryBytes * 3 / 16 }
    /// How many reports are known: each takes up to 40 bytes.
    var knownReports: Int { memoryBytes / 4 / 40 }
}
