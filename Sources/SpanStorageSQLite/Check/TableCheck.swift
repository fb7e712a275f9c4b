import SpanBlockStore
import SpanModel
import SpanStorage

/// Looks at the rows that are no spans: senders, deletions, services, segments, and at rows that belong to nothing.
final class TableCheck {
    private let connection: Connection
    private let ledger: any BlockLedger
    private var faults: [String] = []

    /// - Parameter ledger: of the same connection.
    init(_ connection: Connection, _ ledger: any BlockLedger) {
        self.connection = connection
        self.ledger = ledger
    }

    private func note(_ body: () throws(SpanStoreError) -> Void) {
        do throws(SpanStoreError) { try body() } catch { faults.append(error.message) }
    }

    /// - Parameters:
    ///   - runs: those that can be read.
    ///   - segments: likewise.
    /// - Returns: what is wrong, a sentence each.
    func faults(_ runs: [StoredRun], _ segments: [TraceSegment]) -> [String] {
        do throws(SpanStoreError) { faults += try SchemaCheck.faults(connection) } catch {
            faults.append(error.message)
        }
        for parts in RunParts.all {
            let table = parts.table
            count("rows of \(table) belong to no run", "\(table) WHERE id >> 16 NOT IN (SELECT id FROM run)")
            checkParts(parts, runs)
        }
        count("rows of run_service belong to no run", "run_service WHERE run_id NOT IN (SELECT id FROM run)")
        count(
            "rows of trace_segment_index belong to no segment",
            "trace_segment_index WHERE id >> 16 NOT IN (SELECT id FROM trace_segment)")
        count("rows of sender_drop belong to no sender", "sender_drop WHERE sender_id NOT IN (SELECT id FROM sender)")
        for (table, id) in [("sender", "sender_id"), ("collector", "collector_id")] {
            count(
                "rows of sender_connection belong to no \(table)",
                "sender_connection WHERE \(id) NOT IN (SELECT id FROM \(table))")
        }
        checkSenders()
        checkPresence()
        checkDeletions()
        checkSegments(segments)
        checkSizes(segments, runs)
        checkIDs()
        return faults
    }

    private func count(_ words: String, _ rows: String) {
        do throws(SpanStoreError) {
            let strays = try connection.integer("SELECT count(*) FROM \(rows)")
            if strays > 0 { faults.append("\(strays) \(words)") }
        } catch {
            faults.append(error.message)
        }
    }

    private func checkSenders() {
        note { () throws(SpanStoreError) in
            for id in try rows("SELECT rowid FROM sender") {
                do throws(SpanStoreError) { try SenderTable.check(row: id, connection) } catch {
                    faults.append(error.message)
                }
            }
        }
    }

    /// Leases of collectors, and since when each sender is connected.
    private func checkPresence() {
        note { () throws(SpanStoreError) in
            try PresenceTable.check(connection) { error throws(SpanStoreError) in faults.append(error.message) }
        }
    }

    private func checkDeletions() {
        note { () throws(SpanStoreError) in
            let select = try connection.prepare("SELECT trace_id, id, deleted_at_unix_nano FROM deleted_trace")
            while try select.step() {
                do throws(SpanStoreError) {
                    _ = try DeletedTraceTable.trace(select)
                    _ = try StoredRow(select, of: "deleted_trace", id: select.integer(1))
                        .unsigned(2, "deleted_at_unix_nano")
                } catch {
                    faults.append(error.message)
                }
            }
        }
    }

    /// No run has more parts than its row says.
    private func checkParts(_ parts: RunParts, _ runs: [StoredRun]) {
        note { () throws(SpanStoreError) in
            let select = try connection.prepare("SELECT count(*) FROM \(parts.table) WHERE id BETWEEN ?1 AND ?2")
            for run in runs where parts.count(run) < PartID.maxParts {
                select.bind(0, run.partID(parts.count(run)))
                select.bind(1, run.partID(PartID.maxParts - 1))
                defer { select.reset() }
                let more = try select.step() ? select.integer(0) : 0
                if more > 0 { faults.append("\(more) rows of \(parts.table) are more than run \(run.id) has") }
            }
        }
    }

    /// Each entry of a segment's index is in its chunk, and of a run that has the block.
    private func checkSegments(_ segments: [TraceSegment]) {
        for segment in segments {
            count(
                "rows of trace_segment_index are more than segment \(segment.id) has",
                """
                trace_segment_index WHERE id BETWEEN \(segment.partID(0) + Int64(segment.chunks)) \
                AND \(segment.partID(PartID.maxParts - 1))
                """)
            note { () throws(SpanStoreError) in
                let reader = TraceIndexReader(ledger)
                for chunk in 0..<segment.chunks { _ = try reader.chunk(of: segment, chunk) }
            }
        }
    }

    /// The parts of each run take what its row says.
    private func checkSizes(_ segments: [TraceSegment], _ runs: [StoredRun]) {
        note { () throws(SpanStoreError) in
            var sizes = PartSizes(ledger, TraceIndexReader(ledger), segments)
            for run in runs { note { () throws(SpanStoreError) in try sizes.check(run) } }
        }
    }

    /// Ids that are used up keep everything from being stored, and one that is used twice is taken for what it was before.
    private func checkIDs() {
        for table in RowIDs.tables {
            note { () throws(SpanStoreError) in
                let select = try connection.prepare(
                    """
                    SELECT s.seq, (SELECT max(id) FROM \(table)), (SELECT min(id) FROM \(table))
                    FROM (SELECT 1) LEFT JOIN sqlite_sequence s ON s.name = '\(table)'
                    """)
                var rows = 0
                while try select.step() {
                    rows += 1
                    if select.isNull(0), select.isNull(1) { continue }
                    let row = StoredRow(select, of: "sqlite_sequence", id: Int64(rows))
                    let last = try row.integer(0, "seq", in: 0...PartID.owners.upperBound)
                    guard select.isNull(1) || select.integer(2) > 0 && select.integer(1) <= last else {
                        throw .damaged("table \(table) has ids that it cannot have given")
                    }
                }
                guard rows == 1 else { throw .damaged("table sqlite_sequence has \(table) more than once") }
            }
        }
    }

    private func rows(_ sql: String) throws(SpanStoreError) -> [Int64] {
        let select = try connection.prepare(sql)
        var rows: [Int64] = []
        while try select.step() { rows.append(select.integer(0)) }
        return rows
    }
}
