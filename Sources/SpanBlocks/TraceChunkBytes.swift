import ProtoWire

/// The bytes of a chunk of an index of traces.
///
/// First the hash of each entry's trace (four bytes, little-endian), one entry behind the other; then, in an index of several
/// runs, a byte for the run of each entry; then two bytes (little-endian) for the block of each.
struct TraceChunkBytes: Sendable, Hashable {
    let bytes: [UInt8]
    /// Bytes that tell an entry's run: 1, or 0 in an index of one run.
    private let runBytes: Int

    private static let hashBytes = 4
    private static let blockBytes = 2

    /// Number of bytes of an entry.
    static func entryBytes(runBytes: Int) -> Int { hashBytes + runBytes + blockBytes }

    /// Number of entries in the chunk.
    var count: Int { bytes.count / Self.entryBytes(runBytes: runBytes) }

    /// Takes bytes that were stored.
    ///
    /// - Returns: `nil` for bytes that end within an entry.
    init?(_ bytes: [UInt8], runBytes: Int) {
        guard bytes.count % Self.entryBytes(runBytes: runBytes) == 0 else { return nil }
        self.bytes = bytes
        self.runBytes = runBytes
    }

    /// Encodes entries.
    init(_ entries: [(trace: TraceHash, run: UInt8, block: UInt16)], runBytes: Int) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * Self.entryBytes(runBytes: runBytes))
        for entry in entries {
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: entry.trace.bits >> shift))
            }
        }
        if runBytes > 0 {
            for entry in entries { bytes.append(entry.run) }
        }
        for entry in entries {
            bytes.append(UInt8(truncatingIfNeeded: entry.block))
            bytes.append(UInt8(truncatingIfNeeded: entry.block >> 8))
        }
        self.bytes = bytes
        self.runBytes = runBytes
    }

    /// The traces of all entries.
    var traces: [TraceHash] {
        let payload = PayloadBytes(bytes.rawSpan)
        // Proof for the loads: the chunk has four bytes for the hash of each entry before anything else.
        return (0..<count).map { TraceHash(bits: payload.half(unchecked: $0 &* Self.hashBytes)) }
    }

    /// Calls `body` with entries: of one trace, or all of them.
    func forEach(of wanted: TraceHash?, _ body: (_ trace: TraceHash, _ run: UInt8, _ block: UInt16) -> Void) {
        let count = count
        let payload = PayloadBytes(bytes.rawSpan)
        let blocks = count * (Self.hashBytes + runBytes)
        for number in 0..<count {
            // Proof for the loads: the chunk has `entryBytes` for each of the `count` entries, in three parts one behind the
            // other, of four bytes, of `runBytes` and of two for each entry.
            let trace = TraceHash(bits: payload.half(unchecked: number &* Self.hashBytes))
            if let wanted, trace != wanted { continue }
            let run = runBytes > 0 ? payload.byte(unchecked: count * Self.hashBytes + number) : 0
            body(trace, run, payload.pair(unchecked: blocks + number * Self.blockBytes))
        }
    }

    /// Returns the fault of a chunk that cannot be, in words; `nil` when there is none. Any number of entries can be equal: whoever sends spans
    /// chooses their ids, and so can choose many traces that have one hash.
    ///
    /// - Parameters:
    ///   - number: of the chunk.
    ///   - chunks: how many there are.
    ///   - blocks: how many each run has; `nil` where that is not known.
    ///   - whole: the blocks of which each has to be there.
    func fault(_ number: Int, of chunks: Int, blocks: [Int?], whole: Int) -> String? {
        let count = count
        let payload = PayloadBytes(bytes.rawSpan)
        let places = count * (Self.hashBytes + runBytes)
        var isLacking = [Bool](repeating: true, count: whole)
        var lacking = isLacking.count
        for index in 0..<count {
            // Proof for the loads: as in `forEach`.
            let trace = TraceHash(bits: payload.half(unchecked: index &* Self.hashBytes))
            guard TraceIndex.chunk(of: trace, count: chunks) == number else {
                return "entries are those of another chunk"
            }
            let run = runBytes > 0 ? payload.byte(unchecked: count * Self.hashBytes + index) : 0
            guard Int(run) < blocks.count else { return "entries have a run that the segment has not" }
            let block = payload.pair(unchecked: places + index * Self.blockBytes)
            if let most = blocks[Int(run)], block >= most { return "entries have a block that its run has not" }
            if Int(block) < isLacking.count, isLacking[Int(block)] {
                isLacking[Int(block)] = false
                lacking -= 1
            }
        }
        if lacking > 0 { return "entries have not all blocks of the run" }
        return nil
    }
}
