import SpanBlocks

/// A segment that is to be stored in the place of its runs' own indexes.
package struct NewTraceSegment: Sendable {
    /// The runs, in the order in which entries number them.
    package let runs: [Int64]
    /// The index.
    package let chunks: [SegmentTraceChunk]
}
