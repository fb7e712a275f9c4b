import SpanBlocks
import SpanStorage

/// Runs that are merged next.
///
/// Runs of a partition are merged with those of their level and below, of whatever kind, so that each report is merged a few
/// times at the most; a run that is large enough is finished. Loose runs that were just stored (level 0) do not wait long,
/// for most of their reports turn out to be copies, or to be alone.
package struct CompactionPlan {
    /// The runs.
    let runs: [StoredRun]

    /// The most runs of a level that there may be.
    static let fanIn = RunLimits.fanIn

    /// The urge to merge.
    package enum Eagerness: Sendable {
        /// Only as many as must be, for more come all the time.
        case underLoad
        /// Nothing was appended lately: reports that may have company are looked up, what was just stored gets columns, and
        /// hours that are over are tidied.
        case idle
        /// Everything that is left is merged, however little it is.
        case final
    }

    /// Returns the runs that are to be merged next.
    ///
    /// - Parameters:
    ///   - runs: all there are, the oldest first.
    /// - Returns: `nil` when nothing is to be done.
    static func next(_ runs: [StoredRun], _ limits: RunLimits, _ eagerness: Eagerness) -> CompactionPlan? {
        var partitions: [Int64: [StoredRun]] = [:]
        for run in runs { partitions[run.partition, default: []].append(run) }
        let newest = partitions.keys.max() ?? 0
        for (partition, members) in partitions.sorted(by: { $0.key < $1.key }) {
            let isOver = partition < newest - 1
            if let plan = next(in: members, limits, eagerness, isOver: isOver) { return plan }
        }
        return nil
    }

    private static func next(
        in members: [StoredRun], _ limits: RunLimits, _ eagerness: Eagerness, isOver: Bool
    ) -> CompactionPlan? {
        let open = members.filter { $0.level < .finished }
        guard let (level, kind) = reason(in: open, limits, eagerness, isOver: isOver) else { return nil }
        // First what the merge is for, so that there is less of it afterwards, whatever else finds room.
        let meant = open.filter { $0.level <= level }
        let first = meant.filter { $0.kind == kind }.sorted { ($0.level, $0.id) < ($1.level, $1.id) }
        return CompactionPlan(runs: fitting(first + meant.filter { $0.kind != kind }, limits))
    }

    /// Up to which level runs are to be merged, and of which kind there are too many; `nil` for none.
    private static func reason(
        in open: [StoredRun], _ limits: RunLimits, _ eagerness: Eagerness, isOver: Bool
    ) -> (level: RunLevel, kind: RunKind)? {
        let loose = open.filter { $0.kind == .loose && $0.level == .appended }
        let kinds = Dictionary(grouping: open, by: \.kind).sorted { $0.key.rawValue < $1.key.rawValue }
        if eagerness == .idle {
            if !loose.isEmpty { return (.appended, .loose) }
            // What was just stored has no columns, which answers come faster from.
            if let many = kinds.first(where: { $0.value.filter { $0.level == .appended }.count >= fanIn / 4 }) {
                return (.appended, many.key)
            }
            if isOver, let level = open.map(\.level).max(),
                let many = kinds.first(where: { $0.value.count >= fanIn / 4 })
            {
                return (level, many.key)
            }
        }
        if eagerness == .final {
            guard let level = open.map(\.level).max() else { return nil }
            if !loose.isEmpty { return (level, .loose) }
            // What is one run of its kind would only be written once more, unless it has no columns yet.
            return kinds.first { $0.value.count > 1 || $0.value.contains { $0.level == .appended } }.map {
                (level, $0.key)
            }
        }
        if loose.count >= fanIn / 2 || loose.reduce(0, { $0 + $1.summary.reports }) >= limits.maxReports / 8 {
            return (.appended, .loose)
        }
        for (kind, members) in kinds {
            for level in Set(members.map(\.level)).sorted() {
                let upTo = members.filter { $0.level <= level }
                let reports = upTo.reduce(0) { $0 + $1.summary.reports }
                let bytes = upTo.reduce(0) { $0 + $1.rawBytes }
                // One alone may be so large only until it is merged for the first time.
                let isMuch = upTo.count > 1 && (reports >= limits.maxReports || bytes >= limits.maxRawBytes)
                if isMuch || upTo.filter({ $0.level == level }).count >= fanIn { return (level, kind) }
            }
        }
        return nil
    }

    /// Returns as many runs as may be merged at once, and two at the least where there are two.
    private static func fitting(_ runs: [StoredRun], _ limits: RunLimits) -> [StoredRun] {
        var (reports, bytes) = (0, 0)
        var taken: [StoredRun] = []
        for run in runs {
            reports += run.summary.reports
            bytes += run.rawBytes
            if taken.count > 1, reports > limits.maxReports + limits.maxReports / 4 || bytes > limits.maxRawBytes {
                break
            }
            taken.append(run)
        }
        return taken
    }
}
