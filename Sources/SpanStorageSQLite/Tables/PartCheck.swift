import SpanBlockStore
import SpanStorage

/// Looks whether the rows of a table of parts are those of the runs that there are, by a look-up for each run: where a row of
/// `run` is missing, or has fewer blocks than it should, its blocks tell.
final class PartCheck {
    private let parts: RunParts
    private let selectNext: Statement
    /// By run that has no rows behind its own: the first part of the run behind it.
    private var sound: [Int64: Int64] = [:]

    init(_ connection: Connection, _ parts: RunParts) throws(SpanStoreError) {
        self.parts = parts
        selectNext = try connection.prepare("SELECT id FROM \(parts.table) WHERE id >= ?1 ORDER BY id LIMIT 1")
    }

    /// - Parameter runs: all, by id.
    /// - Throws: `corrupt` for rows of no run, or of a run that has not so many.
    func check(_ runs: [StoredRun]) throws(SpanStoreError) {
        try look(from: .min, to: runs.first?.partID(0))
        var seen: [Int64: Int64] = [:]
        seen.reserveCapacity(runs.count)
        for (index, run) in runs.enumerated() {
            let next = index + 1 < runs.count ? runs[index + 1].partID(0) : nil
            if let next, sound[run.id] == next {
                seen[run.id] = next
                continue
            }
            try look(from: run.partID(0) + Int64(parts.count(run)), to: next)
            seen[run.id] = next
        }
        sound = seen
    }

    private func look(from first: Int64, to end: Int64?) throws(SpanStoreError) {
        selectNext.bind(0, first)
        defer { selectNext.reset() }
        guard try selectNext.step() else { return }
        let id = selectNext.integer(0)
        if let end, id >= end { return }
        throw .damaged(
            "table \(parts.table) has row \(id), and table run no run \(id >> 16), or one without so many parts")
    }
}
