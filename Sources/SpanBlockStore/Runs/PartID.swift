/// Ids of the parts of runs and of segments: the owner's id, then 16 bits for the number of the part.
package enum PartID {
    /// Ids of runs and segments: their parts have ids too, and so would those of the next one.
    package static let owners: ClosedRange<Int64> = 1...(1 << 47) - 2
    /// The most parts of one kind that a run or a segment can have.
    package static let maxParts = 1 << 16

    /// The id of a part.
    package static func of(_ owner: Int64, _ number: Int) -> Int64 { owner << 16 | Int64(number) }

    /// The run or segment that a part is of.
    package static func owner(_ id: Int64) -> Int64 { id >> 16 }

    /// The number of a part among those of its owner.
    package static func number(_ id: Int64) -> Int { Int(id & Int64(maxParts - 1)) }
}
