import SpanBlockStore
import SpanBlocks

/// How the slices of a run's search filters lie in rows of `term_index`.
struct TermRows {
    /// How many slices a row has; the last one may have fewer.
    let slicesPerRow: Int
    /// How many rows there are.
    let count: Int
    /// How many bytes a slice has.
    let sliceBytes: Int
    /// How many slices there are.
    private let slices: Int

    /// About as many bytes as fill half a page.
    private static let rowBytes = 4000

    /// How many slices of so many blocks a row has.
    static func slicesPerRow(blocks: Int) -> Int { max(1, rowBytes / max(TermSlices.sliceBytes(blocks: blocks), 1)) }

    init(of run: StoredRun) {
        slices = run.termBits
        sliceBytes = TermSlices.sliceBytes(blocks: run.blocks)
        slicesPerRow = Self.slicesPerRow(blocks: run.blocks)
        count = (slices + slicesPerRow - 1) / slicesPerRow
    }

    /// How many bytes the last row has.
    var lastRowBytes: Int { (slices - (count - 1) * slicesPerRow) * sliceBytes }
}
