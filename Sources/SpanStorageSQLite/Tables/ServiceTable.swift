import SpanBlockStore
import SpanBlocks
import SpanStorage

/// The table `run_service`.
enum ServiceTable {
    /// Calls `body` with the rows of each settled run.
    ///
    /// - Parameter runs: all there are.
    /// - Throws: `corrupt` where the table has not each span of each settled run.
    static func forEach(
        _ connection: Connection, _ runs: [StoredRun], _ body: (_ run: Int64, ServiceSummary) -> Void
    ) throws(SpanStoreError) {
        let statement = try connection.prepare("SELECT run_id, service, spans, newest_start FROM run_service")
        let settled = Dictionary(runs.filter { $0.kind == .settled }.map { ($0.id, $0.summary) }) { first, _ in first }
        var spansLeft = settled.mapValues(\.spans)
        while try statement.step() {
            let id = statement.integer(0)
            let row = StoredRow(statement, of: "run_service", id: id)
            _ = try row.integer(0, "run_id")
            guard let summary = settled[id], let left = spansLeft[id] else {
                throw row.damaged("run_id is no settled run")
            }
            let service = try row.text(1, "service")
            let spans = try row.count(2, "spans", in: 1...summary.spans)
            let newestStart = try row.unsigned(3, "newest_start")
            guard spans <= left, (summary.minStart...summary.maxStart).contains(newestStart) else {
                throw row.damaged("it contradicts the run")
            }
            spansLeft[id] = left - spans
            body(id, ServiceSummary(name: service, spans: UInt64(spans), newestStartUnixNano: newestStart))
        }
        if let lacking = spansLeft.first(where: { $0.value != 0 })?.key {
            throw .damaged("table run_service has not all spans of run \(lacking)")
        }
    }
}
