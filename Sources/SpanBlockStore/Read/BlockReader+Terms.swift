import SpanBlocks
import SpanStorage

extension BlockReader {
    /// The blocks of a run that may have all terms.
    func blocks(of run: StoredRun, withTerms terms: [UInt64]) throws(SpanStoreError) -> [Int] {
        if !sized.contains(run.id) {
            guard try ledger.hasWholeTermIndex(of: run) else { throw Self.wrongSize(run) }
            sized.insert(run.id)
        }
        var bits = [UInt8](repeating: 0xFF, count: TermSlices.sliceBytes(blocks: run.blocks))
        var isAny = true
        let slices = Set(terms.flatMap { TermSlices.slices(of: $0, bits: run.termBits) })
        try ledger.forEachTermSlice(of: run, slices) { slice in
            for index in bits.indices { bits[index] &= slice[index] }
            isAny = bits.contains { $0 != 0 }
            return isAny
        }
        guard isAny else { return [] }
        return (0..<run.blocks).filter { bits[$0 >> 3] & (1 << UInt8($0 & 7)) != 0 }
    }

    /// The whole search index of a run.
    func slices(of run: StoredRun) throws(SpanStoreError) -> TermSlices {
        let bytes = try ledger.termIndex(of: run)
        guard let slices = TermSlices(stored: bytes, blocks: run.blocks, bits: run.termBits) else {
            throw Self.wrongSize(run)
        }
        return slices
    }

    private static func wrongSize(_ run: StoredRun) -> SpanStoreError {
        .damaged("run \(run.id)'s index has another size than it should")
    }
}
