import SpanBlocks
import SpanModel
import SpanStorage

/// Spans of a block that can match a search.
struct BlockMatches: Sendable {
    /// Hashes of their ids.
    var spans: [UInt32] = []
    /// None of them comes before this.
    var rank = SpanRank(first: .max, second: .max)

    var isEmpty: Bool { spans.isEmpty }
}

/// A test of which spans can match a search, as far as columns tell: none that does is missing.
struct ColumnMatcher: Sendable {
    /// The attributes that it asks for.
    let keys: Set<ExactText>
    private let conditions: SpanConditions
    private let order: SpanOrder
    private let filter: SpanFilter

    /// Makes a test of what a search asks.
    ///
    /// - Returns: `nil` where columns tell nothing.
    init?(_ query: SpanQuery) {
        conditions = query.conditions
        filter = query.filter
        order = query.order
        keys = filter.attributeKeys
        let isAsked =
            !keys.isEmpty || conditions.service != nil || conditions.name != nil || conditions.kind != nil
            || conditions.status != nil || conditions.isRunning != nil || conditions.durationNano != nil
            || query.order == .longest
            || query.order == .shortest
        if !isAsked { return nil }
    }

    /// Finds the spans of columns that can match.
    ///
    /// - Returns: by block; `nil` for columns that cannot be read.
    func spans(_ columns: StoredRows) -> [BlockMatches]? {
        var spans = [BlockMatches](repeating: BlockMatches(), count: columns.blockTraces.count)
        // What is cheap to look at comes first, the more so the more rows it leaves out.
        var rows = rowsOfOperations(columns)
        if rows.isEmpty { return spans }
        switch Self.rows(filter, columns) {
        case .damaged: return nil
        case .unknown: break
        case .told(let mayMatch):
            guard mayMatch.count == columns.count else { return nil }
            rows.removeAll { !mayMatch[Int($0)] }
        }
        guard !rows.isEmpty else { return spans }
        guard let flags = columns.flags(rows), let durations = columns.durations(rows) else { return nil }
        let met = rows.indices.filter { meets(flags[$0], durations[$0]) }
        if met.isEmpty { return spans }
        let meant = met.map { rows[$0] }
        guard let traces = columns.traces(meant), let starts = columns.starts(meant, traces: traces),
            let ids = columns.ids(meant)
        else { return nil }
        // Where the traces of each block end.
        var ends: [Int32] = []
        for count in columns.blockTraces { ends.append((ends.last ?? 0) &+ count) }
        for (index, place) in met.enumerated() where isInRange(starts[index]) {
            guard let block = ends.firstIndex(where: { traces[index] < $0 }) else { return nil }
            let duration = flags[place].contains(.hasDuration) ? durations[place] : nil
            spans[block].spans.append(ids[index])
            spans[block].rank = min(spans[block].rank, rank(starts[index], duration))
        }
        return spans
    }

    private func rowsOfOperations(_ columns: StoredRows) -> [Int32] {
        var rows: [Int32] = []
        for (operation, range) in zip(columns.operations, columns.operationRows) {
            if let service = conditions.service, service != operation.service { continue }
            if let name = conditions.name, name != operation.name { continue }
            if let kind = conditions.kind, kind != operation.kind { continue }
            rows.append(contentsOf: range)
        }
        return rows
    }

    private func meets(_ flags: SpanColumns.Flags, _ duration: Int64) -> Bool {
        if let isRunning = conditions.isRunning, isRunning != flags.contains(.isRunning) { return false }
        if let status = conditions.status, !flags.mayBe(status) { return false }
        guard let range = conditions.durationNano else { return true }
        return flags.contains(.hasDuration) && range.contains(duration)
    }

    /// Returns `true` where a start, as exactly as it is stored, may lie in the range that is asked for.
    private func isInRange(_ start: UInt64) -> Bool {
        guard let starts = conditions.start else { return true }
        return start <= starts.upperBound && Self.last(start) >= starts.lowerBound
    }

    /// The last start that is stored so.
    private static func last(_ start: UInt64) -> UInt64 {
        let (last, overflow) = start.addingReportingOverflow(SpanColumns.storedPrecision - 1)
        return overflow ? .max : last
    }

    /// The first rank that a row can have, as exactly as its start is stored.
    private func rank(_ start: UInt64, _ duration: Int64?) -> SpanRank {
        // 0 is no start, and the last of all; what is rounded down to it may be one.
        min(
            order.rank(startUnixNano: max(start, 1), durationNano: duration),
            order.rank(startUnixNano: Self.last(start), durationNano: duration))
    }

    private enum Rows {
        case unknown
        /// `true` for each row that can match.
        case told([Bool])
        /// The columns cannot be read.
        case damaged
    }

    private static func rows(_ filter: SpanFilter, _ columns: StoredRows) -> Rows {
        switch filter.node {
        case .all(let parts):
            var all: [Bool]?
            for part in parts {
                switch rows(part, columns) {
                case .damaged: return .damaged
                case .unknown: break
                case .told(let told):
                    guard var both = all else {
                        all = told
                        continue
                    }
                    guard both.count == told.count else { return .damaged }
                    for row in both.indices where !told[row] { both[row] = false }
                    all = both
                }
            }
            return all.map { .told($0) } ?? .unknown
        case .any(let parts):
            var any = [Bool](repeating: false, count: Int(columns.count))
            for part in parts {
                guard case .told(let told) = rows(part, columns), told.count == any.count else { return .unknown }
                for row in any.indices where told[row] { any[row] = true }
            }
            return .told(any)
        case .present(.attribute(let key)):
            guard let column = columns.attributes.first(where: { $0.key == key }) else { return .unknown }
            return column.rows(text: nil, isAlone: false) { _ in true }.map { .told($0) } ?? .damaged
        case .comparison(let comparison):
            guard case .attribute(let key) = comparison.field,
                let column = columns.attributes.first(where: { $0.key == key })
            else { return .unknown }
            let isEqual = comparison.operation == .equal
            var text: ExactText?
            if isEqual, case .text(let value) = comparison.value { text = value }
            return column.rows(text: text, isAlone: isEqual) { comparison.holds(forValue: $0) }.map { .told($0) }
                ?? .damaged
        case .not, .present: return .unknown
        }
    }
}

extension SpanFilter {
    /// The keys of attributes of spans that it compares, but for what stands behind a `not`.
    fileprivate var attributeKeys: Set<ExactText> {
        switch node {
        case .all(let parts), .any(let parts): parts.reduce(into: []) { $0.formUnion($1.attributeKeys) }
        case .present(.attribute(let key)): [key]
        case .comparison(let comparison):
            if case .attribute(let key) = comparison.field { [key] } else { [] }
        case .not, .present: []
        }
    }
}
