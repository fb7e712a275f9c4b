import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Columns on their way, for any thread.
struct ColumnPart: Sendable {
    enum Form {
        case stored(StoredColumns)
        /// Blocks as they are stored.
        case blocks([StoredBlock])
    }

    let form: Form
    let run: StoredRun

    init(stored: StoredColumns, run: StoredRun) {
        form = .stored(stored)
        self.run = run
    }

    /// Makes a part of blocks.
    ///
    /// - Parameter numbers: of the run.
    init(blocks numbers: [Int], of run: StoredRun, _ reader: BlockReader) throws(SpanStoreError) {
        form = .blocks(try reader.stored(numbers.map { BlockPlace(run: run, number: $0) }))
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
    /// Makes columns of blocks that have none stored.
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
            throw .damaged("a block cannot be read (\(error.code.rawValue))")
        } catch {
            throw .damaged("a block cannot be read")
        }
    }
}
