import SpanBlocks

/// Which spans the store has reports of, by partition: filters that never miss one and rarely find one that is not there.
///
/// For spans that come long after they started, such as from a spool after an outage: `KnownReports` has forgotten by then
/// what came at their time. A partition has a filter from its first report on; one that had runs before this process saw it,
/// or whose filter had to go for another's, has none.
struct PartitionKeys {
    /// A Bloom filter for so many keys as twenty bits each allow: it finds one of 10,000 that is not there.
    private struct Chunk {
        private var words: [UInt64]
        private(set) var count = 0
        private let bits: Int

        init(bits: Int) {
            self.bits = bits
            words = [UInt64](repeating: 0, count: bits / 64)
        }

        var isFull: Bool { count * 20 >= bits }
        var bytes: Int { words.count * 8 }

        /// Told by the two halves of a key.
        private static let bitsPerKey = 10

        func mayContain(_ key: UInt64) -> Bool {
            var position = UInt32(truncatingIfNeeded: key)
            let step = UInt32(truncatingIfNeeded: key >> 32) | 1
            for _ in 0..<Self.bitsPerKey {
                let bit = Int((UInt64(position) &* UInt64(bits)) >> 32)
                if words[bit >> 6] & 1 << UInt64(bit & 63) == 0 { return false }
                position &+= step
            }
            return true
        }

        /// Whether the first bit of a key is set.
        private func hasFirstBit(_ key: UInt64) -> Bool {
            let bit = Int(((key & 0xFFFF_FFFF) &* UInt64(bits)) >> 32)
            return words[bit >> 6] & 1 << UInt64(bit & 63) != 0
        }

        /// Marks reports whose keys may be here as not new.
        func find(_ reports: [HashedReport], in range: Range<Int>, _ areNew: inout [Bool]) {
            // One bit of each comes first, and tells of most: looks that do not wait for each other wait for memory at once.
            let mayBeHere = range.map { hasFirstBit(reports[$0].key) }
            for index in range where mayBeHere[index - range.lowerBound] && areNew[index] {
                areNew[index] = !mayContain(reports[index].key)
            }
        }

        mutating func insert(_ key: UInt64) {
            var position = UInt32(truncatingIfNeeded: key)
            let step = UInt32(truncatingIfNeeded: key >> 32) | 1
            for _ in 0..<Self.bitsPerKey {
                let bit = Int((UInt64(position) &* UInt64(bits)) >> 32)
                words[bit >> 6] |= 1 << UInt64(bit & 63)
                position &+= step
            }
            count += 1
        }
    }

    private struct Filter {
        var chunks = [Chunk(bits: 1 << 18)]
        /// When it was used last.
        var use: UInt64 = 0

        var bytes: Int { chunks.reduce(0) { $0 + $1.bytes } }

        /// - Returns: how many bytes more it has.
        mutating func insert(_ key: UInt64) -> Int {
            var more = 0
            if chunks[chunks.count - 1].isFull {
                let bits = min(chunks[chunks.count - 1].bytes * 8 * 4, PartitionKeys.maxChunkBits)
                chunks.append(Chunk(bits: bits))
                more = chunks[chunks.count - 1].bytes
            }
            chunks[chunks.count - 1].insert(key)
            return more
        }
    }

    private static let maxChunkBits = 1 << 25
    private var filters: [Int64: Filter] = [:]
    /// Partitions that may have reports that are in no filter.
    private var incomplete: Set<Int64> = []
    private var uses: UInt64 = 0
    private var bytes = 0
    private let maxBytes: Int

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    /// Whether it is not known yet if a partition has reports; then `begin` is to be called.
    func isUnknown(_ partition: Int64) -> Bool { filters[partition] == nil && !incomplete.contains(partition) }

    /// - Parameter isEmpty: the store has no reports of the partition.
    mutating func begin(_ partition: Int64, isEmpty: Bool) {
        guard isEmpty else {
            // Partitions without number would be those of wrong clocks.
            if incomplete.count > 4096 { incomplete.removeAll() }
            incomplete.insert(partition)
            return
        }
        filters[partition] = Filter()
        bytes += filters[partition]?.bytes ?? 0
    }

    /// Of each report, whether the store has surely none of its span.
    func areNew(_ reports: [HashedReport]) -> [Bool] {
        var areNew = [Bool](repeating: false, count: reports.count)
        var next = 0
        while next < reports.count {
            let partition = reports[next].partition
            var end = next + 1
            while end < reports.count, reports[end].partition == partition { end += 1 }
            if let filter = filters[partition] {
                for index in next..<end { areNew[index] = true }
                for chunk in filter.chunks { chunk.find(reports, in: next..<end, &areNew) }
            }
            next = end
        }
        return areNew
    }

    /// Takes reports in that are stored; those of a partition best come together.
    mutating func insert(_ reports: [HashedReport]) {
        var next = 0
        while next < reports.count {
            let partition = reports[next].partition
            var end = next + 1
            while end < reports.count, reports[end].partition == partition { end += 1 }
            // Out of the dictionary while it changes, so that it is not looked up and copied for each.
            if var filter = filters.removeValue(forKey: partition) {
                uses += 1
                filter.use = uses
                for report in reports[next..<end] { bytes += filter.insert(report.key) }
                filters[partition] = filter
                makeRoom(keeping: partition)
            }
            next = end
        }
    }

    private mutating func makeRoom(keeping partition: Int64) {
        while bytes > maxBytes, filters.count > 1,
            let oldest = filters.filter({ $0.key != partition }).min(by: { $0.value.use < $1.value.use })
        {
            bytes -= oldest.value.bytes
            filters[oldest.key] = nil
            incomplete.insert(oldest.key)
        }
        // One partition alone is too large: it goes on without.
        if bytes > maxBytes {
            filters.removeAll()
            bytes = 0
            incomplete.insert(partition)
        }
    }
}
