import SpanBlocks
import SpanStorage

/// The indexes of traces of many finished runs as one, so that a trace is looked for once in all of them.
struct TraceSegment {
    var id: Int64
    /// Those that it was made of; some may be gone.
    var runs: [Int64]
    var chunks: Int
    /// How many blocks each of them has; `nil` for one that is gone, whose entries are left.
    private(set) var blocks: [Int?] = []

    /// How many finished runs of a partition get a segment.
    static let runsPerSegment = 16

    /// The current row of a statement that selects `id`, `runs` and `chunks`.
    ///
    /// - Throws: `corrupt` for what no segment has.
    init(_ statement: Statement) throws(SpanStoreError) {
        id = statement.integer(0)
        let row = StoredRow(statement, of: "trace_segment", id: id)
        guard PartID.owners.contains(id) else { throw row.damaged("its id is out of range") }
        runs = []
        for number in try row.text(1, "runs").split(separator: ",", omittingEmptySubsequences: false) {
            guard let run = Int64(number), PartID.owners.contains(run), runs.count < SegmentTraceChunk.maxRuns else {
                throw row.damaged("runs is no list of runs")
            }
            runs.append(run)
        }
        chunks = try row.count(2, "chunks", in: 1...PartID.maxParts)
        blocks = [Int?](repeating: nil, count: runs.count)
    }

    /// Takes in which of its runs there are.
    mutating func note(_ all: [Int64: Run]) { blocks = runs.map { all[$0]?.blocks } }

    /// Which run an entry of its index means.
    func run(of entry: SegmentTraceChunk.Entry) throws(SpanStoreError) -> Int64 {
        guard Int(entry.run) < runs.count else {
            throw StoredRow.damaged("the index of segment \(id) has a run that the segment has not")
        }
        return runs[Int(entry.run)]
    }

    func part(_ number: Int) -> Int64 { id << 16 | Int64(number) }

    /// The finished runs that get one next; `nil` when there are too few.
    static func next(_ runs: [Run]) -> [Run]? {
        let alone = runs.filter { $0.level == Run.finished && $0.traceSegment == 0 }
        for (_, members) in Dictionary(grouping: alone, by: \.partition).sorted(by: { $0.key < $1.key })
        where members.count >= runsPerSegment {
            return Array(members.prefix(runsPerSegment))
        }
        return nil
    }
}

extension RunTables {
    /// Stores a segment in the place of its runs' own indexes, in the transaction that is open.
    func insertSegment(of runs: [Int64], _ chunks: [SegmentTraceChunk]) throws(SpanStoreError) {
        let insert = try connection.prepare("INSERT INTO trace_segment VALUES (NULL, ?1, ?2)")
        insert.bind(0, runs.map(String.init).joined(separator: ","))
        insert.bind(1, Int64(chunks.count))
        try PartID.insert(insert, connection, in: "trace_segment")
        let id = try PartID.inserted(connection, in: "trace_segment")
        let insertChunk = try connection.prepare("INSERT INTO trace_segment_index VALUES (?1, ?2)")
        for (number, chunk) in chunks.enumerated() {
            insertChunk.bind(0, id << 16 | Int64(number))
            insertChunk.bind(1, blob: chunk.bytes)
            try insertChunk.run()
        }
        for run in runs {
            try connection.execute(
                """
                DELETE FROM trace_index WHERE id >= \(run << 16) AND id < \((run + 1) << 16);
                UPDATE run SET trace_segment = \(id) WHERE id = \(run);
                """)
        }
    }

    /// Removes segments of which no run is left, in the transaction that is open.
    func deleteEmptySegments() throws(SpanStoreError) {
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
