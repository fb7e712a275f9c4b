import SpanModel
import SpanStorage

/// Removes the oldest spans, a part at a time, each in a transaction of the caller's.
struct OldSpanRemoval {
    /// How many spans at once.
    private static let part = 2_000

    /// What was removed at once.
    struct Part: Sendable {
        var spans: UInt64 = 0
        var traces: UInt64 = 0
    }

    private let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    /// Bytes of the pages that hold something.
    func usedBytes() throws(SpanStoreError) -> UInt64 {
        let pages = try connection.integer("PRAGMA page_count") - connection.integer("PRAGMA freelist_count")
        return UInt64(max(pages, 0)) * UInt64(max(try connection.integer("PRAGMA page_size"), 0))
    }

    /// Removes up to 2,000 spans, the oldest first (`MergedSpan.ageStartUnixNano`).
    ///
    /// - Parameter earliest: those that are not older than that stay; `nil` to remove whatever is the oldest.
    func removeOldest(before earliest: UInt64?) throws(SpanStoreError) -> Part {
        var report = Part()
        if earliest == 0 { return report }
        // Two indexed walks: spans whose start is known, and the few others by their end.
        let limit = earliest == nil ? "" : "AND age_start < ?1"
        let find = try connection.prepare(
            """
            SELECT id, trace_id FROM (
                SELECT * FROM (
                    SELECT id, trace_id, span_id, side, start_time_unix_nano AS age_start FROM merged_span
                    WHERE start_time_unix_nano > 0 \(limit)
                    ORDER BY start_time_unix_nano LIMIT \(Self.part)
                )
                UNION ALL SELECT * FROM (
                    SELECT id, trace_id, span_id, side, coalesce(end_time_unix_nano, 0) AS age_start FROM merged_span
                    WHERE start_time_unix_nano = 0 \(limit)
                    ORDER BY age_start LIMIT \(Self.part)
                )
            ) ORDER BY age_start, trace_id, span_id, side LIMIT \(Self.part)
            """)
        if let earliest { find.bind(0, unsigned: earliest) }
        var found: [(row: Int64, trace: [UInt8])] = []
        while try find.step() { found.append((find.integer(0), find.bytes(1))) }
        let delete = try connection.prepare("DELETE FROM merged_span WHERE id = ?1")
        for span in found {
            delete.bind(0, span.row)
            try delete.run()
        }
        let rest = try connection.prepare("SELECT 1 FROM merged_span WHERE trace_id = ?1 LIMIT 1")
        for trace in Set(found.map(\.trace)) {
            rest.bind(0, blob: trace)
            if try !rest.step() { report.traces += 1 }
            rest.reset()
        }
        report.spans = UInt64(found.count)
        return report
    }
}
