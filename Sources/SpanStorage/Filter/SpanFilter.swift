import SpanMerge
import SpanModel

/// What is asked of a span: the filter language of `docs/search.md` as a value.
///
/// Made from text, or from parts; either way it is kept in one form (no `all` directly within an `all`, no double
/// `not`), so that `text` parses to an equal filter, as long as it keeps to the limits of a text (`SpanFilterLimits`).
/// Engines walk `node`, or ask `conditions` what they may narrow their search by; `matches` is the answer all of them
/// have to give.
///
/// ```swift
/// let filter = try SpanFilter(parsing: "service=checkout duration>100ms", nowUnixNano: 0)
/// print(filter.text)
/// ```
public struct SpanFilter: Sendable, Hashable {
    /// The outermost part of a filter.
    public indirect enum Node: Sendable, Hashable {
        /// Each holds; without any, every span matches. Never has one part, nor an `all` among its parts.
        case all([SpanFilter])
        /// One of them holds at least; without any, no span matches. Never has one part, nor an `any` among its parts.
        case any([SpanFilter])
        /// It does not hold. Never holds a `not`, nor an `all` or `any` without parts.
        case not(SpanFilter)
        /// The field has a value; for `running`, `root` and `error`: it is true.
        case present(Field)
        /// The field's value compares so. Never of `running`, `root` and `error`.
        case comparison(Comparison)
    }

    public let node: Node

    private init(_ node: Node) { self.node = node }

    /// Matches every span. Its text is empty.
    public static let everything = SpanFilter(.all([]))

    /// Matches no span. Its text is `not ()`.
    public static let nothing = SpanFilter(.any([]))

    /// What each part matches; `everything` without parts.
    public static func all(_ parts: [SpanFilter]) -> SpanFilter {
        var result: [SpanFilter] = []
        for part in parts {
            if part.node == .any([]) { return .nothing }
            if case .all(let inner) = part.node { result += inner } else { result.append(part) }
        }
        return result.count == 1 ? result[0] : SpanFilter(.all(result))
    }

    /// What one of the parts matches; `nothing` without parts.
    public static func any(_ parts: [SpanFilter]) -> SpanFilter {
        var result: [SpanFilter] = []
        for part in parts {
            if part.node == .all([]) { return .everything }
            if case .any(let inner) = part.node { result += inner } else { result.append(part) }
        }
        return result.count == 1 ? result[0] : SpanFilter(.any(result))
    }

    /// What the filter does not match: exactly the other spans.
    public static func not(_ filter: SpanFilter) -> SpanFilter {
        switch filter.node {
        case .not(let inner): inner
        case .all([]): .nothing
        case .any([]): .everything
        default: SpanFilter(.not(filter))
        }
    }

    /// Spans of which the field has a value; for `running`, `root` and `error`: is true.
    public static func present(_ field: Field) -> SpanFilter { SpanFilter(.present(field)) }

    /// Spans whose field compares so with the value.
    ///
    /// - Returns: `nil` when the field has no such operator or takes no such value (see `Comparison.init`).
    public static func compare(_ field: Field, _ operation: Operator, _ value: Value) -> SpanFilter? {
        if field.isFlag {
            guard case .flag(let flag) = value, operation == .equal || operation == .notEqual else { return nil }
            return flag == (operation == .equal) ? .present(field) : .not(.present(field))
        }
        return Comparison(field, operation, value).map { SpanFilter(.comparison($0)) }
    }
}
