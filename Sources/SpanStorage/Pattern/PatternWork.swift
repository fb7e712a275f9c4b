import Synchronization

/// Budget for the patterns of one query, and the part of it that is spent.
///
/// A pattern spends the steps that it takes beyond `freeSteps` for each character of a text. Usual patterns spend
/// nothing, so a store may be of any size; `a{900}` spends nearly all of its steps. Steps of a pattern with a set count
/// twice. A step takes about 15 ns in a release build, ten times as long in a debug build. Threads of one query share
/// the budget, which bounds work, and so seconds of one core.
final class PatternWork: Sendable {
    /// Steps for each character that cost nothing.
    static let freeSteps = 32

    let limit: Int
    private let spent = Atomic<Int>(0)

    init(limit: Int = SpanFilterLimits.maxPatternWork) { self.limit = limit }

    /// `true` when the budget is used up: no pattern is found from then on, and the answer is void.
    var isSpent: Bool { spent.load(ordering: .relaxed) > limit }

    /// Spends steps.
    ///
    /// - Returns: `true` while something of the budget is left.
    func spend(_ steps: Int) -> Bool {
        steps <= 0 || spent.wrappingAdd(steps, ordering: .relaxed).newValue <= limit
    }
}

extension SpanFilter {
    /// Returns the filter with a fresh budget for its patterns, shared by all of them: for one query.
    ///
    /// - Parameter limit: number of steps; `nil` for the limit that the filter has, at first
    ///   `SpanFilterLimits.maxPatternWork`.
    package func metered(limit: Int? = nil) -> SpanFilter {
        let patterns = patterns
        if patterns.isEmpty { return self }
        let limit = limit ?? patterns.lazy.compactMap { $0.work?.limit }.first ?? SpanFilterLimits.maxPatternWork
        return metered(by: PatternWork(limit: limit))
    }

    /// Checks the budget of the patterns; engines call it now and then and before they answer.
    ///
    /// - Throws: `invalidQuery` when the patterns have spent more than one query may; matches found since are void.
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
    /// Query with a fresh budget for its patterns; see `SpanFilter.metered`.
    package var metered: SpanQuery {
        var query = self
        query.filter = filter.metered()
        return query
    }
}

extension SpanScan {
    /// Scan with a fresh budget for its patterns; see `SpanFilter.metered`.
    package var metered: SpanScan {
        var scan = self
        scan.filter = filter.metered()
        return scan
    }
}
