import SpanBlocks

/// A block as it is stored, with what its row says of it; for any thread.
package struct StoredBlock: Sendable {
    /// The id of the block.
    let id: Int64
    /// The summary of the block, as the ledger has it.
    let summary: BlockSummary
    /// The compressed bytes of the block.
    let frame: [UInt8]
    /// The most bytes that it may have before it is compressed.
    let maxBytes: Int

    /// Makes a block of what a ledger has of it.
    package init(_ place: BlockPlace, summary: BlockSummary, frame: [UInt8]) {
        id = place.id
        self.summary = summary
        self.frame = frame
        maxBytes = place.run.maxBlockBytes
    }
}
