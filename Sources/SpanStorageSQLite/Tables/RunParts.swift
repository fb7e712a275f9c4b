import SpanBlockStore
import SpanBlocks

/// A table whose rows are parts of runs.
struct RunParts {
    let table: StaticString
    /// The column with the bytes that `run.bytes` counts.
    let content: StaticString?
    /// Numbers of a run's parts are below it.
    let count: @Sendable (StoredRun) -> Int

    static let blocks = RunParts(table: "block", content: nil) { $0.blocks }

    /// All tables of parts.
    static let all = [
        blocks,
        RunParts(table: "block_data", content: "data") { $0.blocks },
        RunParts(table: "term_index", content: "slices") { TermRows(of: $0).count },
        RunParts(table: "trace_index", content: "entries") { $0.traceSegment == nil ? $0.traceChunks : 0 },
        RunParts(table: "span_columns", content: "data") { $0.blocks },
    ]

    /// An expression for the bytes that the parts between ?1 and ?2 take. SQLite reads the length of a blob without the blob.
    static let bytes = all.compactMap { parts in
        parts.content.map { content in
            "(SELECT coalesce(sum(length(\(content))), 0) FROM \(parts.table) WHERE id BETWEEN ?1 AND ?2)"
        }
    }.joined(separator: " + ")
}
