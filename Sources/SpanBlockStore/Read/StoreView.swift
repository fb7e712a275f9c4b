import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// The runs of one view of a store, and the merged spans in them: made anew for each question.
struct StoreView {
    let reader: BlockReader
    let runs: [StoredRun]
    let segments: [TraceSegment]

    init(_ reader: BlockReader) throws(SpanStoreError) {
        self.reader = reader
        (runs, segments) = try reader.load()
    }

    /// All that the store knows of a trace's spans, by key.
    func states(
        of trace: TraceID, where isMeant: (StoredRun) -> Bool = { _ in true }
    ) throws(SpanStoreError) -> [SpanKey: SpanState] {
        var states: [SpanKey: SpanState] = [:]
        let hash = TraceHash(trace)
        func look(at number: Int, of run: StoredRun) throws(SpanStoreError) {
            let set = try reader.reports(run, number, ofTrace: trace)
            var isThere = false
            for entry in set.entries where entry.key.traceID == trace {
                isThere = true
                states[entry.key, default: SpanState()].join(try set.stored(entry))
            }
            // Another trace can have the same hash; hardly ever.
            if !isThere { _ = try reader.reports(run, number) { $0 == hash } }
        }
        for run in runs where run.traceSegment == nil && isMeant(run) {
            for number in try reader.blocks(of: run, withTrace: hash, segments) { try look(at: number, of: run) }
        }
        for segment in segments {
            for (id, number) in try reader.blocks(in: segment, withTrace: hash) {
                // A run that is gone has left its entries.
                guard let run = runs.first(where: { $0.id == id }), isMeant(run) else { continue }
                try look(at: number, of: run)
            }
        }
        return states
    }

    /// The blocks that may have spans of some traces, by run. Of many traces the indexes are read from end to end.
    func blocks(withTraces hashes: Set<TraceHash>) throws(SpanStoreError) -> [(run: StoredRun, blocks: Set<Int>)] {
        if hashes.isEmpty { return [] }
        let isMany = hashes.count > Self.manyTraces
        var found: [Int64: Set<Int>] = [:]
        for run in runs where run.traceSegment == nil {
            if !isMany {
                for hash in hashes {
                    found[run.id, default: []].formUnion(try reader.blocks(of: run, withTrace: hash, segments))
                }
                continue
            }
            for chunk in 0..<run.traceChunks {
                for entry in try reader.entries(of: run, chunk) where hashes.contains(entry.trace) {
                    found[run.id, default: []].insert(Int(entry.block))
                }
            }
        }
        for segment in segments {
            if !isMany {
                for hash in hashes {
                    for (id, number) in try reader.blocks(in: segment, withTrace: hash) {
                        found[id, default: []].insert(number)
                    }
                }
                continue
            }
            for chunk in 0..<segment.chunks {
                for entry in try reader.entries(of: segment, chunk) where hashes.contains(entry.trace) {
                    found[try segment.run(of: entry), default: []].insert(Int(entry.block))
                }
            }
        }
        // A run that is gone has left its entries.
        var all: [(run: StoredRun, blocks: Set<Int>)] = []
        for run in runs {
            guard let blocks = found[run.id], !blocks.isEmpty else { continue }
            all.append((run, blocks))
        }
        return all
    }

    private static let manyTraces = 16

    /// A trace's spans by key.
    func trace(_ id: TraceID) throws(SpanStoreError) -> [MergedSpan] {
        try states(of: id).sorted { $0.key < $1.key }.map { $0.value.merged() }
    }

    /// The spans of loose reports whose starts may lie in the range, whole.
    func looseSpans(_ starts: ClosedRange<UInt64>) throws(SpanStoreError) -> LooseSpans {
        var loose = LooseSpans()
        var set = ReportSet()
        for run in runs where run.kind == .loose && run.starts.overlaps(starts) {
            try reader.readAll(run, into: &set, withTerms: false)
        }
        if set.entries.isEmpty { return loose }
        let keys = Set(set.entries.map(\.key))
        let hashes = Set(keys.map { TraceHash($0) })
        var settled: [SpanKey: SpanState] = [:]
        var others: [SpanKey: SpanState] = [:]
        for (run, blocks) in try blocks(withTraces: hashes) {
            // Those are in the set.
            if run.kind == .loose && run.starts.overlaps(starts) { continue }
            for number in blocks.sorted() {
                let found = try reader.reports(run, number) { hashes.contains($0) }
                for entry in found.entries where keys.contains(entry.key) {
                    let state = try found.stored(entry)
                    if run.kind == .settled {
                        settled[entry.key, default: SpanState()].join(state)
                    } else {
                        others[entry.key, default: SpanState()].join(state)
                    }
                }
            }
        }
        try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
            var state = try set.stored(members)
            if let other = others[key] { state.join(other) }
            let before = settled[key]
            if let before { state.join(before) }
            loose.spans[key] = LooseSpans.Found(whole: state.merged(), settled: before?.merged())
        }
        return loose
    }

    /// Calls `body` with each span whose start lies in the range, in no order.
    func forEachSpan(
        startingIn starts: ClosedRange<UInt64>, _ body: (MergedSpan) throws(SpanStoreError) -> Void
    ) throws(SpanStoreError) {
        let loose = try looseSpans(starts)
        for found in loose.spans.values where starts.contains(found.whole.span.startTimeUnixNano) {
            try body(found.whole)
        }
        // Whole spans first, the latest before the earlier ones, for they take the place of what comes behind.
        var seen: Set<SpanKey> = []
        for run in inOrder(of: starts) {
            for (number, block) in try reader.blocks(of: run).enumerated()
            where block.minStart <= starts.upperBound && block.maxStart >= starts.lowerBound {
                let set = try reader.reports(run, number)
                try RunPlan.forEachSpan(set) { members, key throws(SpanStoreError) in
                    if loose.spans[key] != nil || seen.contains(key) { return }
                    if run.kind == .whole { seen.insert(key) }
                    let merged = try set.stored(members).merged()
                    if starts.contains(merged.span.startTimeUnixNano) { try body(merged) }
                }
            }
        }
    }

    /// Runs with spans that may start in the range, but for loose ones: those of whole spans first, the latest before the
    /// earlier ones.
    func inOrder(of starts: ClosedRange<UInt64>) -> [StoredRun] {
        let meant = runs.filter { $0.starts.overlaps(starts) }
        return meant.filter { $0.kind == .whole }.reversed() + meant.filter { $0.kind == .settled }
    }

    /// Returns `true` where a span of a run has one in its place in another run.
    func isReplaced(_ key: SpanKey, in run: StoredRun) throws(SpanStoreError) -> Bool {
        let trace = TraceHash(key)
        for other in runs where other.kind == .whole && (run.kind == .settled || other.id > run.id) {
            for number in try reader.blocks(of: other, withTrace: trace, segments)
            where try reader.reports(other, number, indexed: { $0 == trace }).entries.contains(where: { $0.key == key })
            {
                return true
            }
        }
        return false
    }

    /// The services with their spans.
    func services() throws(SpanStoreError) -> [ServiceSummary] {
        var stored = ServiceCounts()
        try reader.ledger.forEachService(of: runs) { stored.add($1) }
        var services = stored.byName
        let everything = UInt64.min...UInt64.max
        for found in try looseSpans(everything).spans.values {
            if let settled = found.settled {
                let name = Array(settled.service.utf8)
                guard let spans = services[name]?.spans, spans > 0 else {
                    throw .damaged("table run_service has fewer spans of a service than there are")
                }
                services[name]?.spans = spans - 1
                let start = settled.span.startTimeUnixNano
                // The newest start of what is left is not known then.
                if start == services[name]?.newestStartUnixNano, settled != found.whole {
                    return try countedServices()
                }
                if services[name]?.spans == 0 { services[name] = nil }
            }
            Self.count(found.whole, &services)
        }
        return services.sorted { byteOrder($0.key, $1.key) < 0 }.map(\.value)
    }

    private func countedServices() throws(SpanStoreError) -> [ServiceSummary] {
        var services: [[UInt8]: ServiceSummary] = [:]
        try forEachSpan(startingIn: UInt64.min...UInt64.max) { Self.count($0, &services) }
        return services.sorted { byteOrder($0.key, $1.key) < 0 }.map(\.value)
    }

    private static func count(_ merged: MergedSpan, _ services: inout [[UInt8]: ServiceSummary]) {
        let name = Array(merged.service.utf8)
        var summary = services[name] ?? ServiceSummary(name: merged.service, spans: 0, newestStartUnixNano: 0)
        summary.spans += 1
        summary.newestStartUnixNano = max(summary.newestStartUnixNano, merged.span.startTimeUnixNano)
        services[name] = summary
    }
}
