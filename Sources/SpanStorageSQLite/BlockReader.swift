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

    init(_ connection: Connection) throws(SpanStoreError) {
        self.connection = connection
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
        while try selectSegments.step() {
            let runs = selectSegments.text(1).split(separator: ",").compactMap { Int64($0) }
            let segment = TraceSegment(
                id: selectSegments.integer(0), runs: runs, chunks: Int(selectSegments.integer(2)))
            guard segment.chunks > 0, runs.count <= TraceIndex.maxSegmentRuns else {
                throw Self.damaged("segment \(segment.id) contradicts itself")
            }
            segments.append(segment)
        }
        return segments
    }

    /// What is known of each block of a run.
    func blocks(of run: Run) throws(SpanStoreError) -> [BlockSummary] {
        selectBlocks.bind(0, run.part(0))
        selectBlocks.bind(1, run.part(run.blocks - 1))
        defer { selectBlocks.reset() }
        var blocks: [BlockSummary] = []
        blocks.reserveCapacity(run.blocks)
        while try selectBlocks.step() {
            var summary = BlockSummary()
            summary.spans = Int(selectBlocks.integer(1))
            summary.reports = Int(selectBlocks.integer(2))
            try summary.readStatistics(selectBlocks, from: 3)
            blocks.append(summary)
        }
        guard blocks.count == run.blocks else { throw Self.damaged("a run has not the blocks that it should have") }
        return blocks
    }

    /// A block's `TracesData`.
    func payload(_ run: Run, _ number: Int) throws(SpanStoreError) -> [UInt8] {
        guard let payload = decompressor.decompress(try frame(run, number)) else {
            throw Self.damaged("block \(run.part(number)) cannot be decompressed or its checksum differs")
        }
        return payload
    }

    /// A block as it is stored.
    func frame(_ run: Run, _ number: Int) throws(SpanStoreError) -> [UInt8] {
        selectData.bind(0, run.part(number))
        defer { selectData.reset() }
        guard try selectData.step() else { throw Self.damaged("block \(run.part(number)) is missing") }
        return selectData.bytes(0)
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
            let (id, count) = (statement.integer(0), Int(statement.integer(1)))
            let first = Int(id - run.part(0))
            guard first >= 0, count > 0, count <= run.blocks - first else {
                throw Self.damaged("columns \(id) contradict the run")
            }
            all.append(StoredColumns(id: id, blocks: first..<first + count, data: statement.bytes(2)))
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
            return try blocks(in: segment, withTrace: trace).filter { $0.run == run.id && $0.block < run.blocks }
                .map(\.block)
        }
        let chunk = try keptTraceChunk(of: run, TraceIndex.chunk(of: trace, count: run.traceChunks))
        return TraceIndex.entries(in: chunk, isSegment: false, of: trace).map { Int($0.block) }
            .filter { $0 < run.blocks }
    }

    /// The blocks of a segment's runs that may have spans of a trace; some of the runs may be gone.
    func blocks(
        in segment: TraceSegment, withTrace trace: UInt32
    ) throws(SpanStoreError) -> [(run: Int64, block: Int)] {
        selectSegmentTraces.bind(0, segment.part(TraceIndex.chunk(of: trace, count: segment.chunks)))
        defer { selectSegmentTraces.reset() }
        guard try selectSegmentTraces.step() else { throw Self.damaged("a part of segment \(segment.id) is missing") }
        return TraceIndex.entries(in: selectSegmentTraces.bytes(0), isSegment: true, of: trace)
            .filter { Int($0.run) < segment.runs.count }
            .map { (segment.runs[Int($0.run)], Int($0.block)) }
    }

    /// All entries of a part of a segment's index.
    func entries(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> [TraceIndex.Entry] {
        selectSegmentTraces.bind(0, segment.part(number))
        defer { selectSegmentTraces.reset() }
        guard try selectSegmentTraces.step() else { throw Self.damaged("a part of segment \(segment.id) is missing") }
        return TraceIndex.entries(in: selectSegmentTraces.bytes(0), isSegment: true)
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
            throw Self.damaged("a part of run \(run.id)'s index of traces is missing")
        }
        return selectTraces.bytes(0)
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
            guard try selectTerms.step() else { throw Self.damaged("a part of run \(run.id)'s index is missing") }
            let start = slice % perChunk * sliceBytes
            guard let found = selectTerms.bytes(0, from: start, count: sliceBytes) else {
                throw Self.damaged("a part of run \(run.id)'s index is too short")
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
            guard try selectTerms.step() else { throw Self.damaged("a part of run \(run.id)'s index is missing") }
            bytes += selectTerms.bytes(0)
        }
        guard let slices = TermSlices(stored: bytes, blocks: run.blocks, bits: run.termBits) else {
            throw Self.damaged("run \(run.id)'s index has another size than it should")
        }
        return slices
    }

    /// What a store that contradicts itself is answered with.
    static func damaged(_ what: String) -> SpanStoreError {
        SpanStoreError(.corrupt, "\(what); restore a copy, or see what spanwire store check says")
    }
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
