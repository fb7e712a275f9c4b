import SpanBlocks

/// A run that is stored: some blocks that were written together, with their indexes.
package struct StoredRun: Sendable {
    /// The number of the run: runs that were stored later have higher ones, and none is used twice.
    package let id: Int64
    /// Hours since 1970, of the spans' start.
    package let partition: Int64
    /// The kind of its spans.
    package let kind: RunKind
    /// The level, by how often its reports were merged.
    package let level: RunLevel
    /// The number of its blocks.
    package let blocks: Int
    /// The bytes of its blocks before compression.
    package let rawBytes: Int
    /// The bytes that it was stored with: of blocks, filters, indexes and columns.
    package let bytes: Int
    /// The range in which the starts of its spans lie once their reports elsewhere are joined.
    package let starts: ClosedRange<UInt64>
    /// The summary of all its blocks together.
    package let summary: BlockSummary
    /// Bits of each block's search filter.
    package let termBits: Int
    /// The number of chunks of its index of traces, or of the one that it had before a segment took its place.
    package let traceChunks: Int
    /// The segment that has its index of traces; `nil` where it has one of its own.
    package var traceSegment: Int64?

    /// Makes a run of what a ledger has of it.
    package init(
        id: Int64, partition: Int64, kind: RunKind, level: RunLevel, blocks: Int, rawBytes: Int, bytes: Int,
        starts: ClosedRange<UInt64>, summary: BlockSummary, termBits: Int, traceChunks: Int, traceSegment: Int64?
    ) {
        self.id = id
        self.partition = partition
        self.kind = kind
        self.level = level
        self.blocks = blocks
        self.rawBytes = rawBytes
        self.bytes = bytes
        self.starts = starts
        self.summary = summary
        self.termBits = termBits
        self.traceChunks = traceChunks
        self.traceSegment = traceSegment
    }

    /// A run as it is once it has been stored under an id.
    package init(id: Int64, _ run: NewRun) {
        self.init(
            id: id, partition: run.partition, kind: run.kind, level: run.level, blocks: run.encoded.blocks.count,
            rawBytes: run.encoded.rawBytes, bytes: run.bytes, starts: run.starts, summary: run.encoded.summary,
            termBits: run.encoded.termBits, traceChunks: run.encoded.traceChunks.count, traceSegment: nil)
    }

    /// The most bytes that a block of it has before it is compressed.
    package var maxBlockBytes: Int { min(rawBytes, BlockDecompressor.maxBytes) }

    /// The id of a part, such as the block with that number.
    package func partID(_ number: Int) -> Int64 { PartID.of(id, number) }
}
