import SpanBlocks
import SpanStorage

/// The indexes of traces of many finished runs as one, so that a trace is looked for once in all of them.
package struct TraceSegment: Sendable {
    /// The number of the segment: later ones have higher ones, and none is used twice.
    package let id: Int64
    /// The runs that it was made of; some may be gone.
    package let runs: [Int64]
    /// The number of chunks of its index.
    package let chunks: Int
    /// The number of blocks of each of its runs; `nil` for one that is gone, whose entries are left.
    package private(set) var blocks: [Int?]

    /// The number of finished runs of a partition that get a segment.
    static let runsPerSegment = 16

    /// Makes a segment of what a ledger has of it.
    package init(id: Int64, runs: [Int64], chunks: Int) {
        self.id = id
        self.runs = runs
        self.chunks = chunks
        blocks = [Int?](repeating: nil, count: runs.count)
    }

    /// Takes in which of its runs there are.
    mutating func note(_ all: [Int64: StoredRun]) { blocks = runs.map { all[$0]?.blocks } }

    /// The run that an entry of its index means.
    ///
    /// - Throws: `corrupt` for an entry of a run that the segment has not.
    package func run(of entry: SegmentTraceChunk.Entry) throws(SpanStoreError) -> Int64 {
        guard Int(entry.run) < runs.count else {
            throw .damaged("the index of segment \(id) has a run that the segment has not")
        }
        return runs[Int(entry.run)]
    }

    /// The id of a chunk of its index.
    package func partID(_ number: Int) -> Int64 { PartID.of(id, number) }

    /// The finished runs that get one next; `nil` when there are too few.
    static func next(_ runs: [StoredRun]) -> [StoredRun]? {
        let alone = runs.filter { $0.level == .finished && $0.traceSegment == nil }
        for (_, members) in Dictionary(grouping: alone, by: \.partition).sorted(by: { $0.key < $1.key })
        where members.count >= runsPerSegment {
            return Array(members.prefix(runsPerSegment))
        }
        return nil
    }
}
