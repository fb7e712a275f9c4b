import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// Joins the reports of a set, and decides which of its spans are settled.
struct SpanMerging {
    private(set) var set: ReportSet
    private(set) var plan: RunPlan
    private let firstLoose: Int32
    private let partition: Int64

    /// Makes a merge of the reports of a set.
    ///
    /// - Parameter firstLoose: entries from there on come from runs that are not settled.
    init(set: ReportSet, firstLoose: Int32, partition: Int64) {
        plan = RunPlan(expected: set.entries.count)
        self.set = set
        self.firstLoose = firstLoose
        self.partition = partition
    }

    /// Puts each span of the set into the plan.
    ///
    /// - Parameter merged: the runs that the set is of.
    mutating func run(_ view: StoreView, _ merged: Set<Int64>) throws(SpanStoreError) {
        var spans: [(members: ArraySlice<Int32>, key: SpanKey)] = []
        spans.reserveCapacity(set.entries.count)
        RunPlan.forEachSpan(set) { spans.append(($0, $1)) }
        let asked = spans.filter { span in span.members.last.map { $0 >= firstLoose } ?? false }
        let partners = try Partners(of: Set(asked.map(\.key)), view, merged: merged)
        for (members, key) in spans {
            // Where all of them are settled, and others elsewhere, those are not. Members are in the order of the set.
            guard let last = members.last, last >= firstLoose, let elsewhere = partners.all[key] else {
                try addSettled(members)
                continue
            }
            let loose = members.filter { $0 >= firstLoose }
            let settled = members.filter { $0 < firstLoose }
            var others = Others(
                all: elsewhere, settled: partners.settled[key], starts: partners.starts[key] ?? 0...UInt64.max)
            if !settled.isEmpty {
                // It stays where it was: what takes its place counts on it.
                try addSettled(settled[...])
                others.join(settled: try set.stored(settled[...]))
                for member in settled { others.starts.extend(to: set.entries[Int(member)].startUnixNano) }
            }
            try add(loose[...], others)
        }
    }

    /// The other reports of a span, besides some of its reports.
    private struct Others {
        var all: SpanState
        /// In settled runs.
        var settled: SpanState?
        /// The range in which the starts of all those reports lie.
        var starts: ClosedRange<UInt64>

        mutating func join(settled state: SpanState) {
            all.join(state)
            settled?.join(state)
            settled = settled ?? state
        }
    }

    private mutating func addSettled(_ members: ArraySlice<Int32>) throws(SpanStoreError) {
        if members.count == 1 {
            let start = set.entries[Int(members[members.startIndex])].startUnixNano
            return plan.add(members, partition: partition, kind: .settled, start: start, starts: start...start)
        }
        let state = try set.stored(members)
        let merged = state.merged()
        let start = merged.span.startTimeUnixNano
        let stored = try add(state)
        plan.add(
            stored, partition: partition, kind: .settled, start: start, merged: stored.count > 1 ? merged : nil,
            starts: start...start)
    }

    /// Adds reports of one span to the plan, joined.
    ///
    /// - Parameter members: reports from runs that are not settled.
    private mutating func add(_ members: ArraySlice<Int32>, _ others: Others) throws(SpanStoreError) {
        var state = try set.stored(members)
        let own = state.merged()
        state.join(others.all)
        // Nothing new: what the others say is all.
        if state.encoded() == others.all.encoded() { return }
        let whole = state.merged()
        let start = whole.span.startTimeUnixNano
        if start != 0, let before = others.settled?.merged(), before.span.startTimeUnixNano == start,
            byteOrder(before.service, whole.service) == 0, Int64(start / Partition.nanoseconds) == partition
        {
            let stored = try add(state)
            return plan.add(
                stored, partition: partition, kind: .whole, start: start, merged: stored.count > 1 ? whole : nil,
                starts: start...start)
        }
        // Whoever asks for a time at which the span is, or one of its reports elsewhere, has to look here.
        var starts = others.starts
        for merged in [own, others.all.merged(), whole] { starts.extend(to: merged.span.startTimeUnixNano) }
        var stored = members
        if members.count > 1 { stored = try add(try set.stored(members)) }
        plan.add(
            stored, partition: partition, kind: .loose, start: own.span.startTimeUnixNano,
            merged: stored.count > 1 ? own : nil, starts: starts)
    }

    /// Adds the reports of a state to the set.
    private mutating func add(_ state: SpanState) throws(SpanStoreError) -> ArraySlice<Int32> {
        let first = Int32(set.entries.count)
        do {
            try set.add(state.reports(), withTerms: true)
        } catch {
            throw .damaged("a joined report cannot be read (\(error.code.rawValue))")
        }
        return Array(first..<Int32(set.entries.count))[...]
    }

    /// Reports of some spans in other runs: each of their blocks is read once, however many of the spans it has.
    private struct Partners {
        private(set) var all: [SpanKey: SpanState] = [:]
        /// Reports in settled runs alone, by span.
        private(set) var settled: [SpanKey: SpanState] = [:]
        /// The range of the starts of all reports, by span.
        private(set) var starts: [SpanKey: ClosedRange<UInt64>] = [:]

        /// Reads the reports of some spans.
        ///
        /// - Parameter merged: runs that are not asked.
        init(of keys: Set<SpanKey>, _ view: StoreView, merged: Set<Int64>) throws(SpanStoreError) {
            let hashes = Set(keys.map { TraceHash($0) })
            for (run, blocks) in try view.blocks(withTraces: hashes) where !merged.contains(run.id) {
                for number in blocks.sorted() {
                    let set = try view.reader.reports(run, number) { hashes.contains($0) }
                    for entry in set.entries where keys.contains(entry.key) {
                        let state = try set.stored(entry)
                        all[entry.key, default: SpanState()].join(state)
                        let start = entry.startUnixNano
                        starts[entry.key, default: start...start].extend(to: start)
                        if run.kind == .settled { settled[entry.key, default: SpanState()].join(state) }
                    }
                }
            }
        }
    }
}

extension ClosedRange<UInt64> {
    fileprivate mutating func extend(to value: UInt64) {
        self = Swift.min(lowerBound, value)...Swift.max(upperBound, value)
    }
}
