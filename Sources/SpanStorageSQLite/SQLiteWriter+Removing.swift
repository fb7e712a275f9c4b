import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

extension SQLiteWriter {
    /// Writes the runs anew that have reports of a trace, without them, and remembers the trace.
    ///
    /// - Returns: how many spans it had.
    func deleteTrace(_ id: TraceID, nowUnixNano: UInt64) throws(SpanStoreError) -> UInt64 {
        try change { connection, tables, builder throws(SpanStoreError) in
            try DeletedTraceTable.note(id, nowUnixNano: nowUnixNano, connection)
            let finder = try SpanFinder(try BlockReader(connection))
            let hash = TraceHash(id)
            var removed: Set<SpanKey> = []
            for run in finder.runs {
                guard try !finder.reader.blocks(of: run, withTrace: hash, finder.segments).isEmpty else { continue }
                var set = ReportSet()
                try finder.reader.readAll(run, into: &set, withTerms: true)
                let keys = set.entries.map(\.key).filter { $0.traceID == id }
                if keys.isEmpty {
                    guard set.entries.contains(where: { TraceHash($0.key) == hash }) else {
                        throw BlockReader.damaged("the index of traces of run \(run.id) is not true of its blocks")
                    }
                    continue
                }
                removed.formUnion(keys)
                try tables.rewrite(run, set, finder, &builder) { $0.traceID != id }
            }
            return UInt64(removed.count)
        }
    }

    /// Removes spans that started before the hour that a time is in; see `SpanRemoval`. So most goes as whole runs, and
    /// once an hour.
    ///
    /// - Returns: how many.
    func removeSpans(startedBefore earliest: UInt64) throws(SpanStoreError) -> UInt64 {
        try remove(before: earliest - earliest % Partition.nanoseconds)
    }

    /// Removes some of the oldest spans, where the store has more bytes in use than it may.
    ///
    /// - Returns: how many; `nil` when it has no more than that, or no spans.
    func removeOldest(toBytes maxBytes: UInt64) throws(SpanStoreError) -> UInt64? {
        let used = try usedBytes()
        guard used > maxBytes, let connection = openConnection else { return nil }
        var oldest = try OldestSpans(connection)
        for border in try oldest.borders(bytes: used - maxBytes) {
            let removed = try remove(before: border)
            if removed > 0 { return removed }
        }
        return nil
    }

    private func remove(before border: UInt64) throws(SpanStoreError) -> UInt64 {
        // What is removed for its age and comes again would be removed again, so copies of it may stay known.
        try change(forgets: false) { connection, tables, builder throws(SpanStoreError) in
            var removal = try SpanRemoval(connection, tables, border: border)
            try removal.run(&builder)
            return removal.removedSpans
        }
    }

    /// Bytes of the pages that hold something.
    func usedBytes() throws(SpanStoreError) -> UInt64 {
        guard let connection = openConnection else { throw .closedStore }
        let pages = try connection.integer("PRAGMA page_count") - connection.integer("PRAGMA freelist_count")
        return UInt64(max(pages, 0)) * UInt64(max(try connection.integer("PRAGMA page_size"), 0))
    }

    /// Forgets deletions that are older than spans may become.
    func forgetDeletions(before earliest: UInt64) throws(SpanStoreError) {
        try change(forgets: false) { connection, _, _ throws(SpanStoreError) in
            try DeletedTraceTable.forget(before: earliest, connection)
        }
    }
}
