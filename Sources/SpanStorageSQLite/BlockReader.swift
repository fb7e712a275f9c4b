import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Reads runs, their indexes and their blocks; on one connection, by whoever owns it.
final class BlockReader {
    private let selectRuns: Statement
    private let selectData: Statement
    private let selectBlocks: Statement
    private let selectService: Statement
    private let selectLastTerms: Statement
    private let selectTerms: Statement
    private let selectSegments: Statement
    private let selectVersion: Statement
    private let selectColumns: Statement
    private let selectColumnsOf: Statement
    private let connection: Connection
    /// How many threads look at what was read.
    let share: WorkShare
    /// What `load()` found last, and when.
    private var loaded: (version: Int64, runs: [Run], segments: [TraceSegment])?
    /// Origins of blocks that were read lately.
    private var origins = ReportSet()
    private static let maxOrigins = 4096
    /// Blocks that were read last, some 300 KB each.
    private var kept: [(id: Int64, set: ReportSet)] = []
    private static let maxKept = 8
    private let decompressor = BlockDecompressor()
    private let traces: TraceIndexReader
    private let blockCheck: PartCheck
    /// Runs whose rows of other tables were looked at.
    private var tied: Set<Int64> = []
    /// Runs whose search filters have the size that they should.
    private var sized: Set<Int64> = []
    /// Runs and segments with a chunk of few traces that are right all the same: by the first part, of
    /// segments negative.
    private var sparse: Set<Int64> = []
    private static let maxLookedAt = 1 << 16

    init(_ connection: Connection, _ share: WorkShare = .whole) throws(SpanStoreError) {
        self.connection = connection
        self.share = share
        selectRuns = try connection.prepare("SELECT \(Run.columns) FROM run ORDER BY id")
        selectData = try connection.prepare("SELECT data FROM block_data WHERE id = ?1")
        selectBlocks = try connection.prepare(
            """
            SELECT id, spans, reports, min_start, max_start, min_duration, max_duration, flags FROM block
            WHERE id BETWEEN ?1 AND ?2 ORDER BY id
            """)
        selectTerms = try connection.prepare("SELECT slices FROM term_index WHERE id = ?1")
        selectLastTerms = try connection.prepare(
            "SELECT id, length(slices) FROM term_index WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1")
        selectService = try connection.prepare("SELECT 1 FROM run_service WHERE run_id = ?1 LIMIT 1")
        traces = try TraceIndexReader(connection)
        blockCheck = try PartCheck(connection, .blocks)
        selectSegments = try connection.prepare("SELECT id, runs, chunks FROM trace_segment ORDER BY id")
        selectVersion = try connection.prepare("PRAGMA data_version")
        selectColumns = try connection.prepare(
            "SELECT id, blocks, data FROM span_columns WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
        selectColumnsOf = try connection.prepare(
            "SELECT id, blocks, data FROM span_columns WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1")
    }

    /// Runs `body` in one view of the file, whatever a writer does meanwhile.
    func inOneView<Result>(_ body: () throws(SpanStoreError) -> Result) throws(SpanStoreError) -> Result {
        try connection.inOneView(body)
    }

    /// All runs and segments, the oldest first; within `inOneView`, on a connection that writes nothing. Read again only when
    /// something was written.
    func load() throws(SpanStoreError) -> (runs: [Run], segments: [TraceSegment]) {
        // Within a view the number stands still; before the first look at a table it is not that of the view.
        _ = try connection.integer("SELECT count(*) FROM trace_segment")
        let version = try selectVersion.step() ? selectVersion.integer(0) : 0
        selectVersion.reset()
        if let loaded, loaded.version == version { return (loaded.runs, loaded.segments) }
        let runs = try runs()
        let segments = try segments(of: runs)
        try check(runs, have: segments)
        loaded = (version, runs, segments)
        return (runs, segments)
    }

    /// All runs, the oldest first.
    func runs() throws(SpanStoreError) -> [Run] {
        defer { selectRuns.reset() }
        var runs: [Run] = []
        while try selectRuns.step() { runs.append(try Run(selectRuns)) }
        return runs
    }

    /// All segments, the oldest first.
    ///
    /// - Parameter runs: all there are.
    func segments(of runs: [Run]) throws(SpanStoreError) -> [TraceSegment] {
        defer { selectSegments.reset() }
        var segments: [TraceSegment] = []
        while try selectSegments.step() { segments.append(try TraceSegment(selectSegments)) }
        return Self.noting(runs, segments)
    }

    private static func noting(_ runs: [Run], _ segments: [TraceSegment]) -> [TraceSegment] {
        if segments.isEmpty { return segments }
        let all = Dictionary(runs.map { ($0.id, $0) }) { first, _ in first }
        var segments = segments
        for index in segments.indices { segments[index].note(all) }
        return segments
    }

    /// The runs and segments whose rows can be read, and what is wrong with the others, or with how they fit together.
    func readable() throws(SpanStoreError) -> (runs: [Run], segments: [TraceSegment], faults: [String]) {
        defer {
            selectRuns.reset()
            selectSegments.reset()
        }
        var (runs, segments, faults): ([Run], [TraceSegment], [String]) = ([], [], [])
        while try selectRuns.step() {
            do throws(SpanStoreError) { runs.append(try Run(selectRuns)) } catch { faults.append(error.message) }
        }
        while try selectSegments.step() {
            do throws(SpanStoreError) {
                segments.append(try TraceSegment(selectSegments))
            } catch {
                faults.append(error.message)
            }
        }
        do throws(SpanStoreError) { try check(runs, have: segments) } catch { faults.append(error.message) }
        return (runs, Self.noting(runs, segments), faults)
    }

    /// What would be in no answer, or in a wrong one: a run whose segment does not know it, blocks whose run is missing, and
    /// a run of another kind, of which `run_service` tells.
    private func check(_ runs: [Run], have segments: [TraceSegment]) throws(SpanStoreError) {
        var segmentOf: [Int64: Int64] = [:]
        for segment in segments {
            for run in segment.runs { segmentOf[run] = segment.id }
        }
        for run in runs where segmentOf[run.id] ?? 0 != run.traceSegment {
            throw Self.damaged("run \(run.id) and trace_segment do not know each other")
        }
        try blockCheck.check(runs)
        for run in runs where !tied.contains(run.id) {
            try checkLastBlock(of: run)
            selectService.bind(0, run.id)
            defer { selectService.reset() }
            guard try selectService.step() == (run.kind == .settled) else {
                throw Self.damaged(
                    "table run_service has "
                        + (run.kind == .settled
                            ? "not all spans of run \(run.id)" : "run \(run.id), which is not settled"))
            }
        }
        tied = Set(runs.map(\.id))
    }

    /// A question passes over runs by their rows alone: where one is of another time than a block of it, it would be missing.
    private func checkLastBlock(of run: Run) throws(SpanStoreError) {
        let block: BlockSummary
        do {
            block = try self.block(run, run.blocks - 1)
        } catch {
            // It is missing to whoever reads it.
            if error.code == .corrupt { return }
            throw error
        }
        guard run.blocks == 1 ? block == run.summary : run.summary.covers(block) else {
            throw Self.damaged("run \(run.id) is not the sum of its blocks")
        }
    }

    /// What is known of each block of a run.
    func blocks(of run: Run) throws(SpanStoreError) -> [BlockSummary] {
        let blocks = try blocks(of: run, 0..<run.blocks)
        var total = BlockSummary()
        for block in blocks { total.add(block) }
        guard total == run.summary else { throw Self.damaged("run \(run.id) is not the sum of its blocks") }
        return blocks
    }

    /// What is known of some blocks of a run that lie one behind the other.
    func blocks(of run: Run, _ numbers: Range<Int>) throws(SpanStoreError) -> [BlockSummary] {
        selectBlocks.bind(0, run.part(numbers.lowerBound))
        selectBlocks.bind(1, run.part(numbers.upperBound - 1))
        defer { selectBlocks.reset() }
        var blocks: [BlockSummary] = []
        blocks.reserveCapacity(numbers.count)
        while try selectBlocks.step() {
            let id = selectBlocks.integer(0)
            guard id == run.part(numbers.lowerBound + blocks.count) else { break }
            blocks.append(try BlockSummary(StoredRow(selectBlocks, of: "block", id: id), counts: 1, statistics: 3))
        }
        guard blocks.count == numbers.count else {
            throw Self.damaged("row \(run.part(numbers.lowerBound + blocks.count)) of table block is missing")
        }
        return blocks
    }

    /// What is known of a block.
    func block(_ run: Run, _ number: Int) throws(SpanStoreError) -> BlockSummary {
        let blocks = try blocks(of: run, number..<number + 1)
        return blocks[0]
    }

    /// A block's `TracesData`.
    func read(_ run: Run, _ number: Int) throws(SpanStoreError) -> ReadBlock {
        try stored(run, number).decompressed(decompressor)
    }

    /// A block as it is stored.
    func stored(_ run: Run, _ number: Int) throws(SpanStoreError) -> StoredBlock {
        let id = run.part(number)
        selectData.bind(0, id)
        defer { selectData.reset() }
        guard try selectData.step() else { throw Self.damaged("row \(id) of table block_data is missing") }
        let frame = try StoredRow(selectData, of: "block_data", id: id).blob(0, "data")
        return StoredBlock(id: id, summary: try block(run, number), frame: frame, maxBytes: run.maxBlockBytes)
    }

    /// The columns of a run, as far as it has some.
    func columns(of run: Run) throws(SpanStoreError) -> [StoredColumns] {
        try columns(selectColumns, run, run.part(run.blocks - 1))
    }

    /// The columns that a block of a run has part in; `nil` for none.
    func columns(of run: Run, withBlock number: Int) throws(SpanStoreError) -> StoredColumns? {
        try columns(selectColumnsOf, run, run.part(number)).first { $0.blocks.contains(number) }
    }

    private func columns(
        _ statement: Statement, _ run: Run, _ last: Int64
    ) throws(SpanStoreError) -> [StoredColumns] {
        statement.bind(0, run.part(0))
        statement.bind(1, last)
        defer { statement.reset() }
        var all: [StoredColumns] = []
        while try statement.step() {
            let id = statement.integer(0)
            let row = StoredRow(statement, of: "span_columns", id: id)
            let first = Int(id - run.part(0))
            let count = try row.count(1, "blocks", in: 1...RunBuilder.maxBlocks)
            guard first >= all.last?.blocks.upperBound ?? 0, count <= run.blocks - first else {
                throw row.damaged("its blocks are not those of the run, or others' too")
            }
            all.append(StoredColumns(id: id, blocks: first..<first + count, data: try row.blob(2, "data")))
        }
        for index in all.indices { all[index].summaries = try blocks(of: run, all[index].blocks) }
        return all
    }

    /// A block's reports alone.
    ///
    /// - Parameter block: what was read of it already.
    func reports(
        _ run: Run, _ number: Int, read block: ReadBlock? = nil, withTerms: Bool = false
    ) throws(SpanStoreError) -> ReportSet {
        // Neighbours in a trace's order are in one block mostly. What a block holds never changes.
        let isKept = block == nil && !withTerms
        if isKept, let known = kept.first(where: { $0.id == run.part(number) }) { return known.set }
        var set = origins
        let block = if let block { block } else { try read(run, number) }
        try block.add(to: &set, withTerms: withTerms)
        if set.origins.count > Self.maxOrigins {
            origins = ReportSet()
        } else if set.origins.count > origins.origins.count {
            origins = set.withoutReports
        }
        if isKept {
            if kept.count == Self.maxKept { kept.removeFirst() }
            kept.append((run.part(number), set))
        }
        return set
    }

    /// The reports of some spans of a block, or all of them where the block was read lately.
    ///
    /// - Parameter spans: as `SpanColumns.hash` of their ids, and so of few others too.
    func reports(_ run: Run, _ number: Int, only spans: [UInt32]) throws(SpanStoreError) -> ReportSet {
        try someReports(run, number, only: spans, ofTrace: nil)
    }

    /// The reports of a trace in a block, or all of them where the block was read lately.
    func reports(_ run: Run, _ number: Int, ofTrace trace: TraceID) throws(SpanStoreError) -> ReportSet {
        try someReports(run, number, only: nil, ofTrace: trace)
    }

    private func someReports(
        _ run: Run, _ number: Int, only spans: [UInt32]?, ofTrace trace: TraceID?
    ) throws(SpanStoreError) -> ReportSet {
        if let known = kept.first(where: { $0.id == run.part(number) }) { return known.set }
        var set = origins
        try read(run, number).add(to: &set, withTerms: false, only: spans, ofTrace: trace)
        return set
    }

    /// A block's reports, of which an index says that they have certain traces.
    ///
    /// - Throws: `corrupt` where none of them is there.
    func reports(
        _ run: Run, _ number: Int, indexed isMeant: (TraceHash) -> Bool
    ) throws(SpanStoreError) -> ReportSet {
        let set = try reports(run, number)
        guard set.entries.contains(where: { isMeant(TraceHash($0.key)) }) else {
            throw Self.damaged("the index of traces of run \(run.id) is not true of its block \(number)")
        }
        return set
    }

    /// Adds all reports of a run to a set.
    func readAll(_ run: Run, into set: inout ReportSet, withTerms: Bool) throws(SpanStoreError) {
        let before = set.entries.count
        for number in 0..<run.blocks { try read(run, number).add(to: &set, withTerms: withTerms) }
        guard set.entries.count - before == run.summary.reports else {
            throw Self.damaged("run \(run.id) has other reports than its row says")
        }
    }

    /// The blocks of a run that may have spans of a trace.
    ///
    /// - Parameter segments: all there are.
    func blocks(
        of run: Run, withTrace trace: TraceHash, _ segments: [TraceSegment]
    ) throws(SpanStoreError) -> [Int] {
        if run.traceSegment != 0 {
            guard let segment = segments.first(where: { $0.id == run.traceSegment }) else {
                throw Self.damaged("segment \(run.traceSegment) is missing")
            }
            return try blocks(in: segment, withTrace: trace).filter { $0.run == run.id }.map(\.block)
        }
        let chunk = try traces.keptChunk(of: run, TraceIndex.chunk(of: trace, count: run.traceChunks))
        try checkSparse(chunk, of: run)
        return chunk.blocks(of: trace)
    }

    /// The blocks of a segment's runs that may have spans of a trace; some of the runs may be gone.
    func blocks(
        in segment: TraceSegment, withTrace trace: TraceHash
    ) throws(SpanStoreError) -> [(run: Int64, block: Int)] {
        let chunk = try chunk(of: segment, TraceIndex.chunk(of: trace, count: segment.chunks))
        var found: [(run: Int64, block: Int)] = []
        for entry in chunk.entries(of: trace) {
            found.append((try segment.run(of: entry), Int(entry.block)))
        }
        return found
    }

    /// All entries of a part of a run's own index.
    func entries(of run: Run, _ number: Int) throws(SpanStoreError) -> [RunTraceChunk.Entry] {
        let chunk = try traces.chunk(of: run, number)
        try checkSparse(chunk, of: run)
        return chunk.entries
    }

    /// All entries of a part of a segment's index.
    func entries(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> [SegmentTraceChunk.Entry] {
        try chunk(of: segment, number).entries
    }

    private func chunk(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> SegmentTraceChunk {
        let chunk = try traces.chunk(of: segment, number)
        if chunk.isSparse(of: segment.chunks) {
            let (runs, _) = try known()
            try checkSizes(-segment.part(0), of: runs.filter { $0.traceSegment == segment.id })
        }
        return chunk
    }

    private func checkSparse(_ chunk: RunTraceChunk, of run: Run) throws(SpanStoreError) {
        if chunk.isSparse(of: run.traceChunks) {
            try checkSizes(run.part(0), of: [run])
        }
    }

    /// Looks whether the runs of an index with a chunk of few traces take what they should: where entries are missing they
    /// do not.
    private func checkSizes(_ id: Int64, of runs: [Run]) throws(SpanStoreError) {
        if sparse.contains(id) { return }
        var sizes = try sizes()
        for run in runs { try sizes.check(run) }
        if sparse.count == Self.maxLookedAt { sparse.removeAll() }
        sparse.insert(id)
    }

    private func known() throws(SpanStoreError) -> (runs: [Run], segments: [TraceSegment]) {
        if let loaded { return (loaded.runs, loaded.segments) }
        let runs = try runs()
        return (runs, try segments(of: runs))
    }

    /// What the parts of runs take.
    func sizes() throws(SpanStoreError) -> PartSizes { try PartSizes(connection, traces, try known().segments) }

    /// The blocks of a run that may have all terms.
    func blocks(of run: Run, withTerms terms: [UInt64]) throws(SpanStoreError) -> [Int] {
        let sliceBytes = TermSlices.sliceBytes(blocks: run.blocks)
        let perChunk = run.slicesPerChunk
        try checkTerms(of: run, sliceBytes)
        var bits = [UInt8](repeating: 0xFF, count: sliceBytes)
        let slices = Set(terms.flatMap { TermSlices.slices(of: $0, bits: run.termBits) })
        for slice in slices {
            selectTerms.bind(0, run.part(slice / perChunk))
            defer { selectTerms.reset() }
            guard try selectTerms.step() else {
                throw Self.damaged("row \(run.part(slice / perChunk)) of table term_index is missing")
            }
            let start = slice % perChunk * sliceBytes
            guard let found = selectTerms.bytes(0, from: start, count: sliceBytes) else {
                throw Self.damaged(
                    "row \(run.part(slice / perChunk)) of table term_index: slices is no blob, or too short")
            }
            for index in bits.indices { bits[index] &= found[index] }
            if !bits.contains(where: { $0 != 0 }) { return [] }
        }
        return (0..<run.blocks).filter { bits[$0 >> 3] & (1 << UInt8($0 & 7)) != 0 }
    }

    /// With filters of another size, terms would be looked for in the wrong slices: the last part tells it.
    private func checkTerms(of run: Run, _ sliceBytes: Int) throws(SpanStoreError) {
        if sized.contains(run.id) { return }
        selectLastTerms.bind(0, run.part(0))
        selectLastTerms.bind(1, run.part(PartID.maxParts - 1))
        defer { selectLastTerms.reset() }
        let left = run.termBits - (run.termChunks - 1) * run.slicesPerChunk
        guard try selectLastTerms.step(), selectLastTerms.integer(0) == run.part(run.termChunks - 1),
            selectLastTerms.integer(1) == left * sliceBytes
        else { throw Self.damaged("run \(run.id)'s index has another size than it should") }
        if sized.count == Self.maxLookedAt { sized.removeAll() }
        sized.insert(run.id)
    }

    /// The whole search index of a run.
    func slices(of run: Run) throws(SpanStoreError) -> TermSlices {
        var bytes: [UInt8] = []
        for chunk in 0..<run.termChunks {
            selectTerms.bind(0, run.part(chunk))
            defer { selectTerms.reset() }
            guard try selectTerms.step() else {
                throw Self.damaged("row \(run.part(chunk)) of table term_index is missing")
            }
            bytes += try StoredRow(selectTerms, of: "term_index", id: run.part(chunk)).blob(0, "slices")
        }
        guard let slices = TermSlices(stored: bytes, blocks: run.blocks, bits: run.termBits) else {
            throw Self.damaged("run \(run.id)'s index has another size than it should")
        }
        return slices
    }

    /// What a store that contradicts itself is answered with.
    static func damaged(_ what: String) -> SpanStoreError { StoredRow.damaged(what) }
}
