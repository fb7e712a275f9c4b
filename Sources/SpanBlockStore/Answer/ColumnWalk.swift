import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Visits columns of all spans that may start in a range, on all cores, each span once.
///
/// Columns that are not stored are made from their blocks, as are those of spans with loose reports.
struct ColumnWalk {
    private let view: StoreView
    private let starts: ClosedRange<UInt64>
    private let wanted: SpanColumns.Wanted

    init(_ view: StoreView, _ starts: ClosedRange<UInt64>, _ wanted: SpanColumns.Wanted) {
        self.view = view
        self.starts = starts
        self.wanted = wanted
    }

    /// The most parts that are decompressed before they are handed on: some MiB.
    private static let partsAtOnce = 32

    /// The most spans that will be visited, but for loose ones.
    var spans: Int { view.inOrder(of: starts).reduce(0) { $0 + $1.summary.spans } }

    /// Visits the columns.
    ///
    /// - Parameters:
    ///   - read: takes columns; runs on several threads. `nil` where exact starts are needed: it is then called again with
    ///     those.
    ///   - take: takes what `read` returned, one after the other.
    func run<Found: Sendable>(
        _ read: @Sendable (ReadColumns) -> Found?, _ take: (Found) -> Void
    ) throws(SpanStoreError) {
        var leftOut = LeftOutSpans()
        let loose = try view.looseSpans(starts)
        var builder = SpanColumnsBuilder(rows: loose.spans.count)
        builder.beginBlock()
        for key in loose.spans.keys.sorted() {
            if let found = loose.spans[key] { builder.add(found.whole) }
        }
        if let columns = try? builder.finish(ReportSet()), let found = read(ReadColumns(columns, leftOut)) {
            take(found)
        }
        for key in loose.spans.keys { leftOut.insert(key) }
        var waiting: [ColumnPart] = []
        for run in view.inOrder(of: starts) {
            try SpanStoreError.checkCancelled()
            for part in try parts(of: run) {
                waiting.append(part)
                // Each run of whole spans has to know those of the runs before.
                if run.kind != .whole, waiting.count < Self.partsAtOnce { continue }
                try hand(waiting, leftOut, read, take)
                waiting.removeAll(keepingCapacity: true)
            }
            guard run.kind == .whole else { continue }
            for number in 0..<run.blocks {
                for entry in try view.reader.reports(run, number).entries { leftOut.insert(entry.key) }
            }
        }
        try hand(waiting, leftOut, read, take)
    }

    /// Returns the parts of a run that are to be read.
    private func parts(of run: StoredRun) throws(SpanStoreError) -> [ColumnPart] {
        let blocks = try view.reader.blocks(of: run)
        func mayMatter(_ number: Int) -> Bool {
            blocks[number].minStart <= starts.upperBound && blocks[number].maxStart >= starts.lowerBound
        }
        var parts: [ColumnPart] = []
        func addBlocks(_ numbers: Range<Int>) throws(SpanStoreError) {
            let meant = numbers.filter(mayMatter)
            for start in stride(from: 0, to: meant.count, by: Self.blocksPerPart) {
                let some = meant[start..<min(start + Self.blocksPerPart, meant.count)]
                parts.append(try ColumnPart(blocks: Array(some), of: run, view.reader))
            }
        }
        var next = 0
        for stored in try view.reader.columns(of: run) {
            if next < stored.blocks.lowerBound { try addBlocks(next..<stored.blocks.lowerBound) }
            if stored.blocks.contains(where: mayMatter) { parts.append(ColumnPart(stored: stored, run: run)) }
            next = stored.blocks.upperBound
        }
        if next < run.blocks { try addBlocks(next..<run.blocks) }
        return parts
    }

    private static let blocksPerPart = 8

    private func hand<Found: Sendable>(
        _ parts: [ColumnPart], _ leftOut: LeftOutSpans, _ read: @Sendable (ReadColumns) -> Found?,
        _ take: (Found) -> Void
    ) throws(SpanStoreError) {
        for (index, found) in try hand(parts, leftOut, read).enumerated() {
            if let found {
                take(found)
                continue
            }
            // Rare: a start lies at the very edge of what is asked for.
            guard case .stored(let stored) = parts[index].form else { continue }
            let exact = try ColumnPart(blocks: Array(stored.blocks), of: parts[index].run, view.reader)
            for found in try hand([exact], leftOut, read) {
                if let found { take(found) }
            }
        }
    }

    private func hand<Found: Sendable>(
        _ parts: [ColumnPart], _ leftOut: LeftOutSpans, _ read: @Sendable (ReadColumns) -> Found?
    ) throws(SpanStoreError) -> [Found?] {
        let wanted = wanted
        try SpanStoreError.checkCancelled()
        return try concurrentMap(parts, view.reader.share) { part throws(SpanStoreError) in
            read(ReadColumns(try part.columns(wanted), leftOut, of: part))
        }
    }
}
