import SpanMerge
import SpanModel

/// Predicate over merged spans: the filter language of `docs/search.md` as a value.
///
/// A filter is made from text or from parts, and kept in one normal form: no `all` directly within an `all`, no double
/// `not`. So `text` parses to an equal filter, as long as it keeps to the limits of a text (`SpanFilterLimits`).
/// Engines walk `node`, or ask `conditions` for what may narrow a search; `matches` gives the answer that all engines
/// have to give.
///
/// ```swift
/// let filter = try SpanFilter(parsing: "service=checkout duration>100ms", nowUnixNano: 0)
/// print(filter.text)
/// ```
public struct SpanFilter: Sendable, Hashable {
    /// Outermost part of a filter.
    public indirect enum Node: Sendable, Hashable {
        /// Conjunction: every part matches. Without parts it matches every span. Never has exactly one part, nor an
        /// `all` among its parts.
        case all([SpanFilter])
        /// Disjunction: at least one part matches. Without parts it matches no span. Never has exactly one part, nor an
        /// `any` among its parts.
        case any([SpanFilter])
        /// Negation: the part does not match. Never holds a `not`, nor an `all` or `any` without parts.
        case not(SpanFilter)
        /// Presence: the field has a value; for `running`, `root` and `error`: the flag is true.
        case present(Field)
        /// Comparison of a field with a value. Never of `running`, `root` and `error`.
        case comparison(Comparison)
    }

    /// Outermost part, in normal form.
    public let node: Node

    private init(_ node: Node) { self.node = node }

    /// Filter that matches every span. Its text is empty.
    public static let everything = SpanFilter(.all([]))

    /// Filter that matches no span. Its text is `not ()`.
    public static let nothing = SpanFilter(.any([]))

    /// Returns a filter that matches the spans that every part matches; `everything` without parts.
    public static func all(_ parts: [SpanFilter]) -> SpanFilter {
        var result: [SpanFilter] = []
        for part in parts {
            if part.node == .any([]) { return .nothing }
            if case .all(let inner) = part.node { result += inner } else { result.append(part) }
        }
        return result.count == 1 ? result[0] : SpanFilter(.all(result))
    }

    /// Returns a filter that matches the spans that at least one part matches; `nothing` without parts.
    public static func any(_ parts: [SpanFilter]) -> SpanFilter {
        var result: [SpanFilter] = []
        for part in parts {
            if part.node == .all([]) { return .everything }
            if case .any(let inner) = part.node { result += inner } else { result.append(part) }
        }
        return result.count == 1 ? result[0] : SpanFilter(.any(result))
    }

    /// Returns a filter that matches exactly the spans that `filter` does not match.
    public static func not(_ filter: SpanFilter) -> SpanFilter {
        switch filter.node {
        case .not(let inner): inner
        case .all([]): .nothing
        case .any([]): .everything
        default: SpanFilter(.not(filter))
        }
    }

    /// Returns a filter that matches spans whose field has a value; for `running`, `root` and `error`: spans whose flag
    /// is true.
    public static func present(_ field: Field) -> SpanFilter { SpanFilter(.present(field)) }

    /// Returns a filter that matches spans whose field compares as stated with the value.
    ///
    /// - Returns: `nil` when the field does not have the operator or does not take the value (see `Comparison.init`).
    public static func compare(_ field: Field, _ operation: Operator, _ value: Value) -> SpanFilter? {
        if field.isFlag {
            guard case .flag(let flag) = value, operation == .equal || operation == .notEqual else { return nil }
            return flag == (operation == .equal) ? .present(field) : .not(.present(field))
        }
        return Comparison(field, operation, value).map { SpanFilter(.comparison($0)) }
    }
}
