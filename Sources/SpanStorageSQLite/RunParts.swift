import SpanBlocks
import SpanStorage

/// A table whose rows are parts of runs.
struct RunParts {
    let table: StaticString
    /// The column with the bytes that `run.bytes` counts.
    let content: StaticString?
    /// Numbers of a run's parts are below it.
    let count: @Sendable (Run) -> Int

    static let blocks = RunParts(table: "block", content: nil) { $0.blocks }

    static let all = [
        blocks,
        RunParts(table: "block_data", content: "data") { $0.blocks },
        RunParts(table: "term_index", content: "slices") { $0.termChunks },
        RunParts(table: "trace_index", content: "entries") { $0.traceSegment == 0 ? $0.traceChunks : 0 },
        RunParts(table: "span_columns", content: "data") { $0.blocks },
    ]
}

/// Looks whether the rows of a table of parts are those of the runs that there are, by a look-up for each run: where a row of
/// `run` is missing, or has fewer blocks than it should, its blocks tell.
final class PartCheck {
    private let parts: RunParts
    private let selectNext: Statement
    /// By run that has no rows behind its own: the first part of the run behind it.
    private var sound: [Int64: Int64] = [:]

    init(_ connection: Connection, _ parts: RunParts) throws(SpanStoreError) {
        self.parts = parts
        selectNext = try connection.prepare("SELECT id FROM \(parts.table) WHERE id >= ?1 ORDER BY id LIMIT 1")
    }

    /// - Parameter runs: all, by id.
    /// - Throws: `corrupt` for rows of no run, or of a run that has not so many.
    func check(_ runs: [Run]) throws(SpanStoreError) {
        try look(from: .min, to: runs.first?.part(0))
        var seen: [Int64: Int64] = [:]
        seen.reserveCapacity(runs.count)
        for (index, run) in runs.enumerated() {
            let next = index + 1 < runs.count ? runs[index + 1].part(0) : nil
            if let next, sound[run.id] == next {
                seen[run.id] = next
                continue
            }
            try look(from: run.part(0) + Int64(parts.count(run)), to: next)
            seen[run.id] = next
        }
        sound = seen
    }

    private func look(from first: Int64, to end: Int64?) throws(SpanStoreError) {
        selectNext.bind(0, first)
        defer { selectNext.reset() }
        guard try selectNext.step() else { return }
        let id = selectNext.integer(0)
        if let end, id >= end { return }
        throw StoredRow.damaged(
            "table \(parts.table) has row \(id), and table run no run \(id >> 16), or one without so many parts")
    }
}

/// What the parts of runs take.
struct PartSizes {
    private let select: Statement
    private let traces: TraceIndexReader
    private let segments: [Int64: TraceSegment]
    /// Entries by run, of each segment that was read.
    private var entries: [Int64: [Int64: Int]] = [:]

    init(
        _ connection: Connection, _ traces: TraceIndexReader, _ segments: [TraceSegment]
    ) throws(SpanStoreError) {
        self.traces = traces
        self.segments = Dictionary(segments.map { ($0.id, $0) }) { first, _ in first }
        // SQLite reads the length of a blob without the blob.
        let sums = RunParts.all.compactMap { parts in
            parts.content.map { content in
                "(SELECT coalesce(sum(length(\(content))), 0) FROM \(parts.table) WHERE id BETWEEN ?1 AND ?2)"
            }
        }
        select = try connection.prepare("SELECT \(sums.joined(separator: " + "))")
    }

    /// Looks whether a run takes what its row says.
    ///
    /// - Throws: `corrupt` where it does not.
    mutating func check(_ run: Run) throws(SpanStoreError) {
        select.bind(0, run.part(0))
        select.bind(1, run.part(PartID.maxParts - 1))
        defer { select.reset() }
        var bytes = try select.step() ? select.integer(0) : 0
        if run.traceSegment != 0 {
            // Bytes are those that a run was stored with: then it had an index of its own.
            let entries = try entries(of: run)
            guard TraceIndex.chunkCount(entries: entries) == run.traceChunks else {
                throw StoredRow.damaged("row \(run.id) of table run: trace_chunks is not of so many entries")
            }
            bytes += Int64(entries * RunTraceChunk.entryBytes)
        }
        guard bytes == run.bytes else {
            throw StoredRow.damaged("row \(run.id) of table run: bytes is not what its parts take")
        }
    }

    private mutating func entries(of run: Run) throws(SpanStoreError) -> Int {
        guard let segment = segments[run.traceSegment] else {
            throw StoredRow.damaged("segment \(run.traceSegment) is missing")
        }
        if let known = entries[segment.id] { return known[run.id] ?? 0 }
        var counts: [Int64: Int] = [:]
        for number in 0..<segment.chunks {
            let chunk = try traces.chunk(of: segment, number)
            for entry in chunk.entries {
                counts[try segment.run(of: entry), default: 0] += 1
            }
        }
        entries[segment.id] = counts
        return counts[run.id] ?? 0
    }
}
