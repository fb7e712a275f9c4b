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

        /// The bits of a key: ten, by its two halves.
        private func forEachBit(_ key: UInt64, _ body: (Int, UInt64) -> Bool) -> Bool {
            var position = UInt32(truncatingIfNeeded: key)
            let step = UInt32(truncatingIfNeeded: key >> 32) | 1
            for _ in 0..<10 {
                let bit = Int((UInt64(position) &* UInt64(bits)) >> 32)
                if !body(bit >> 6, 1 << UInt64(bit & 63)) { return false }
                position &+= step
            }
            return true
        }

        func mayContain(_ key: UInt64) -> Bool { forEachBit(key) { words[$0] & $1 != 0 } }

        mutating func insert(_ key: UInt64) {
            var places: [(Int, UInt64)] = []
            _ = forEachBit(key) {
                places.append(($0, $1))
                return true
            }
            for (word, bit) in places { words[word] |= bit }
            count += 1
        }
    }

    private struct Filter {
        var chunks = [Chunk(bits: 1 << 18)]
        /// When it was used last.
        var use: UInt64 = 0

        var bytes: Int { chunks.reduce(0) { $0 + $1.bytes } }
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

    /// Whether the store has surely no report of a span.
    func isNew(_ key: UInt64, in partition: Int64) -> Bool {
        filters[partition].map { filter in !filter.chunks.contains { $0.mayContain(key) } } ?? false
    }

    /// Takes a report in that is stored.
    mutating func insert(_ key: UInt64, in partition: Int64) {
        guard filters[partition] != nil else { return }
        uses += 1
        filters[partition]?.use = uses
        let last = (filters[partition]?.chunks.count ?? 1) - 1
        if filters[partition]?.chunks[last].isFull == true {
            let bits = min((filters[partition]?.chunks[last].bytes ?? 0) * 8 * 4, Self.maxChunkBits)
            let chunk = Chunk(bits: bits)
            bytes += chunk.bytes
            filters[partition]?.chunks.append(chunk)
            filters[partition]?.chunks[last + 1].insert(key)
            makeRoom(keeping: partition)
        } else {
            filters[partition]?.chunks[last].insert(key)
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
