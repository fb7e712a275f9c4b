/// Which blocks of a run have spans of a trace, in chunks by the trace's hash.
///
/// A chunk holds the entries of its share of all hashes: four bytes of each entry's hash (the lower half, little-endian),
/// one entry behind the other, then two bytes of each entry's block.
package enum TraceIndex {
    /// About how many entries a chunk has: its bytes fill half a page of 8 KiB.
    static let chunkEntries = 600

    /// - Parameter entries: a trace's hash and a block's number, each pair once, in any order.
    package static func chunks(_ entries: [(hash: UInt64, block: UInt16)]) -> [[UInt8]] {
        let count = max(1, (entries.count + chunkEntries - 1) / chunkEntries)
        var members = [[Int]](repeating: [], count: count)
        for (number, entry) in entries.enumerated() { members[chunk(of: entry.hash, count: count)].append(number) }
        return members.map { numbers in
            var chunk: [UInt8] = []
            chunk.reserveCapacity(numbers.count * 6)
            for number in numbers {
                let low = UInt32(truncatingIfNeeded: entries[number].hash)
                for shift in stride(from: 0, to: 32, by: 8) { chunk.append(UInt8(truncatingIfNeeded: low >> shift)) }
            }
            for number in numbers {
                chunk.append(UInt8(truncatingIfNeeded: entries[number].block))
                chunk.append(UInt8(truncatingIfNeeded: entries[number].block >> 8))
            }
            return chunk
        }
    }

    /// In which of a run's chunks a trace's entries are.
    package static func chunk(of hash: UInt64, count: Int) -> Int { Int(((hash >> 32) &* UInt64(count)) >> 32) }

    /// The blocks that a chunk has for a trace; ones without it may be among them.
    package static func blocks(of hash: UInt64, in chunk: [UInt8]) -> [Int] {
        let count = chunk.count / 6
        let low = UInt32(truncatingIfNeeded: hash)
        var blocks: [Int] = []
        for number in 0..<count {
            let at = number * 4
            let entry =
                UInt32(chunk[at]) | UInt32(chunk[at + 1]) << 8 | UInt32(chunk[at + 2]) << 16
                | UInt32(chunk[at + 3]) << 24
            guard entry == low else { continue }
            let place = count * 4 + number * 2
            blocks.append(Int(chunk[place]) | Int(chunk[place + 1]) << 8)
        }
        return blocks
    }
}
