import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Reads everything that a store has of spans, and compares it with what the store says of it.
package struct RunCheck {
    private let reader: BlockReader
    /// The findings so far.
    package private(set) var result = CheckFindings()
    private var segments: [TraceSegment] = []
    /// Spans by service of each settled run, as the store counts them; `nil` where that cannot be read.
    private var services: [Int64: ServiceCounts]?

    /// Makes a check of what a reader finds.
    package init(_ reader: BlockReader) { self.reader = reader }

    /// Looks at all that there is, within a view.
    ///
    /// - Throws: what keeps the store from being read at all.
    package mutating func run() throws(SpanStoreError) {
        let (runs, segments, faults) = try reader.readable()
        self.segments = segments
        for fault in faults + reader.ledger.faults(runs, segments) { result.note(fault) }
        // What follows needs every run.
        if faults.isEmpty { compareRuns(runs) }
        for run in runs {
            try SpanStoreError.checkCancelled()
            result.runs += 1
            do {
                try check(run)
            } catch {
                result.note(error.message)
            }
        }
    }

    /// Takes in a fault that was found elsewhere.
    package mutating func note(_ fault: String) { result.note(fault) }

    private mutating func compareRuns(_ runs: [StoredRun]) {
        do {
            var services: [Int64: ServiceCounts] = [:]
            try reader.ledger.forEachService(of: runs) { services[$0, default: ServiceCounts()].add($1) }
            self.services = services
        } catch {
            result.note(error.message)
        }
        do {
            for fault in try JoinCheck(reader).faults() { result.note(fault) }
        } catch {
            result.note(error.message)
        }
    }

    private mutating func check(_ run: StoredRun) throws(SpanStoreError) {
        let slices = try reader.slices(of: run)
        let blocks = try reader.blocks(of: run)
        var counted = ServiceCounts()
        var (isRead, rawBytes) = (true, 0)
        for (number, stored) in blocks.enumerated() {
            result.blocks += 1
            let set: ReportSet
            do {
                set = try reader.reports(run, number, withTerms: true)
            } catch {
                result.note(error.message)
                isRead = false
                continue
            }
            result.reports += set.entries.count
            rawBytes += set.payloadBytes
            let isTrue = try stored == Self.summary(of: set) || run.kind == .loose && stored == Self.unjoined(set)
            if !isTrue { result.note("block \(run.partID(number)) is not what its row says") }
            if run.kind != .loose { try check(run, number, set, &counted) }
            try checkIndexes(of: run, number, set, slices)
        }
        if isRead, rawBytes != run.rawBytes {
            result.note("row \(run.id) of table run: raw_bytes is not what its blocks have")
        }
        if isRead, run.kind == .settled, let services, services[run.id] != counted {
            result.note("table run_service is not true of run \(run.id)")
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
    }

    /// A block is found by all that is in it.
    private mutating func checkIndexes(
        of run: StoredRun, _ number: Int, _ set: ReportSet, _ slices: TermSlices
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
            of: run, withTrace: TraceHash(trace), segments
        ).contains(number) {
            result.note("block \(run.partID(number)) has a trace that the index of traces has not")
            break
        }
        if terms.contains(where: { !slices.mayHave($0, block: number) }) {
            result.note("block \(run.partID(number)) has a value that the search index has not")
        }
    }

    /// Returns the summary of reports as they are appended to a loose run: each stands for itself until it is merged.
    private static func unjoined(_ set: ReportSet) -> BlockSummary {
        var summary = BlockSummary()
        for entry in set.entries { summary.add(span: [entry], merged: nil) }
        return summary
    }

    /// Looks whether the spans of a block start where its run says, and counts them by service.
    private mutating func check(
        _ run: StoredRun, _ number: Int, _ set: ReportSet, _ counted: inout ServiceCounts
    ) throws(SpanStoreError) {
        var isWithin = true
        try RunPlan.forEachSpan(set) { members, _ throws(SpanStoreError) in
            let merged = members.count > 1 ? try set.stored(members).merged() : nil
            let first = set.entries[Int(members[members.startIndex])]
            let start = merged?.span.startTimeUnixNano ?? first.startUnixNano
            if !run.starts.contains(start) { isWithin = false }
            let service = merged?.service ?? set.origins[Int(first.origin)].service
            counted.add(ServiceSummary(name: service, spans: 1, newestStartUnixNano: start))
        }
        if !isWithin {
            result.note(
                "block \(run.partID(number)) has a span that starts outside of its run's from_start and to_start")
        }
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
