/// A chunk of an index of traces that several runs share: which blocks of which runs have spans of which traces.
package struct SegmentTraceChunk: Sendable, Hashable {
    /// A trace has spans in a block.
    package struct Entry: Sendable, Hashable {
        /// The trace.
        package var trace: TraceHash
        /// The place of the run among those of the segment.
        package var run: UInt8
        /// The number of the block in its run.
        package var block: UInt16

        /// Makes an entry.
        package init(trace: TraceHash, run: UInt8, block: UInt16) {
            self.trace = trace
            self.run = run
            self.block = block
        }
    }

    private let content: TraceChunkBytes

    /// Greatest number of runs of a segment.
    package static let maxRuns = 256

    /// Number of bytes of an entry.
    package static let entryBytes = TraceChunkBytes.entryBytes(runBytes: 1)

    /// A chunk as it was stored; `nil` for bytes that end within an entry.
    package init?(stored bytes: [UInt8]) {
        guard let content = TraceChunkBytes(bytes, runBytes: 1) else { return nil }
        self.content = content
    }

    private init(_ entries: [Entry]) {
        content = TraceChunkBytes(entries.map { ($0.trace, $0.run, $0.block) }, runBytes: 1)
    }

    /// Encodes an index.
    ///
    /// - Parameter entries: each once, in any order.
    package static func chunks(_ entries: [Entry]) -> [SegmentTraceChunk] {
        TraceIndex.members(entries.lazy.map(\.trace)).map { numbers in SegmentTraceChunk(numbers.map { entries[$0] }) }
    }

    /// The bytes to be stored.
    package var bytes: [UInt8] { content.bytes }

    /// The traces of all entries.
    package var traces: [TraceHash] { content.traces }

    /// Entries of the chunk, in their order.
    package var entries: [Entry] { entries(of: nil) }

    /// The entries of a trace; blocks without it may be among them.
    package func entries(of trace: TraceHash) -> [Entry] { entries(of: .some(trace)) }

    private func entries(of trace: TraceHash?) -> [Entry] {
        var entries: [Entry] = []
        content.forEach(of: trace) { entries.append(Entry(trace: $0, run: $1, block: $2)) }
        return entries
    }

    /// Returns the fault of a chunk that cannot be, in words; `nil` when there is none.
    ///
    /// - Parameters:
    ///   - number: of this chunk.
    ///   - chunks: how many the index has.
    ///   - blocks: how many each run of the segment has; `nil` where that is not known.
    package func fault(_ number: Int, of chunks: Int, blocks: [Int?]) -> String? {
        content.fault(number, of: chunks, blocks: blocks, whole: 0)
    }

    /// Returns `true` for a chunk of so few entries that some are missing, or very many are of few traces.
    ///
    /// - Parameter chunks: how many the index has.
    package func isSparse(of chunks: Int) -> Bool { TraceIndex.isSparse(entries: content.count, of: chunks) }
}
