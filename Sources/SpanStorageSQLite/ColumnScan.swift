import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Visits columns of all spans that may start in a range, on all cores, each span once.
///
/// Columns that are not stored are made from their blocks, as are those of spans with loose reports.
struct ColumnScan {
    private let finder: SpanFinder
    private let starts: ClosedRange<UInt64>
    private let wanted: SpanColumns.Wanted

    init(_ finder: SpanFinder, _ starts: ClosedRange<UInt64>, _ wanted: SpanColumns.Wanted) {
        self.finder = finder
        self.starts = starts
        self.wanted = wanted
    }

    /// How much is decompressed before it is handed on: some MiB.
    private static let partsAtOnce = 32

    /// How many spans will be visited at the most, but for loose ones.
    var spans: Int { finder.inOrder(of: starts).reduce(0) { $0 + $1.summary.spans } }

    /// - Parameters:
    ///   - read: takes columns; runs on several threads. `nil` where exact starts are needed: it is then called again with
    ///     those.
    ///   - take: takes what `read` returned, one after the other.
    func run<Found: Sendable>(
        _ read: @Sendable (ReadColumns) -> Found?, _ take: (Found) -> Void
    ) throws(SpanStoreError) {
        var leftOut = LeftOutSpans()
        let loose = try finder.looseSpans(starts)
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
        for run in finder.inOrder(of: starts) {
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
                for entry in try finder.reader.reports(run, number).entries { leftOut.insert(entry.key) }
            }
        }
        try hand(waiting, leftOut, read, take)
    }

    /// What of a run is to be read, in pieces.
    private func parts(of run: Run) throws(SpanStoreError) -> [ColumnPart] {
        let blocks = try finder.reader.blocks(of: run)
        func mayMatter(_ number: Int) -> Bool {
            blocks[number].minStart <= starts.upperBound && blocks[number].maxStart >= starts.lowerBound
        }
        var parts: [ColumnPart] = []
        func addBlocks(_ numbers: Range<Int>) throws(SpanStoreError) {
            let meant = numbers.filter(mayMatter)
            for start in stride(from: 0, to: meant.count, by: Self.blocksPerPart) {
                let some = meant[start..<min(start + Self.blocksPerPart, meant.count)]
                parts.append(try ColumnPart(blocks: Array(some), of: run, finder.reader))
            }
        }
        var next = 0
        for stored in try finder.reader.columns(of: run) {
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
            let exact = try ColumnPart(blocks: Array(stored.blocks), of: parts[index].run, finder.reader)
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
        return try concurrentMap(parts, finder.reader.share) { part throws(SpanStoreError) in
            read(ReadColumns(try part.columns(wanted), leftOut, of: part))
        }
    }
}

/// Columns that are looked at.
struct ReadColumns: Sendable {
    let columns: SpanColumns
    private let leftOut: LeftOutSpans
    private let part: ColumnPart?

    init(_ columns: SpanColumns, _ leftOut: LeftOutSpans, of part: ColumnPart? = nil) {
        self.columns = columns
        self.leftOut = leftOut
        self.part = part
    }

    /// Whether a row is to be passed over, since its span is visited elsewhere.
    func isLeftOut(_ row: Int) -> Bool { leftOut.contains(columns, row) }

    /// The blocks that columns which were stored are of.
    var storedBlocks: (run: Run, first: Int)? {
        guard let part, case .stored(let stored) = part.form else { return nil }
        return (part.run, stored.blocks.lowerBound)
    }
}

/// Spans whose rows are not looked at, by the hashes that columns know them by.
struct LeftOutSpans: Sendable {
    private var keys: [Set<UInt64>] = [[], []]

    private var isEmpty: Bool { keys[0].isEmpty && keys[1].isEmpty }

    mutating func insert(_ key: SpanKey) {
        let trace = TraceHash(key).bits
        keys[Int(key.side.rawValue)].insert(UInt64(trace) << 32 | UInt64(SpanColumns.hash(key.spanID)))
    }

    /// Whether a row is one of theirs.
    func contains(_ columns: SpanColumns, _ row: Int) -> Bool {
        if isEmpty { return false }
        let side = SpanSide(columns.operations[Int(columns.operation[row])].kind)
        let trace = columns.traces[Int(columns.trace[row])]
        return keys[Int(side.rawValue)].contains(UInt64(trace) << 32 | UInt64(columns.span[row]))
    }
}

/// Columns on their way, for any thread.
struct ColumnPart: Sendable {
    enum Form {
        case stored(StoredColumns)
        /// Blocks as they are stored.
        case blocks([StoredBlock])
    }

    let form: Form
    let run: Run

    init(stored: StoredColumns, run: Run) {
        form = .stored(stored)
        self.run = run
    }

    /// - Parameter numbers: of the run.
    init(blocks numbers: [Int], of run: Run, _ reader: BlockReader) throws(SpanStoreError) {
        var blocks: [StoredBlock] = []
        for number in numbers { blocks.append(try reader.stored(run, number)) }
        form = .blocks(blocks)
        self.run = run
    }

    func columns(_ wanted: SpanColumns.Wanted) throws(SpanStoreError) -> SpanColumns {
        switch form {
        case .stored(let stored): return try stored.columns(wanted)
        case .blocks(let blocks): return try SpanColumns(of: blocks, wanted)
        }
    }
}

extension SpanColumns {
    /// Of blocks that have none stored.
    ///
    /// - Throws: `corrupt`.
    init(of blocks: [StoredBlock], _ wanted: Wanted) throws(SpanStoreError) {
        var set = ReportSet()
        var ends: [Int] = []
        let decompressor = BlockDecompressor()
        for block in blocks {
            try block.decompressed(decompressor).add(to: &set, withTerms: true)
            ends.append(set.entries.count)
        }
        do {
            var builder = SpanColumnsBuilder(rows: set.entries.count, wanted)
            var first = 0
            for end in ends {
                builder.beginBlock()
                var rows: [(members: ArraySlice<Int32>, merged: MergedSpan?)] = []
                try RunPlan.forEachSpan(set, in: first..<end) { members, _ throws(SpanStoreError) in
                    rows.append((members, members.count > 1 ? try set.stored(members).merged() : nil))
                }
                for (members, merged) in rows {
                    if let merged {
                        builder.add(merged)
                    } else {
                        let number = members[members.startIndex]
                        try builder.add(set.entries[Int(number)], number: number, of: set)
                    }
                }
                first = end
            }
            self = try builder.finish(set)
        } catch let error as SpanStoreError {
            throw error
        } catch let error as WireError {
            throw BlockReader.damaged("a block cannot be read (\(error.code.rawValue))")
        } catch {
            throw BlockReader.damaged("a block cannot be read")
        }
    }
}
