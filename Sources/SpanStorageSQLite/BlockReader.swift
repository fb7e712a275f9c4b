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
    private let selectTerms: Statement
    private let selectTraces: Statement
    private let selectSegments: Statement
    private let selectSegmentTraces: Statement
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
    /// Parts of runs' own indexes of traces that were read lately. They never change, and no run ever has the id of another.
    private var traceChunks: [Int64: [UInt8]] = [:]
    private var traceChunkBytes = 0
    private static let maxTraceChunkBytes = 4 << 20

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
        selectTraces = try connection.prepare("SELECT entries FROM trace_index WHERE id = ?1")
        selectSegments = try connection.prepare("SELECT id, runs, chunks FROM trace_segment ORDER BY id")
        selectSegmentTraces = try connection.prepare("SELECT entries FROM trace_segment_index WHERE id = ?1")
        selectVersion = try connection.prepare("PRAGMA data_version")
        selectColumns = try connection.prepare(
            "SELECT id, blocks, data FROM span_columns WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
        selectColumnsOf = try connection.prepare(
            "SELECT id, blocks, data FROM span_columns WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1")
    }

    /// Runs `body` in one view of the file, whatever a writer does meanwhile.
    func inOneView<Result>(_ body: () throws(SpanStoreError) -> Result) throws(SpanStoreError) -> Result {
        try connection.execute("BEGIN")
        do {
            let result = try body()
            try connection.execute("COMMIT")
            return result
        } catch {
            try? connection.execute("ROLLBACK")
            throw error
        }
    }

    /// All runs and segments, the oldest first; within `inOneView`, on a connection that writes nothing. Read again only when
    /// something was written.
    func load() throws(SpanStoreError) -> (runs: [Run], segments: [TraceSegment]) {
        // Within a view the number stands still; before the first look at a table it is not that of the view.
        _ = try connection.integer("SELECT count(*) FROM trace_segment")
        let version = try selectVersion.step() ? selectVersion.integer(0) : 0
        selectVersion.reset()
        if let loaded, loaded.version == version { return (loaded.runs, loaded.segments) }
        let (runs, segments) = (try runs(), try segments())
        try Self.check(runs, have: segments)
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
    func segments() throws(SpanStoreError) -> [TraceSegment] {
        defer { selectSegments.reset() }
        var segments: [TraceSegment] = []
        while try selectSegments.step() { segments.append(try TraceSegment(selectSegments)) }
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
        do throws(SpanStoreError) { try Self.check(runs, have: segments) } catch { faults.append(error.message) }
        return (runs, segments, faults)
    }

    /// A run whose segment does not know it would be in no answer about a trace.
    private static func check(_ runs: [Run], have segments: [TraceSegment]) throws(SpanStoreError) {
        var segmentOf: [Int64: Int64] = [:]
        for segment in segments {
            for run in segment.runs { segmentOf[run] = segment.id }
        }
        for run in runs where segmentOf[run.id] ?? 0 != run.traceSegment {
            throw damaged("run \(run.id) and trace_segment do not know each other")
        }
    }

    /// What is known of each block of a run.
    func blocks(of run: Run) throws(SpanStoreError) -> [BlockSummary] {
        selectBlocks.bind(0, run.part(0))
        selectBlocks.bind(1, run.part(run.blocks - 1))
        defer { selectBlocks.reset() }
        var blocks: [BlockSummary] = []
        blocks.reserveCapacity(run.blocks)
        var total = BlockSummary()
        while try selectBlocks.step() {
            let id = selectBlocks.integer(0)
            guard id == run.part(blocks.count) else { break }
            let summary = try BlockSummary(
                StoredRow(selectBlocks, of: "block", id: id), counts: 1, statistics: 3)
            total.add(summary)
            blocks.append(summary)
        }
        guard blocks.count == run.blocks else {
            throw Self.damaged("row \(run.part(blocks.count)) of table block is missing")
        }
        guard total == run.summary else { throw Self.damaged("run \(run.id) is not the sum of its blocks") }
        return blocks
    }

    /// A block's `TracesData`.
    func payload(_ run: Run, _ number: Int) throws(SpanStoreError) -> [UInt8] {
        guard let payload = decompressor.decompress(try frame(run, number), maxBytes: run.maxBlockBytes) else {
            throw Self.damaged("block \(run.part(number)) cannot be decompressed or its checksum differs")
        }
        return payload
    }

    /// A block as it is stored.
    func frame(_ run: Run, _ number: Int) throws(SpanStoreError) -> [UInt8] {
        selectData.bind(0, run.part(number))
        defer { selectData.reset() }
        guard try selectData.step() else {
            throw Self.damaged("row \(run.part(number)) of table block_data is missing")
        }
        return try StoredRow(selectData, of: "block_data", id: run.part(number)).blob(0, "data")
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
        return all
    }

    /// A block's reports alone.
    ///
    /// - Parameter payload: of the block where it was read already.
    func reports(
        _ run: Run, _ number: Int, payload: [UInt8]? = nil, withTerms: Bool = false
    ) throws(SpanStoreError) -> ReportSet {
        // Neighbours in a trace's order are in one block mostly. What a block holds never changes.
        let isKept = payload == nil && !withTerms
        if isKept, let known = kept.first(where: { $0.id == run.part(number) }) { return known.set }
        var set = origins
        let bytes: [UInt8]
        if let payload { bytes = payload } else { bytes = try self.payload(run, number) }
        try add(bytes, run, number, to: &set, withTerms: withTerms)
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
        do {
            try set.add(try payload(run, number), withTerms: false, only: spans, ofTrace: trace)
        } catch let error as WireError {
            throw Self.damaged("block \(run.part(number)) cannot be read (\(error.code.rawValue))")
        } catch {
            throw error as? SpanStoreError ?? Self.damaged("block \(run.part(number)) cannot be read")
        }
        return set
    }

    /// Adds a block's reports to a set.
    func read(
        _ run: Run, _ number: Int, into set: inout ReportSet, withTerms: Bool
    ) throws(SpanStoreError) {
        try add(try payload(run, number), run, number, to: &set, withTerms: withTerms)
    }

    /// Adds all reports of a run to a set.
    func readAll(_ run: Run, into set: inout ReportSet, withTerms: Bool) throws(SpanStoreError) {
        let before = set.entries.count
        for number in 0..<run.blocks { try read(run, number, into: &set, withTerms: withTerms) }
        guard set.entries.count - before == run.summary.reports else {
            throw Self.damaged("run \(run.id) has other reports than its row says")
        }
    }

    private func add(
        _ payload: [UInt8], _ run: Run, _ number: Int, to set: inout ReportSet, withTerms: Bool
    ) throws(SpanStoreError) {
        do {
            try set.add(payload, withTerms: withTerms)
        } catch {
            throw Self.damaged("block \(run.part(number)) cannot be read (\(error.code.rawValue))")
        }
    }

    /// The blocks of a run that may have spans of a trace.
    ///
    /// - Parameter segments: all there are.
    func blocks(
        of run: Run, withTrace trace: UInt32, _ segments: [TraceSegment]
    ) throws(SpanStoreError) -> [Int] {
        if run.traceSegment != 0 {
            guard let segment = segments.first(where: { $0.id == run.traceSegment }) else {
                throw Self.damaged("segment \(run.traceSegment) is missing")
            }
            return try checked(
                try blocks(in: segment, withTrace: trace).filter { $0.run == run.id }.map(\.block), of: run)
        }
        let chunk = try keptTraceChunk(of: run, TraceIndex.chunk(of: trace, count: run.traceChunks))
        return try checked(
            TraceIndex.entries(in: chunk, isSegment: false, of: trace).map { Int($0.block) }, of: run)
    }

    /// - Throws: `corrupt` when an index knows a block that the run has not.
    func checked<Blocks: Collection<Int>>(_ blocks: Blocks, of run: Run) throws(SpanStoreError) -> Blocks {
        guard blocks.allSatisfy({ $0 < run.blocks }) else { throw Self.strayBlock(of: run) }
        return blocks
    }

    static func strayBlock(of run: Run) -> SpanStoreError {
        damaged("the index of traces of run \(run.id) has a block that the run has not")
    }

    /// The blocks of a segment's runs that may have spans of a trace; some of the runs may be gone.
    func blocks(
        in segment: TraceSegment, withTrace trace: UInt32
    ) throws(SpanStoreError) -> [(run: Int64, block: Int)] {
        let chunk = try chunk(of: segment, TraceIndex.chunk(of: trace, count: segment.chunks))
        var found: [(run: Int64, block: Int)] = []
        for entry in TraceIndex.entries(in: chunk, isSegment: true, of: trace) {
            found.append((try segment.run(of: entry), Int(entry.block)))
        }
        return found
    }

    /// All entries of a part of a segment's index.
    func entries(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> [TraceIndex.Entry] {
        TraceIndex.entries(in: try chunk(of: segment, number), isSegment: true)
    }

    private func chunk(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> [UInt8] {
        selectSegmentTraces.bind(0, segment.part(number))
        defer { selectSegmentTraces.reset() }
        guard try selectSegmentTraces.step() else {
            throw Self.damaged("row \(segment.part(number)) of table trace_segment_index is missing")
        }
        let row = StoredRow(selectSegmentTraces, of: "trace_segment_index", id: segment.part(number))
        return try row.traceEntries(0, isSegment: true)
    }

    /// The same as `traceChunk`, kept for the next trace.
    private func keptTraceChunk(of run: Run, _ number: Int) throws(SpanStoreError) -> [UInt8] {
        if let kept = traceChunks[run.part(number)] { return kept }
        let chunk = try traceChunk(of: run, number)
        if traceChunkBytes + chunk.count > Self.maxTraceChunkBytes {
            traceChunks.removeAll(keepingCapacity: true)
            traceChunkBytes = 0
        }
        traceChunks[run.part(number)] = chunk
        traceChunkBytes += chunk.count
        return chunk
    }

    /// A part of a run's own index of traces.
    func traceChunk(of run: Run, _ number: Int) throws(SpanStoreError) -> [UInt8] {
        selectTraces.bind(0, run.part(number))
        defer { selectTraces.reset() }
        guard try selectTraces.step() else {
            throw Self.damaged("row \(run.part(number)) of table trace_index is missing")
        }
        return try StoredRow(selectTraces, of: "trace_index", id: run.part(number)).traceEntries(0, isSegment: false)
    }

    /// The blocks of a run that may have all terms.
    func blocks(of run: Run, withTerms terms: [UInt64]) throws(SpanStoreError) -> [Int] {
        let sliceBytes = TermSlices.sliceBytes(blocks: run.blocks)
        let perChunk = RunTables.slicesPerChunk(sliceBytes: sliceBytes)
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

    /// The whole search index of a run.
    func slices(of run: Run) throws(SpanStoreError) -> TermSlices {
        let sliceBytes = TermSlices.sliceBytes(blocks: run.blocks)
        let perChunk = RunTables.slicesPerChunk(sliceBytes: sliceBytes)
        var bytes: [UInt8] = []
        for chunk in 0..<(run.termBits + perChunk - 1) / perChunk {
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

/// A row of `span_columns`.
struct StoredColumns: Sendable {
    var id: Int64
    /// Of the run.
    var blocks: Range<Int>
    var data: [UInt8]

    /// - Throws: `corrupt`.
    func columns(_ wanted: SpanColumns.Wanted) throws(SpanStoreError) -> SpanColumns {
        guard let columns = SpanColumns(decoding: data, wanted), columns.blockTraces.count == blocks.count else {
            throw BlockReader.damaged("columns \(id) cannot be read")
        }
        return columns
    }
}

extension ReportSet {
    /// A report as a state.
    ///
    /// - Throws: `corrupt`.
    func stored(_ entry: ReportEntry) throws(SpanStoreError) -> SpanState {
        do {
            return try state(entry)
        } catch {
            throw BlockReader.damaged("a stored report cannot be read (\(error.code.rawValue))")
        }
    }

    /// The join of reports of one span.
    func stored(_ members: ArraySlice<Int32>) throws(SpanStoreError) -> SpanState {
        var state = SpanState()
        for member in members { state.join(try stored(entries[Int(member)])) }
        return state
    }
}
