import SpanModel

extension SpanFilter {
    /// Conditions that hold for every span that the filter matches. A part behind a `not` contributes nothing, except
    /// `not running`.
    public var conditions: SpanConditions {
        switch node {
        case .all(let parts): return parts.reduce(SpanConditions()) { $0.and($1.conditions) }
        case .any(let parts): return parts.reduce(.impossible) { $0.or($1.conditions) }
        case .not(let part):
            var conditions = SpanConditions()
            if part.node == .present(.running) { conditions.isRunning = false }
            return conditions
        case .present(let field): return field.presenceConditions
        case .comparison(let comparison): return comparison.conditions
        }
    }
}

extension SpanFilter {
    /// `true` when `conditions` are not only necessary but sufficient: every span for which they hold matches the
    /// filter.
    package var isToldByConditions: Bool {
        switch node {
        case .all(let parts): parts.allSatisfy(\.isToldByConditions)
        case .any(let parts): parts.isEmpty
        case .not(let part): part.node == .present(.running)
        case .present(let field): field == .running || field == .error || field == .duration
        case .comparison(let comparison): comparison.isToldByConditions
        }
    }
}

extension SpanFilter.Comparison {
    fileprivate var isToldByConditions: Bool {
        switch (field, value) {
        case (.duration, .duration), (.start, .time): operation != .notEqual
        case (.service, .text), (.name, .text), (.kind, .kind), (.status, .status): operation == .equal
        default: false
        }
    }
}

extension SpanConditions {
    fileprivate static let impossible: SpanConditions = {
        var conditions = SpanConditions()
        conditions.isImpossible = true
        return conditions
    }()
}

extension SpanFilter.Field {
    fileprivate var presenceConditions: SpanConditions {
        var conditions = SpanConditions()
        switch self {
        case .running: conditions.isRunning = true
        case .root: conditions.parent = .invalid
        case .error: conditions.status = .error
        case .start: conditions.start = 1...UInt64.max
        case .end:
            conditions.isRunning = false
            conditions.end = 1...UInt64.max
        case .duration:
            conditions.isRunning = false
            conditions.start = 1...UInt64.max
            conditions.end = 1...UInt64.max
            conditions.durationNano = Int64.min...Int64.max
        default: break
        }
        return conditions
    }
}

extension SpanFilter.Comparison {
    fileprivate var conditions: SpanConditions {
        // A value is there in any case, since one that is not never compares.
        var conditions = field.presenceConditions
        switch (field, value) {
        case (.duration, .duration(let bound)):
            conditions.durationNano = range(bound, Int64.min, Int64.max, &conditions)
        case (.start, .time(let bound)): conditions.start = range(bound, 1, UInt64.max, &conditions)
        case (.end, .time(let bound)): conditions.end = range(bound, 1, UInt64.max, &conditions)
        default: break
        }
        guard operation == .equal else { return conditions }
        switch (field, value) {
        case (.service, .text(let text)): conditions.service = text
        case (.name, .text(let text)): conditions.name = text
        case (.kind, .kind(let kind)): conditions.kind = kind
        case (.status, .status(let code)): conditions.status = code
        case (.trace, .trace(let id)): conditions.trace = id
        case (.span, .span(let id)): conditions.span = id
        case (.parent, .span(let id)):
            conditions.parent = id
            if !id.isValid { conditions.isImpossible = true }
        case (.attribute(let key), _): conditions.attributes = [.init(.span, key, value)]
        case (.resourceAttribute(let key), _): conditions.attributes = [.init(.resource, key, value)]
        default: break
        }
        return conditions
    }

    /// Returns the values within the bounds for which the operator holds, and marks the conditions as impossible when
    /// there are none.
    private func range<Number: FixedWidthInteger>(
        _ bound: Number, _ least: Number, _ most: Number, _ conditions: inout SpanConditions
    ) -> ClosedRange<Number> {
        var (low, high) = (least, most)
        switch operation {
        case .equal: (low, high) = (max(bound, least), bound)
        case .less, .lessOrEqual: high = bound
        case .greater, .greaterOrEqual: low = max(bound, least)
        case .notEqual, .matches, .doesNotMatch: break
        }
        let isEmpty =
            low > high || operation == .less && bound <= least || operation == .greater && bound == most
            || operation == .equal && bound < least
        if isEmpty {
            conditions.isImpossible = true
            return least...most
        }
        if operation == .less { high -= 1 }
        if operation == .greater { low = max(bound + 1, least) }
        return low...high
    }
}
