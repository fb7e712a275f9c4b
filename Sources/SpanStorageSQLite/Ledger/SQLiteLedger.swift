import SpanBlockStore
import SpanBlocks
import SpanModel
import SpanStorage

/// The ledger on one connection to a SQLite file.
final class SQLiteLedger: BlockLedger {
    private let connection: Connection
    private let selectVersion: Statement
    private let selectRuns: Statement
    private let selectSegments: Statement
    private let selectService: Statement
    private let selectSequence: Statement
    private let blockTables: BlockTables
    private let termIndex: TermIndexTable
    private let runChunks: TraceChunkTable
    private let segmentChunks: TraceChunkTable
    private let blockCheck: PartCheck
    /// Sums up what parts take; seldom needed.
    private var selectBytes: Statement?

    init(_ connection: Connection) throws(SpanStoreError) {
        self.connection = connection
        selectVersion = try connection.prepare("PRAGMA data_version")
        selectRuns = try connection.prepare("SELECT \(StoredRun.columns) FROM run ORDER BY id")
        selectSegments = try connection.prepare("SELECT id, runs, chunks FROM trace_segment ORDER BY id")
        selectService = try connection.prepare("SELECT 1 FROM run_service WHERE run_id = ?1 LIMIT 1")
        selectSequence = try connection.prepare("SELECT stored_sequence FROM sender WHERE id = ?1")
        blockTables = try BlockTables(connection)
        termIndex = try TermIndexTable(connection)
        runChunks = try TraceChunkTable(connection, "trace_index", of: "run")
        segmentChunks = try TraceChunkTable(connection, "trace_segment_index", of: "segment")
        blockCheck = try PartCheck(connection, .blocks)
    }

    func inOneView<Result>(_ body: () throws(SpanStoreError) -> Result) throws(SpanStoreError) -> Result {
        try connection.inOneView(body)
    }

    func version() throws(SpanStoreError) -> Int64 {
        // Before the first look at a table the number is not that of the view.
        _ = try connection.integer("SELECT count(*) FROM trace_segment")
        defer { selectVersion.reset() }
        return try selectVersion.step() ? selectVersion.integer(0) : 0
    }

    // MARK: Runs and segments

    func runs(orNote damaged: ((SpanStoreError) -> Void)?) throws(SpanStoreError) -> [StoredRun] {
        try rows(selectRuns, orNote: damaged) { row throws(SpanStoreError) in try StoredRun(row) }
    }

    func segments(orNote damaged: ((SpanStoreError) -> Void)?) throws(SpanStoreError) -> [TraceSegment] {
        try rows(selectSegments, orNote: damaged) { row throws(SpanStoreError) in try TraceSegment(row) }
    }

    private func rows<Row>(
        _ select: Statement, orNote damaged: ((SpanStoreError) -> Void)?,
        _ read: (Statement) throws(SpanStoreError) -> Row
    ) throws(SpanStoreError) -> [Row] {
        defer { select.reset() }
        var rows: [Row] = []
        while try select.step() {
            do throws(SpanStoreError) {
                rows.append(try read(select))
            } catch {
                guard let damaged else { throw error }
                damaged(error)
            }
        }
        return rows
    }

    func hasServices(of run: StoredRun) throws(SpanStoreError) -> Bool {
        selectService.bind(0, run.id)
        defer { selectService.reset() }
        return try selectService.step()
    }

    func forEachService(
        of runs: [StoredRun], _ body: (_ run: Int64, ServiceSummary) -> Void
    ) throws(SpanStoreError) {
        try ServiceTable.forEach(connection, runs, body)
    }

    // MARK: Blocks, columns, search filters

    func summaries(of run: StoredRun, _ numbers: Range<Int>) throws(SpanStoreError) -> [BlockSummary] {
        try blockTables.summaries(of: run, numbers)
    }

    func blocks(_ places: [BlockPlace]) throws(SpanStoreError) -> [StoredBlock] {
        var blocks: [StoredBlock] = []
        blocks.reserveCapacity(places.count)
        for place in places { blocks.append(try blockTables.block(place)) }
        return blocks
    }

    func columns(of run: StoredRun) throws(SpanStoreError) -> [StoredColumns] {
        try blockTables.columns(of: run)
    }

    func lastColumns(of run: StoredRun, upToBlock number: Int) throws(SpanStoreError) -> StoredColumns? {
        try blockTables.lastColumns(of: run, upToBlock: number)
    }

    func hasWholeTermIndex(of run: StoredRun) throws(SpanStoreError) -> Bool { try termIndex.isWhole(of: run) }

    func forEachTermSlice(
        of run: StoredRun, _ slices: Set<Int>, _ body: (_ slice: [UInt8]) -> Bool
    ) throws(SpanStoreError) {
        try termIndex.forEach(of: run, slices, body)
    }

    func termIndex(of run: StoredRun) throws(SpanStoreError) -> [UInt8] { try termIndex.all(of: run) }

    // MARK: Indexes of traces

    func checkChunkCount(of run: StoredRun) throws(SpanStoreError) {
        try runChunks.check(run.id, hasChunks: run.traceChunks)
    }

    func checkChunkCount(of segment: TraceSegment) throws(SpanStoreError) {
        try segmentChunks.check(segment.id, hasChunks: segment.chunks)
    }

    func traceChunk(of run: StoredRun, _ number: Int) throws(SpanStoreError) -> RunTraceChunk {
        try runChunks.chunk(run.id, number) { row throws(SpanStoreError) in
            try row.runTraceChunk(0, (number, run.traceChunks, run.blocks))
        }
    }

    func traceChunk(of segment: TraceSegment, _ number: Int) throws(SpanStoreError) -> SegmentTraceChunk {
        try segmentChunks.chunk(segment.id, number) { row throws(SpanStoreError) in
            try row.segmentTraceChunk(0, (number, segment.chunks, segment.blocks))
        }
    }

    func traceEntries() throws(SpanStoreError) -> Int { try TraceChunkWalk(connection).entries() }

    func forEachTraceChunk(
        since place: TraceIndexPlace, _ body: ([TraceHash]) -> Void
    ) throws(SpanStoreError) -> TraceIndexPlace {
        try TraceChunkWalk(connection).forEach(since: place, body)
    }

    // MARK: Checks

    func checkBlocks(areOf runs: [StoredRun], withParts: Bool) throws(SpanStoreError) {
        if !withParts { return try blockCheck.check(runs) }
        for parts in RunParts.all { try PartCheck(connection, parts).check(runs) }
    }

    func bytes(of run: StoredRun) throws(SpanStoreError) -> Int {
        let select = if let selectBytes { selectBytes } else { try connection.prepare("SELECT \(RunParts.bytes)") }
        selectBytes = select
        select.bind(0, run.partID(0))
        select.bind(1, run.partID(PartID.maxParts - 1))
        defer { select.reset() }
        return try select.step() ? Int(select.integer(0)) : 0
    }

    func faults(_ runs: [StoredRun], _ segments: [TraceSegment]) -> [String] {
        TableCheck(connection, self).faults(runs, segments)
    }

    // MARK: Senders

    func storedSequence(of sender: SenderID) throws(SpanStoreError) -> UInt64 {
        selectSequence.bind(0, blob: sender.high, sender.low)
        defer { selectSequence.reset() }
        let sequence = try selectSequence.step() ? selectSequence.unsigned(0) : 0
        // A sender takes what it is told for an acknowledgement.
        try connection.checkFiles()
        return sequence
    }

    func senders(nowUnixNano: UInt64) throws(SpanStoreError) -> [SenderSummary] {
        try SenderTable.all(connection, nowUnixNano: nowUnixNano)
    }
}
