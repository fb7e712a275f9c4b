import SpanBlockStore
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
    private let connection: Connection

    init(_ connection: Connection) throws(SpanStoreError) {
        self.connection = connection
        insertRun = try connection.prepare(
            """
            INSERT INTO run (\(StoredRun.columns)) VALUES \
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
    func insert(_ new: NewRun) throws(SpanStoreError) {
        try insertRow(new)
        let run = StoredRun(id: try RowIDs.inserted(connection, in: "run"), new)
        let encoded = new.encoded
        for (number, block) in encoded.blocks.enumerated() {
            insertBlock.bind(0, run.partID(number))
            insertBlock.bind(1, Int64(block.summary.spans))
            insertBlock.bind(2, Int64(block.summary.reports))
            block.summary.bindStatistics(insertBlock, from: 3)
            try insertBlock.run()
            insertData.bind(0, run.partID(number))
            insertData.bind(1, blob: block.data)
            try insertData.run()
        }
        let rows = TermRows(of: run)
        let step = rows.slicesPerRow * rows.sliceBytes
        for (number, start) in stride(from: 0, to: encoded.termSlices.count, by: step).enumerated() {
            insertTerms.bind(0, run.partID(number))
            insertTerms.bind(1, blob: Array(encoded.termSlices[start..<min(start + step, encoded.termSlices.count)]))
            try insertTerms.run()
        }
        for (number, chunk) in encoded.traceChunks.enumerated() {
            insertTraces.bind(0, run.partID(number))
            insertTraces.bind(1, blob: chunk.bytes)
            try insertTraces.run()
        }
        for columns in encoded.columns {
            insertColumns.bind(0, run.partID(columns.firstBlock))
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

    private func insertRow(_ run: NewRun) throws(SpanStoreError) {
        let summary = run.encoded.summary
        insertRun.bind(0, run.partition)
        insertRun.bind(1, run.kind.rawValue)
        insertRun.bind(2, run.level.rawValue)
        insertRun.bind(3, Int64(run.encoded.blocks.count))
        insertRun.bind(4, Int64(summary.spans))
        insertRun.bind(5, Int64(summary.reports))
        insertRun.bind(6, Int64(run.encoded.rawBytes))
        insertRun.bind(7, Int64(run.bytes))
        insertRun.bind(8, unsigned: run.starts.lowerBound)
        insertRun.bind(9, unsigned: run.starts.upperBound)
        summary.bindStatistics(insertRun, from: 10)
        insertRun.bind(15, Int64(run.encoded.termBits))
        insertRun.bind(16, Int64(run.encoded.traceChunks.count))
        try RowIDs.insert(insertRun, connection, in: "run")
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

    // MARK: Segments

    /// Stores a segment in the place of its runs' own indexes, in the transaction that is open.
    func insert(_ segment: NewTraceSegment) throws(SpanStoreError) {
        let insert = try connection.prepare("INSERT INTO trace_segment VALUES (NULL, ?1, ?2)")
        insert.bind(0, segment.runs.map(String.init).joined(separator: ","))
        insert.bind(1, Int64(segment.chunks.count))
        try RowIDs.insert(insert, connection, in: "trace_segment")
        let id = try RowIDs.inserted(connection, in: "trace_segment")
        let insertChunk = try connection.prepare("INSERT INTO trace_segment_index VALUES (?1, ?2)")
        for (number, chunk) in segment.chunks.enumerated() {
            insertChunk.bind(0, PartID.of(id, number))
            insertChunk.bind(1, blob: chunk.bytes)
            try insertChunk.run()
        }
        for run in segment.runs {
            try connection.execute(
                """
                DELETE FROM trace_index WHERE id >= \(run << 16) AND id < \((run + 1) << 16);
                UPDATE run SET trace_segment = \(id) WHERE id = \(run);
                """)
        }
    }

    /// Removes segments of which no run is left, in the transaction that is open.
    private func deleteEmptySegments() throws(SpanStoreError) {
        let select = try connection.prepare(
            "SELECT id FROM trace_segment WHERE id NOT IN (SELECT trace_segment FROM run)")
        var empty: [Int64] = []
        while try select.step() { empty.append(select.integer(0)) }
        for id in empty {
            try connection.execute(
                """
                DELETE FROM trace_segment_index WHERE id >= \(id << 16) AND id < \((id + 1) << 16);
                DELETE FROM trace_segment WHERE id = \(id);
                """)
        }
    }
}
