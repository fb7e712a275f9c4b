import SpanBlocks
import SpanStorage

/// The tables of runs, for a writer.
struct RunTables {
    private let insertRun: Statement
    private let insertBlock: Statement
    private let insertData: Statement
    private let insertTerms: Statement
    private let insertTraces: Statement
    private let insertService: Statement
    private let insertColumns: Statement
    let connection: Connection

    /// About as many bytes as fill half a page.
    static let chunkBytes = 4000

    /// How many slices of `sliceBytes` a row of `term_index` holds.
    static func slicesPerChunk(sliceBytes: Int) -> Int { max(1, chunkBytes / max(sliceBytes, 1)) }

    init(_ connection: Connection) throws(SpanStoreError) {
        self.connection = connection
        insertRun = try connection.prepare(
            """
            INSERT INTO run (\(Run.columns)) VALUES \
            (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, 0)
            """)
        insertBlock = try connection.prepare("INSERT INTO block VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        insertData = try connection.prepare("INSERT INTO block_data VALUES (?1, ?2)")
        insertTerms = try connection.prepare("INSERT INTO term_index VALUES (?1, ?2)")
        insertTraces = try connection.prepare("INSERT INTO trace_index VALUES (?1, ?2)")
        insertService = try connection.prepare("INSERT INTO run_service VALUES (?1, ?2, ?3, ?4)")
        insertColumns = try connection.prepare("INSERT INTO span_columns VALUES (?1, ?2, ?3)")
    }

    /// Stores a run, in the transaction that is open.
    func insert(_ encoded: EncodedRun, _ description: Run) throws(SpanStoreError) {
        var run = description
        try insertRow(run)
        run.id = try PartID.inserted(connection, in: "run")
        for (number, block) in encoded.blocks.enumerated() {
            insertBlock.bind(0, run.part(number))
            insertBlock.bind(1, Int64(block.summary.spans))
            insertBlock.bind(2, Int64(block.summary.reports))
            block.summary.bindStatistics(insertBlock, from: 3)
            try insertBlock.run()
            insertData.bind(0, run.part(number))
            insertData.bind(1, blob: block.data)
            try insertData.run()
        }
        let sliceBytes = TermSlices.sliceBytes(blocks: encoded.blocks.count)
        let step = Self.slicesPerChunk(sliceBytes: sliceBytes) * sliceBytes
        for (number, start) in stride(from: 0, to: encoded.termSlices.count, by: step).enumerated() {
            insertTerms.bind(0, run.part(number))
            insertTerms.bind(1, blob: Array(encoded.termSlices[start..<min(start + step, encoded.termSlices.count)]))
            try insertTerms.run()
        }
        for (number, chunk) in encoded.traceChunks.enumerated() {
            insertTraces.bind(0, run.part(number))
            insertTraces.bind(1, blob: chunk.bytes)
            try insertTraces.run()
        }
        for columns in encoded.columns {
            insertColumns.bind(0, run.part(columns.firstBlock))
            insertColumns.bind(1, Int64(columns.blocks))
            insertColumns.bind(2, blob: columns.data)
            try insertColumns.run()
        }
        for service in encoded.services {
            insertService.bind(0, run.id)
            insertService.bind(1, service.name)
            insertService.bind(2, Int64(clamping: service.spans))
            insertService.bind(3, unsigned: service.newestStart)
            try insertService.run()
        }
    }

    private func insertRow(_ run: Run) throws(SpanStoreError) {
        insertRun.bind(0, run.partition)
        insertRun.bind(1, run.kind.rawValue)
        insertRun.bind(2, run.level)
        insertRun.bind(3, Int64(run.blocks))
        insertRun.bind(4, Int64(run.summary.spans))
        insertRun.bind(5, Int64(run.summary.reports))
        insertRun.bind(6, Int64(run.rawBytes))
        insertRun.bind(7, Int64(run.bytes))
        insertRun.bind(8, unsigned: run.starts.lowerBound)
        insertRun.bind(9, unsigned: run.starts.upperBound)
        run.summary.bindStatistics(insertRun, from: 10)
        insertRun.bind(15, Int64(run.termBits))
        insertRun.bind(16, Int64(run.traceChunks))
        try PartID.insert(insertRun, connection, in: "run")
    }

    /// Removes runs with all their parts, in the transaction that is open.
    func delete(_ ids: [Int64]) throws(SpanStoreError) {
        for id in ids {
            for table in ["block", "block_data", "term_index", "trace_index", "span_columns"] {
                try connection.execute("DELETE FROM \(table) WHERE id >= \(id << 16) AND id < \((id + 1) << 16)")
            }
            try connection.execute("DELETE FROM run_service WHERE run_id = \(id); DELETE FROM run WHERE id = \(id)")
        }
        try deleteEmptySegments()
    }
}
