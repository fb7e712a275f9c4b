import SpanBlocks

/// A run that is to be stored.
package struct NewRun: Sendable {
    /// Blocks, and what finds them.
    package let encoded: EncodedRun
    /// Hours since 1970, of the spans' start.
    package let partition: Int64
    /// The kind of its spans.
    package let kind: RunKind
    /// The level, by how often its reports were merged.
    package let level: RunLevel
    /// The range in which the starts of its spans lie once their reports elsewhere are joined.
    package let starts: ClosedRange<UInt64>

    /// Makes a run of blocks.
    package init(
        _ encoded: EncodedRun, partition: Int64, kind: RunKind, level: RunLevel, starts: ClosedRange<UInt64>
    ) {
        self.encoded = encoded
        self.partition = partition
        self.kind = kind
        self.level = level
        self.starts = starts
    }

    /// The bytes of its blocks, filters, indexes and columns.
    package var bytes: Int {
        encoded.blocks.reduce(0) { $0 + $1.data.count } + encoded.termSlices.count
            + encoded.traceChunks.reduce(0) { $0 + $1.bytes.count }
            + encoded.columns.reduce(0) { $0 + $1.data.count }
    }
}
