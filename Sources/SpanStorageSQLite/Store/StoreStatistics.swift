import SpanBlockStore
import SpanBlocks

/// How much a store holds and how it lies there.
public struct StoreStatistics: Sendable, Hashable {
    /// The spans of an hour.
    public struct Partition: Sendable, Hashable {
        /// When the hour begins, seconds since 1970-01-01T00:00:00Z.
        public var beginsUnixSeconds: Int64
        /// What it holds, by level, the lowest first.
        public var levels: [Level]

        /// Of all levels together.
        public var total: Level { levels.reduce(into: Level(level: 0)) { $0.add($1) } }
    }

    /// Runs that were merged equally often.
    public struct Level: Sendable, Hashable {
        /// 0 for what was appended, 9 for what is not merged again.
        public var level: Int
        /// Groups of blocks that were written together.
        public var runs = 0
        /// Each with up to some hundred spans.
        public var blocks = 0
        /// Spans of settled runs: each once.
        public var spans = 0
        /// Reports of spans that have, or may have, others elsewhere.
        public var looseReports = 0
        /// Of the blocks before they were compressed.
        public var rawBytes = 0
        /// Of blocks, filters and indexes.
        public var bytes = 0

        mutating func add(_ other: Level) {
            runs += other.runs
            blocks += other.blocks
            spans += other.spans
            looseReports += other.looseReports
            rawBytes += other.rawBytes
            bytes += other.bytes
        }
    }

    /// The oldest first.
    public var partitions: [Partition]
    /// Of the file, without its write-ahead log.
    public var fileBytes: Int
    /// Of pages in it that hold nothing.
    public var freeBytes: Int
    /// Reports that were appended: resent ones and copies count.
    public var storedReports: UInt64

    /// Of all partitions together.
    public var total: Level { partitions.reduce(into: Level(level: 0)) { $0.add($1.total) } }

    init(_ runs: [StoredRun], fileBytes: Int, freeBytes: Int, storedReports: UInt64) {
        self.fileBytes = fileBytes
        self.freeBytes = freeBytes
        self.storedReports = storedReports
        var levels: [Int64: [RunLevel: Level]] = [:]
        for run in runs {
            var one = Level(level: Int(run.level.rawValue))
            one.runs = 1
            one.blocks = run.blocks
            one.spans = run.kind == .settled ? run.summary.spans : 0
            one.looseReports = run.kind == .loose ? run.summary.reports : 0
            one.rawBytes = run.rawBytes
            one.bytes = run.bytes
            levels[run.partition, default: [:]][run.level, default: Level(level: Int(run.level.rawValue))].add(one)
        }
        partitions = levels.sorted { $0.key < $1.key }.map { hour, levels in
            Partition(beginsUnixSeconds: hour * 3600, levels: levels.sorted { $0.key < $1.key }.map(\.value))
        }
    }
}
