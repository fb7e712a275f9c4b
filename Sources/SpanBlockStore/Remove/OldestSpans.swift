import SpanBlocks
import SpanStorage

/// The spans that are to go so that a store has so many bytes less.
struct OldestSpans {
    /// The most bytes that go in one exchange.
    private static let step = 64 << 20

    private let runs: [StoredRun]
    private let reader: BlockReader
    private var sizes: PartSizes

    /// Reads the runs.
    ///
    /// - Throws: `corrupt` where the file has parts of no run: what they take cannot be removed, and all runs would go for it.
    init(_ ledger: any BlockLedger) throws(SpanStoreError) {
        reader = BlockReader(ledger)
        let all = try reader.load().runs
        try ledger.checkBlocks(areOf: all, withParts: true)
        sizes = try reader.sizes()
        runs = all.sorted { $0.summary.maxStart < $1.summary.maxStart }
    }

    /// Ages: with the first, about so many bytes go, if it can be; with each further one more, with the last all.
    ///
    /// - Throws: `corrupt` where a run that goes does not take as much as its row says, or is not what its blocks are.
    mutating func borders(bytes: UInt64) throws(SpanStoreError) -> [UInt64] {
        if runs.isEmpty { return [] }
        var left = Int(min(bytes, UInt64(Self.step)))
        var borders: [UInt64] = []
        for run in runs {
            if left > 0 {
                try sizes.check(run)
                _ = try reader.blocks(of: run)
            }
            if borders.isEmpty, run.bytes > left { borders.append(try border(in: run, bytes: left)) }
            left -= run.bytes
            if left <= 0 { borders.append(run.summary.maxStart &+ 1) }
        }
        return borders + [UInt64.max]
    }

    /// The start behind which about so many bytes less are left of a run.
    private func border(in run: StoredRun, bytes: Int) throws(SpanStoreError) -> UInt64 {
        var set = ReportSet()
        try reader.readAll(run, into: &set, withTerms: false)
        let starts = set.entries.map(\.startUnixNano).sorted()
        let (product, _) = starts.count.multipliedReportingOverflow(by: bytes)
        return starts[min(product / max(run.bytes, 1), starts.count - 1)] &+ 1
    }
}
