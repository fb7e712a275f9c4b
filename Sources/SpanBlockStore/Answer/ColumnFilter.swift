import SpanBlocks
import SpanMerge
import SpanModel
import SpanStorage

/// A scan as columns can answer it exactly: by start, service, name, kind, running, status and duration alone.
struct ColumnFilter: Sendable {
    enum Verdict: Sendable {
        /// Not even beside what is meant.
        case outside
        case beside
        case meant
    }

    /// The ranges in which spans that are meant start, and those beside them.
    let starts: ClosedRange<UInt64>
    let surroundings: ClosedRange<UInt64>
    let isImpossible: Bool
    private let conditions: SpanConditions

    /// Makes a filter of a scan.
    ///
    /// - Parameter withSurroundings: whether spans beside those that are meant are told from others.
    /// - Returns: `nil` where the filter asks for something else.
    init?(_ scan: SpanScan, withSurroundings: Bool) {
        let conditions = scan.conditions
        guard scan.filter.isToldByConditions else { return nil }
        guard conditions.attributes.isEmpty, conditions.trace == nil, conditions.span == nil, conditions.parent == nil,
            conditions.end == nil || conditions.end == 1...UInt64.max && conditions.isRunning == false
        else { return nil }
        // A status without a name is known as such alone.
        if let status = conditions.status, !(0...2).contains(status.rawValue) { return nil }
        self.conditions = conditions
        isImpossible = conditions.isImpossible
        starts = conditions.start ?? scan.starts
        surroundings = withSurroundings ? scan.surroundings.starts : starts
    }

    /// Judges each row.
    ///
    /// - Returns: of each row; `nil` where starts that are not exact do not tell.
    func verdicts(_ columns: SpanColumns) -> [Verdict]? {
        let operations = columns.operations.map { operation in
            (conditions.service.map { $0 == operation.service } ?? true)
                && (conditions.name.map { $0 == operation.name } ?? true)
                && (conditions.kind.map { $0 == operation.kind } ?? true)
        }
        let precision = columns.startPrecision
        var verdicts: [Verdict] = []
        verdicts.reserveCapacity(columns.count)
        for row in 0..<columns.count {
            let (first, overflow) = (columns.start[row], columns.start[row].addingReportingOverflow(precision - 1))
            let last = overflow.overflow ? UInt64.max : overflow.partialValue
            if first >= starts.lowerBound, last <= starts.upperBound {
                verdicts.append(
                    operations[Int(columns.operation[row])] && meets(columns.flags[row], columns.duration[row])
                        ? .meant : .beside)
            } else if last < starts.lowerBound || first > starts.upperBound {
                if first >= surroundings.lowerBound, last <= surroundings.upperBound {
                    verdicts.append(.beside)
                } else if last < surroundings.lowerBound || first > surroundings.upperBound {
                    verdicts.append(.outside)
                } else {
                    return nil
                }
            } else {
                return nil
            }
        }
        return verdicts
    }

    private func meets(_ flags: SpanColumns.Flags, _ duration: Int64) -> Bool {
        if let isRunning = conditions.isRunning, isRunning != flags.contains(.isRunning) { return false }
        if let status = conditions.status, !flags.mayBe(status) { return false }
        if let range = conditions.durationNano {
            return flags.contains(.hasDuration) && range.contains(duration)
        }
        return true
    }
}
