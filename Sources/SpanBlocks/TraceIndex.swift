import ProtoWire

/// Which blocks of a run, or of a segment's runs, have spans of a trace, in chunks by the trace's hash.
///
/// A trace is known by the lower 32 bits of its hash, which also say in which chunk its entries are. A chunk holds those bits
/// of each entry (four bytes, little-endian), one entry behind the other, then in a segment a byte for the run, the how
/// manieth of the segment's, of each entry, then the block's number in two bytes.
package enum TraceIndex {
    /// A trace has spans in a block.
    package struct Entry: Sendable, Hashable {
        /// The lower half of `SpanKey.traceHash`.
        package var trace: UInt32
        /// The how manieth run of a segment.
        package var run: UInt8
        package var block: UInt16

        package init(trace: UInt32, run: UInt8 = 0, block: UInt16) {
            self.trace = trace
            self.run = run
            self.block = block
        }
    }

    /// About how many entries a chunk has: its bytes fill half a page of 8 KiB.
    private static let chunkEntries = 570
    /// How many runs a segment can have.
    package static let maxSegmentRuns = 256

    /// - Parameters:
    ///   - entries: each once, in any order.
    ///   - isSegment: whether the runs are told.
    package static func chunks(_ entries: [Entry], isSegment: Bool) -> [[UInt8]] {
        let count = chunkCount(entries: entries.count)
        var members = [[Int]](repeating: [], count: count)
        for (number, entry) in entries.enumerated() { members[chunk(of: entry.trace, count: count)].append(number) }
        return members.map { numbers in
            var chunk: [UInt8] = []
            chunk.reserveCapacity(numbers.count * 7)
            for number in numbers {
                let trace = entries[number].trace
                for shift in stride(from: 0, to: 32, by: 8) { chunk.append(UInt8(truncatingIfNeeded: trace >> shift)) }
            }
            if isSegment {
                for number in numbers { chunk.append(entries[number].run) }
            }
            for number in numbers {
                chunk.append(UInt8(truncatingIfNeeded: entries[number].block))
                chunk.append(UInt8(truncatingIfNeeded: entries[number].block >> 8))
            }
            return chunk
        }
    }

    /// How many chunks an index with so many entries has.
    package static func chunkCount(entries: Int) -> Int {
        min(max(1, (entries + chunkEntries - 1) / chunkEntries), 1 << 16)
    }

    /// What cannot be in a chunk, in words; `nil` where all can be. Any number of entries can be equal: whoever sends spans
    /// chooses their ids, and so can choose many traces that have one hash.
    ///
    /// - Parameters:
    ///   - number: of the chunk.
    ///   - chunks: how many there are.
    ///   - blocks: how many each run has; `nil` where that is not known.
    package static func fault(
        in chunk: [UInt8], _ number: Int, of chunks: Int, blocks: [Int?], isSegment: Bool
    ) -> String? {
        let count = chunk.count / entryBytes(isSegment: isSegment)
        let bytes = PayloadBytes(chunk.rawSpan)
        // All of one run are in one chunk: then each of its blocks is there.
        let whole = chunks == 1 && !isSegment ? blocks.first.flatMap { $0 } ?? 0 : 0
        var isLacking = [Bool](repeating: true, count: whole)
        var lacking = isLacking.count
        for index in 0..<count {
            // Proof for the loads: as in `entries`.
            let trace = bytes.half(unchecked: index &* 4)
            guard self.chunk(of: trace, count: chunks) == number else { return "entries are those of another chunk" }
            let run = isSegment ? bytes.byte(unchecked: count * 4 + index) : 0
            guard Int(run) < blocks.count else { return "entries have a run that the segment has not" }
            let block = bytes.pair(unchecked: count * (isSegment ? 5 : 4) + index * 2)
            if let most = blocks[Int(run)], block >= most { return "entries have a block that its run has not" }
            if Int(block) < isLacking.count, isLacking[Int(block)] {
                isLacking[Int(block)] = false
                lacking -= 1
            }
        }
        if lacking > 0 { return "entries have not all blocks of the run" }
        return nil
    }

    /// Whether a chunk has so few entries that some are missing, or very many are of few traces.
    package static func isSparse(_ chunk: [UInt8], of chunks: Int, isSegment: Bool) -> Bool {
        let count = chunk.count / entryBytes(isSegment: isSegment)
        return chunks > 1 && count * 2 * chunks < chunkEntries * (chunks - 1)
    }

    /// In which of so many chunks a trace's entries are.
    package static func chunk(of trace: UInt32, count: Int) -> Int { Int((UInt64(trace) &* UInt64(count)) >> 32) }

    /// How many bytes an entry takes.
    package static func entryBytes(isSegment: Bool) -> Int { isSegment ? 7 : 6 }

    /// The traces of all entries.
    package static func traces(in chunk: [UInt8], isSegment: Bool) -> [UInt32] {
        let bytes = PayloadBytes(chunk.rawSpan)
        // Proof for the loads: the chunk has six or seven bytes for each entry, first four of each.
        return (0..<chunk.count / entryBytes(isSegment: isSegment)).map { bytes.half(unchecked: $0 &* 4) }
    }

    /// What a chunk has, of one trace or of all. Blocks without the trace may be among them.
    package static func entries(in chunk: [UInt8], isSegment: Bool, of wanted: UInt32? = nil) -> [Entry] {
        let count = chunk.count / entryBytes(isSegment: isSegment)
        let bytes = PayloadBytes(chunk.rawSpan)
        var entries: [Entry] = []
        for number in 0..<count {
            // Proof for the loads: the chunk has six or seven bytes for each of the `count` entries, first four of each.
            let trace = bytes.half(unchecked: number &* 4)
            if let wanted, trace != wanted { continue }
            let place = count * (isSegment ? 5 : 4) + number * 2
            entries.append(
                Entry(
                    trace: trace, run: isSegment ? bytes.byte(unchecked: count * 4 + number) : 0,
                    block: bytes.pair(unchecked: place)))
        }
        return entries
    }
}
