import Synchronization

/// What the patterns of a filter may cost one query, and what they have cost it so far.
///
/// Counted are the steps that a pattern takes beyond `freeSteps` for each character of a text: of usual patterns none, so
/// that a store may be of any size, and of `a{900}` all but a few. Those of a pattern with a set in it count twice. One takes
/// about 15 ns in a release build, and ten times as long in a debug build. From several threads at once, which share the bound:
/// it is one of work, and so of seconds on one core.
final class PatternWork: Sendable {
    /// Steps for each character that are not counted.
    static let freeSteps = 32

    let limit: Int
    private let spent = Atomic<Int>(0)

    init(limit: Int = SpanFilterLimits.maxPatternWork) { self.limit = limit }

    /// Whether it is used up: no pattern is found from then on, and the answer is void.
    var isSpent: Bool { spent.load(ordering: .relaxed) > limit }

    /// Counts steps.
    ///
    /// - Returns: whether there is something left.
    func spend(_ steps: Int) -> Bool {
        steps <= 0 || spent.wrappingAdd(steps, ordering: .relaxed).newValue <= limit
    }
}

extension SpanFilter {
    /// The same filter for one query, whose patterns may cost what a query may.
    ///
    /// - Parameter limit: how many steps; without it as before, and at first `SpanFilterLimits.maxPatternWork`.
    package func metered(limit: Int? = nil) -> SpanFilter {
        let patterns = patterns
        if patterns.isEmpty { return self }
        let limit = limit ?? patterns.lazy.compactMap { $0.work?.limit }.first ?? SpanFilterLimits.maxPatternWork
        return metered(by: PatternWork(limit: limit))
    }

    /// For engines, now and then and before they answer.
    ///
    /// - Throws: `invalidQuery` when the patterns have cost more than one query may: what matched since is void.
    package func checkPatternWork() throws(SpanStoreError) {
        guard patterns.contains(where: { $0.work?.isSpent ?? false }) else { return }
        throw SpanStoreError(
            .invalidQuery,
            "the patterns of the filter take too long over what is stored: more than "
                + "\(SpanFilterLimits.maxPatternWork / 1_000_000) million steps; write fewer repetitions such as {900}, or ask "
                + "about fewer spans (service=, since=)")
    }

    private var patterns: [TextPattern] {
        switch node {
        case .all(let parts), .any(let parts): parts.flatMap(\.patterns)
        case .not(let part): part.patterns
        case .present: []
        case .comparison(let comparison): if case .pattern(let pattern) = comparison.value { [pattern] } else { [] }
        }
    }

    private func metered(by work: PatternWork) -> SpanFilter {
        switch node {
        case .all(let parts): return .all(parts.map { $0.metered(by: work) })
        case .any(let parts): return .any(parts.map { $0.metered(by: work) })
        case .not(let part): return .not(part.metered(by: work))
        case .present: return self
        case .comparison(let comparison):
            guard case .pattern(var pattern) = comparison.value else { return self }
            pattern.work = work
            return .compare(comparison.field, comparison.operation, .pattern(pattern)) ?? self
        }
    }
}

extension SpanQuery {
    /// The same query with patterns that may cost what one query may; see `SpanFilter.metered`.
    package var metered: SpanQuery {
        var query = self
        query.filter = filter.metered()
        return query
    }
}

extension SpanScan {
    /// The same scan with patterns that may cost what one query may; see `SpanFilter.metered`.
    package var metered: SpanScan {
        var scan = self
        scan.filter = filter.metered()
        return scan
    }
}
