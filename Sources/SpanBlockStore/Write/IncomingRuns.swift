import ProtoWire
import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// The reports of a group on their way into runs.
struct IncomingRuns: ~Copyable {
    private var set = ReportSet()
    /// Receipt time of each payload of the set.
    private var receivedUnixNano: [UInt64] = []
    /// Hashes of each entry of the set.
    private var reports: [HashedReport] = []
    /// Hashes of the reports that are new.
    private(set) var hashes: [HashedReport] = []
    /// Sources of spans that run in the batch that was added last.
    private(set) var runningSources: [SpanSource] = []
    private let nowUnixNano: UInt64

    init(nowUnixNano: UInt64) { self.nowUnixNano = nowUnixNano }

    /// Adds the reports of a batch.
    ///
    /// - Parameter deleted: traces whose reports are left out.
    /// - Returns: reports taken and left out.
    mutating func add(
        _ batch: IncomingBatch, leavingOut deleted: Set<TraceID>
    ) throws(SpanStoreError) -> AppendResult {
        let before = set.entries.count
        do {
            let rejected = try set.add(batch.payload, withTerms: true).rejected
            let running = Set(set.entries[before...].filter { $0.endUnixNano == 0 }.map(\.origin))
            runningSources = running.map { SpanSource(set.origins[Int($0)].shared.origin.resource) }
            let leftOut = deleted.isEmpty ? 0 : set.removeEntries(from: before) { deleted.contains($0.key.traceID) }
            let received = batch.receivedAtUnixNano == 0 ? nowUnixNano : min(batch.receivedAtUnixNano, nowUnixNano)
            receivedUnixNano.append(received)
            // While the payload is in the processor's cache.
            for entry in set.entries[before...] {
                reports.append(
                    HashedReport(
                        key: entry.key.stableHash, content: set.contentHash(entry),
                        trace: TraceHash(entry.key), startUnixNano: entry.startUnixNano))
            }
            return AppendResult(
                storedReports: set.entries.count - before, rejectedReports: rejected, deletedReports: leftOut)
        } catch {
            throw SpanStoreError(.engineFailed, "a batch cannot be read (\(error.code.rawValue))")
        }
    }

    /// Encodes what is new.
    mutating func runs(
        _ known: borrowing KnownReports, _ stored: borrowing StoredSpans, _ builder: inout RunBuilder,
        _ limits: RunLimits
    ) -> [NewRun] {
        var plan = RunPlan(expected: set.entries.count)
        hashes.reserveCapacity(set.entries.count)
        let verdicts = known.verdicts(reports)
        let areNew = stored.areNew(reports)
        RunPlan.forEachSpan(set) { members, key in
            var fresh: [Int32] = []
            var isLoose = members.count > 1
            for member in members {
                let number = Int(member)
                switch verdicts[number] {
                case .copy: continue
                case .further: isLoose = true
                case .new: break
                }
                // What has no start is about a span that has another report, or will have.
                if !areNew[number] || reports[number].startUnixNano == 0 { isLoose = true }
                hashes.append(reports[number])
                if members.count > 1 {
                    fresh.append(member)
                } else {
                    add(members, isLoose: isLoose, to: &plan)
                }
            }
            for index in fresh.indices { add(fresh[index...index], isLoose: isLoose, to: &plan) }
        }
        // Columns cost as much as they save while their run lives; a run that was just stored lives for a few seconds.
        return plan.encoded(set, &builder, limits, withColumns: false) { _ in .appended }
    }

    private func add(_ member: ArraySlice<Int32>, isLoose: Bool, to plan: inout RunPlan) {
        let entry = set.entries[Int(member[member.startIndex])]
        let start = entry.startUnixNano
        plan.add(
            member, partition: Partition.of(start: start, receivedUnixNano: receivedUnixNano[Int(entry.payload)]),
            kind: isLoose ? .loose : .settled, start: start, starts: isLoose ? 0...UInt64.max : start...start)
    }
}
