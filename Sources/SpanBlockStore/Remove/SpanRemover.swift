import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Removes spans: of a trace, by age, or the oldest; used by whoever owns the ledger's writer.
package struct SpanRemover {
    private let writer: any LedgerWriter

    /// Makes a remover of what a writer stores.
    package init(_ writer: any LedgerWriter) { self.writer = writer }

    /// The level at which blocks are compressed that are written anew.
    private static let level: Int32 = 1

    /// Writes the runs anew that have reports of a trace, without them, and remembers the trace.
    ///
    /// - Returns: how many spans it had.
    package func deleteTrace(_ id: TraceID, nowUnixNano: UInt64) throws(SpanStoreError) -> UInt64 {
        try writer.persist { exchange throws(SpanStoreError) in
            try exchange.noteDeletion(of: id, nowUnixNano: nowUnixNano)
            let view = try StoreView(BlockReader(try exchange.view()))
            let hash = TraceHash(id)
            var builder = RunBuilder(level: Self.level)
            var removed: Set<SpanKey> = []
            for run in view.runs {
                guard try !view.reader.blocks(of: run, withTrace: hash, view.segments).isEmpty else { continue }
                var set = ReportSet()
                try view.reader.readAll(run, into: &set, withTerms: true)
                let keys = set.entries.map(\.key).filter { $0.traceID == id }
                if keys.isEmpty {
                    guard set.entries.contains(where: { TraceHash($0.key) == hash }) else {
                        throw .damaged("the index of traces of run \(run.id) is not true of its blocks")
                    }
                    continue
                }
                removed.formUnion(keys)
                try exchange.rewrite(run, set, view, &builder) { $0.traceID != id }
            }
            return UInt64(removed.count)
        }
    }

    /// Removes spans that started before the hour that a time is in; see `AgeRemoval`. So most goes as whole runs, and
    /// once an hour.
    ///
    /// - Returns: how many.
    package func removeSpans(startedBefore earliest: UInt64) throws(SpanStoreError) -> UInt64 {
        try remove(before: earliest - earliest % Partition.nanoseconds)
    }

    /// Removes some of the oldest spans, where the store has more bytes in use than it may.
    ///
    /// - Returns: how many; `nil` when it has no more than that, or no spans.
    package func removeOldest(toBytes maxBytes: UInt64) throws(SpanStoreError) -> UInt64? {
        let used = try writer.usedBytes()
        guard used > maxBytes else { return nil }
        let ledger = try writer.view()
        let borders = try ledger.inOneView { () throws(SpanStoreError) in
            var oldest = try OldestSpans(ledger)
            return try oldest.borders(bytes: used - maxBytes)
        }
        for border in borders {
            let removed = try remove(before: border)
            if removed > 0 { return removed }
        }
        return nil
    }

    private func remove(before border: UInt64) throws(SpanStoreError) -> UInt64 {
        try writer.persist { exchange throws(SpanStoreError) in
            var removal = try AgeRemoval(exchange, border: border)
            var builder = RunBuilder(level: Self.level)
            try removal.run(&builder)
            return removal.removedSpans
        }
    }
}
