import SpanBlockStore
import SpanBlocks
import SpanModel
import SpanStorage

/// What a ledger in memory holds: a value, so that a view of it is a copy.
struct LedgerContent: Sendable {
    /// A run with its blocks.
    struct KeptRun: Sendable {
        var run: StoredRun
        var encoded: EncodedRun
    }

    /// A segment with its index.
    struct KeptSegment: Sendable {
        var segment: TraceSegment
        var chunks: [SegmentTraceChunk]
    }

    /// The runs by id.
    private(set) var runs: [Int64: KeptRun] = [:]
    /// The segments by id.
    private(set) var segments: [Int64: KeptSegment] = [:]
    /// The senders, without their presence.
    var senders: [SenderID: SenderSummary] = [:]
    /// Deleted traces with when they were deleted.
    var deletedTraces: [TraceID: UInt64] = [:]
    /// Who is connected.
    var presence = LedgerPresence()
    /// How many exchanges there were.
    var revision: Int64 = 0
    private var lastRun: Int64 = 0
    private var lastSegment: Int64 = 0

    mutating func insert(_ run: NewRun) {
        lastRun += 1
        runs[lastRun] = KeptRun(run: StoredRun(id: lastRun, run), encoded: run.encoded)
    }

    mutating func remove(_ ids: [Int64]) {
        for id in ids { runs[id] = nil }
        let used = Set(runs.values.compactMap(\.run.traceSegment))
        for id in segments.keys where !used.contains(id) { segments[id] = nil }
    }

    mutating func insert(_ segment: NewTraceSegment) {
        lastSegment += 1
        segments[lastSegment] = KeptSegment(
            segment: TraceSegment(id: lastSegment, runs: segment.runs, chunks: segment.chunks.count),
            chunks: segment.chunks)
        for id in segment.runs {
            runs[id]?.run.traceSegment = lastSegment
            runs[id]?.encoded.traceChunks = []
        }
    }

    /// The bytes that a run's parts take.
    func bytes(of id: Int64) -> Int {
        guard let encoded = runs[id]?.encoded else { return 0 }
        return encoded.blocks.reduce(0) { $0 + $1.data.count } + encoded.termSlices.count
            + encoded.traceChunks.reduce(0) { $0 + $1.bytes.count }
            + encoded.columns.reduce(0) { $0 + $1.data.count }
    }
}
