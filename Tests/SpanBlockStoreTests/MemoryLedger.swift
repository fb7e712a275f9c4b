import SpanBlockStore
import SpanBlocks
import SpanModel
import SpanStorage

/// A ledger in memory.
final class MemoryLedger: BlockLedger {
    private let source: () -> LedgerContent
    private let trouble: LedgerTrouble?
    /// What is seen while a view is open.
    private var view: LedgerContent?

    /// - Parameters:
    ///   - trouble: what happens meanwhile.
    ///   - source: what there is now.
    init(_ trouble: LedgerTrouble?, source: @escaping () -> LedgerContent) {
        self.trouble = trouble
        self.source = source
    }

    private var content: LedgerContent { view ?? source() }

    func inOneView<Result>(_ body: () throws(SpanStoreError) -> Result) throws(SpanStoreError) -> Result {
        view = source()
        defer { view = nil }
        return try body()
    }

    func version() throws(SpanStoreError) -> Int64 {
        try trouble?.strike()
        return content.revision
    }

    // MARK: Runs and segments

    func runs(orNote damaged: ((SpanStoreError) -> Void)?) throws(SpanStoreError) -> [StoredRun] {
        try trouble?.strike()
        return content.runs.values.map(\.run).sorted { $0.id < $1.id }
    }

    func segments(orNote damaged: ((SpanStoreError) -> Void)?) throws(SpanStoreError) -> [TraceSegment] {
        content.segments.values.map(\.segment).sorted { $0.id < $1.id }
    }

    private func encoded(_ run: StoredRun) throws(SpanStoreError) -> EncodedRun {
        guard let kept = content.runs[run.id] else { throw .damaged("run \(run.id) is missing") }
        return kept.encoded
    }

    func hasServices(of run: StoredRun) throws(SpanStoreError) -> Bool { try !encoded(run).services.isEmpty }

    func forEachService(
        of runs: [StoredRun], _ body: (_ run: Int64, ServiceSummary) -> Void
    ) throws(SpanStoreError) {
        for run in runs {
            for service in try encoded(run).services {
                body(
                    run.id,
                    ServiceSummary(
                        name: service.name, spans: service.spans, newestStartUnixNano: service.newestStart))
            }
        }
    }

    // MARK: Blocks, columns, search filters

    func summaries(of run: StoredRun, _ numbers: Range<Int>) throws(SpanStoreError) -> [BlockSummary] {
        try encoded(run).blocks[numbers].map(\.summary)
    }

    func blocks(_ places: [BlockPlace]) throws(SpanStoreError) -> [StoredBlock] {
        try trouble?.strike()
        var blocks: [StoredBlock] = []
        for place in places {
            let block = try encoded(place.run).blocks[place.number]
            blocks.append(StoredBlock(place, summary: block.summary, frame: block.data))
        }
        return blocks
    }

    func columns(of run: StoredRun) throws(SpanStoreError) -> [StoredColumns] {
        try encoded(run).columns.map {
            StoredColumns(of: run, $0.firstBlock..<$0.firstBlock + $0.blocks, data: $0.data)
        }
    }

    func lastColumns(of run: StoredRun, upToBlock number: Int) throws(SpanStoreError) -> StoredColumns? {
        try columns(of: run).last { $0.blocks.lowerBound <= number }
    }

    func hasWholeTermIndex(of run: StoredRun) throws(SpanStoreError) -> Bool {
        try encoded(run).termSlices.count == run.termBits * TermSlices.sliceBytes(blocks: run.blocks)
    }

    func forEachTermSlice(
        of run: StoredRun, _ slices: Set<Int>, _ body: (_ slice: [UInt8]) -> Bool
    ) throws(SpanStoreError) {
        let bytes = try encoded(run).termSlices
        let width = TermSlices.sliceBytes(blocks: run.blocks)
        for slice in slices {
            guard body(Array(bytes[slice * width..<(slice + 1) * width])) else { return }
        }
    }

    func termIndex(of run: StoredRun) throws(SpanStoreError) -> [UInt8] { try encoded(run).termSlices }

    // MARK: Indexes of traces

    func checkChunkCount(of run: StoredRun) throws(SpanStoreError) {
        guard try encoded(run).traceChunks.count == run.traceChunks else {
            throw .damaged("run \(run.id) has more or fewer chunks than it should")
        }
    }

    func checkChunkCount(of segment: TraceSegment) throws(SpanStoreError) {
        guard content.segments[segment.id]?.chunks.count == segment.chunks else {
            throw .damaged("segment \(segment.id) has more or fewer chunks than it should")
        }
    }

    func traceChunk(of run: StoredRun, _ number: Int) throws(SpanStoreError) -> RunTraceChunk {
        try trouble?.strike()
        let chunk = try encoded(run).traceChunks[number]
        if let fault = chunk.fault(number, of: run.traceChunks, blocks: run.blocks) { throw .damaged(fault) }
        return chunk
    }

    func traceChunk(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> SegmentTraceChunk {
        guard let chunk = content.segments[segment.id]?.chunks[number] else {
            throw .damaged("segment \(segment.id) is missing")
        }
        if let fault = chunk.fault(number, of: segment.chunks, blocks: segment.blocks) { throw .damaged(fault) }
        return chunk
    }

    func traceEntries() throws(SpanStoreError) -> Int {
        content.runs.values.reduce(0) { $0 + $1.encoded.traceChunks.reduce(0) { $0 + $1.entries.count } }
            + content.segments.values.reduce(0) { $0 + $1.chunks.reduce(0) { $0 + $1.entries.count } }
    }

    func forEachTraceChunk(
        since place: TraceIndexPlace, _ body: ([TraceHash]) -> Void
    ) throws(SpanStoreError) -> TraceIndexPlace {
        try trouble?.strike()
        var next = place
        for (id, kept) in content.runs.sorted(by: { $0.key < $1.key }) {
            for (number, chunk) in kept.encoded.traceChunks.enumerated()
            where PartID.of(id, number) >= place.nextOfRuns {
                body(chunk.traces)
                next.nextOfRuns = PartID.of(id, number) + 1
            }
        }
        for (id, kept) in content.segments.sorted(by: { $0.key < $1.key }) {
            for (number, chunk) in kept.chunks.enumerated() where PartID.of(id, number) >= place.nextOfSegments {
                body(chunk.traces)
                next.nextOfSegments = PartID.of(id, number) + 1
            }
        }
        return next
    }

    // MARK: Checks

    /// Runs and their blocks are one value here.
    func checkBlocks(areOf runs: [StoredRun], withParts: Bool) throws(SpanStoreError) {}

    func bytes(of run: StoredRun) throws(SpanStoreError) -> Int { content.bytes(of: run.id) }

    func faults(_ runs: [StoredRun], _ segments: [TraceSegment]) -> [String] { [] }

    // MARK: Senders

    func storedSequence(of sender: SenderID) throws(SpanStoreError) -> UInt64 {
        content.senders[sender]?.storedSequence ?? 0
    }

    func senders(nowUnixNano: UInt64) throws(SpanStoreError) -> [SenderSummary] {
        content.senders.values.sorted { $0.sender < $1.sender }.map { known in
            var summary = known
            summary.presence = content.presence.presence(of: known.sender, nowUnixNano: nowUnixNano)
            return summary
        }
    }
}
