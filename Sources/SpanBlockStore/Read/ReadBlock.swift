import ProtoWire
import SpanBlocks
import SpanModel
import SpanStorage

/// A block after decompression, with what its row says of it.
struct ReadBlock: Sendable {
    var id: Int64
    var summary: BlockSummary
    /// `TracesData`.
    var payload: [UInt8]

    /// Adds reports to a set, and holds all that the block has against its row.
    ///
    /// - Parameters:
    ///   - spans: those that are wanted, as `SpanColumns.hash` of their ids; `nil` for all.
    ///   - trace: the one that is wanted; `nil` for all.
    /// - Throws: `corrupt`.
    func add(
        to set: inout ReportSet, withTerms: Bool, only spans: [UInt32]? = nil, ofTrace trace: TraceID? = nil
    ) throws(SpanStoreError) {
        let added: ReportSet.Added
        do {
            added = try set.add(payload, withTerms: withTerms, only: spans, ofTrace: trace)
        } catch {
            throw .damaged("block \(id) cannot be read (\(error.code.rawValue))")
        }
        let agrees =
            spans == nil && trace == nil
            ? summary.agrees(with: added.reports) : summary.agrees(withStartsOf: added.reports)
        guard added.rejected == 0, agrees else {
            throw .damaged("block \(id) is not what its row says")
        }
    }

    /// Holds the block against its row and adds nothing.
    ///
    /// - Throws: `corrupt`.
    func check() throws(SpanStoreError) {
        var set = ReportSet()
        try add(to: &set, withTerms: false, only: [])
    }
}

extension StoredBlock {
    /// Decompresses the block.
    ///
    /// - Throws: `corrupt`.
    func decompressed(_ decompressor: borrowing BlockDecompressor) throws(SpanStoreError) -> ReadBlock {
        guard let payload = decompressor.decompress(frame, maxBytes: maxBytes) else {
            throw .damaged("block \(id) cannot be decompressed or its checksum differs")
        }
        return ReadBlock(id: id, summary: summary, payload: payload)
    }
}
