import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Reads everything that a store has of spans, and compares it with what the store says of it.
struct RunCheck {
    private let reader: BlockReader
    private(set) var result = StoreCheck()
    private var segments: [TraceSegment] = []

    init(_ reader: BlockReader) { self.reader = reader }

    /// - Throws: what keeps the file from being read at all.
    mutating func run(_ connection: Connection) throws(SpanStoreError) {
        let integrity = try connection.prepare("PRAGMA integrity_check")
        while try integrity.step() {
            if integrity.text(0) != "ok" { result.note("SQLite: \(integrity.text(0))") }
        }
        for table in ["block", "block_data", "term_index", "trace_index", "span_columns"] {
            let strays = try connection.integer(
                "SELECT count(*) FROM \(table) WHERE id >> 16 NOT IN (SELECT id FROM run)")
            if strays > 0 { result.note("\(strays) rows of \(table) belong to no run") }
        }
        segments = try reader.segments()
        for run in try reader.runs() {
            result.runs += 1
            do {
                try check(run)
            } catch {
                result.note(error.message)
            }
        }
    }

    private mutating func check(_ run: Run) throws(SpanStoreError) {
        let slices = try reader.slices(of: run)
        var total = BlockSummary()
        let blocks = try reader.blocks(of: run)
        for (number, stored) in blocks.enumerated() {
            result.blocks += 1
            total.add(stored)
            let set: ReportSet
            do {
                set = try reader.reports(run, number, withTerms: true)
            } catch {
                result.note(error.message)
                continue
            }
            result.reports += set.entries.count
            let isTrue = try stored == Self.summary(of: set) || run.kind == .loose && stored == Self.unjoined(set)
            if !isTrue { result.note("block \(run.part(number)) is not what its row says") }
            try checkIndexes(of: run, number, set, slices)
        }
        for stored in try reader.columns(of: run) {
            do throws(SpanStoreError) {
                let said = try stored.columns(SpanColumns.Wanted(calls: true, allAttributes: true))
                let blocks = try ColumnPart(blocks: Array(stored.blocks), of: run, reader)
                if !said.agrees(with: try blocks.columns(SpanColumns.Wanted(calls: true, allAttributes: true))) {
                    result.note("columns \(stored.id) are not what their blocks say")
                }
            } catch {
                result.note(error.message)
            }
        }
        if total != run.summary { result.note("run \(run.id) is not the sum of its blocks") }
    }

    /// A block is found by all that is in it.
    private mutating func checkIndexes(
        of run: Run, _ number: Int, _ set: ReportSet, _ slices: TermSlices
    ) throws(SpanStoreError) {
        var traces: Set<TraceID> = []
        var terms: Set<UInt64> = []
        for entry in set.entries {
            traces.insert(entry.key.traceID)
            terms.insert(entry.nameTerm)
            terms.formUnion(set.origins[Int(entry.origin)].terms)
        }
        terms.formUnion(set.terms)
        // In no filter.
        terms.remove(SearchTerm.none)
        for trace in traces
        where try !reader.blocks(
            of: run, withTrace: UInt32(truncatingIfNeeded: SpanKey.traceHash(trace)), segments
        ).contains(number) {
            result.note("block \(run.part(number)) has a trace that the index of traces has not")
            break
        }
        if terms.contains(where: { !slices.mayHave($0, block: number) }) {
            result.note("block \(run.part(number)) has a value that the search index has not")
        }
    }

    /// Of reports as they are appended to a loose run: each stands for itself until it is merged.
    private static func unjoined(_ set: ReportSet) -> BlockSummary {
        var summary = BlockSummary()
        for entry in set.entries { summary.add(span: [entry], merged: nil) }
        return summary
    }

    private static func summary(of set: ReportSet) throws(SpanStoreError) -> BlockSummary {
        var summary = BlockSummary()
        try RunPlan.forEachSpan(set) { members, _ throws(SpanStoreError) in
            summary.add(
                span: members.map { set.entries[Int($0)] },
                merged: members.count > 1 ? try set.stored(members).merged() : nil)
        }
        return summary
    }
}
