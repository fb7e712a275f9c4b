/// The place of a block.
package struct BlockPlace: Sendable {
    /// The run that it is of.
    package let run: StoredRun
    /// The number of the block in the run.
    package let number: Int

    /// The id of the block.
    package var id: Int64 { run.partID(number) }
}
