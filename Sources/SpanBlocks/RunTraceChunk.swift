/// A chunk of a run's own index of traces: which of its blocks have spans of which traces.
package struct RunTraceChunk: Sendable, Hashable {
    /// A trace has spans in a block.
    package struct Entry: Sendable, Hashable {
        /// The trace.
        package var trace: TraceHash
        /// The number of the block in its run.
        package var block: UInt16

        /// Makes an entry.
        package init(trace: TraceHash, block: UInt16) {
            self.trace = trace
            self.block = block
        }
    }

    private let content: TraceChunkBytes

    /// Number of bytes of an entry.
    package static let entryBytes = TraceChunkBytes.entryBytes(runBytes: 0)

    /// A chunk as it was stored; `nil` for bytes that end within an entry.
    package init?(stored bytes: [UInt8]) {
        guard let content = TraceChunkBytes(bytes, runBytes: 0) else { return nil }
        self.content = content
    }

    private init(_ entries: [Entry]) {
        content = TraceChunkBytes(entries.map { ($0.trace, 0, $0.block) }, runBytes: 0)
    }

    /// Encodes an index.
    ///
    /// - Parameter entries: each once, in any order.
    package static func chunks(_ entries: [Entry]) -> [RunTraceChunk] {
        TraceIndex.members(entries.lazy.map(\.trace)).map { numbers in RunTraceChunk(numbers.map { entries[$0] }) }
    }

    /// The bytes to be stored.
    package var bytes: [UInt8] { content.bytes }

    /// The traces of all entries.
    package var traces: [TraceHash] { content.traces }

    /// Entries of the chunk, in their order.
    package var entries: [Entry] {
        var entries: [Entry] = []
        entries.reserveCapacity(content.count)
        content.forEach(of: nil) { entries.append(Entry(trace: $0, block: $2)) }
        return entries
    }

    /// The blocks with spans of a trace; blocks without it may be among them.
    package func blocks(of trace: TraceHash) -> [Int] {
        var blocks: [Int] = []
        content.forEach(of: trace) { blocks.append(Int($2)) }
        return blocks
    }

    /// Returns the fault of a chunk that cannot be, in words; `nil` when there is none.
    ///
    /// - Parameters:
    ///   - number: of this chunk.
    ///   - chunks: how many the index has.
    ///   - blocks: how many the run has.
    package func fault(_ number: Int, of chunks: Int, blocks: Int) -> String? {
        // All of a run are in one chunk: then each of its blocks is there.
        content.fault(number, of: chunks, blocks: [blocks], whole: chunks == 1 ? blocks : 0)
    }

    /// Returns `true` for a chunk of so few entries that some are missing, or very many are of few traces.
    ///
    /// - Parameter chunks: how many the index has.
    package func isSparse(of chunks: Int) -> Bool { TraceIndex.isSparse(entries: content.count, of: chunks) }
}
