import SpanModel
import SpanStorage

/// Generator of filters that ask for values of `ReportGenerator`, so that many filters find some spans and not others.
public struct FilterGenerator: Sendable {
    /// Source of all random choices.
    public var values: ReportGenerator

    /// Creates a generator; equal seeds make equal filters.
    public init(seed: UInt64) { values = ReportGenerator(seed: seed) }

    /// Returns a filter of at most `depth` levels of `all`, `any` and `not`.
    public mutating func filter(depth: Int = 3) -> SpanFilter {
        switch depth > 0 ? Int.random(in: 0..<8, using: &values.random) : 7 {
        case 0, 1: return .all(parts(depth))
        case 2, 3: return .any(parts(depth))
        case 4: return .not(filter(depth: depth - 1))
        default: return term()
        }
    }

    private mutating func parts(_ depth: Int) -> [SpanFilter] {
        (0..<values.pick([0, 1, 2, 2, 3])).map { _ in filter(depth: depth - 1) }
    }

    /// Returns a filter without parts: a presence or a comparison.
    public mutating func term() -> SpanFilter {
        let field = field()
        if values.chance(15) { return .present(field) }
        while true {
            let operation = values.pick(SpanFilter.Operator.allCases)
            let isPattern = operation == .matches || operation == .doesNotMatch
            if let filter = SpanFilter.compare(field, operation, isPattern ? .pattern(pattern()) : value(of: field)) {
                return filter
            }
            // `~` of a field without texts: another operator will do.
        }
    }

    private mutating func field() -> SpanFilter.Field {
        let key = ExactText(values.pick(ReportGenerator.keys + ["unheard of"]))
        return values.pick([
            .service, .name, .kind, .status, .statusMessage, .duration, .start, .end, .trace, .span, .parent, .running,
            .root, .error, .scope, .event, .attribute(key), .attribute(key), .attribute(key), .resourceAttribute(key),
            .resourceAttribute("service.name"), .eventAttribute(key),
        ])
    }

    private mutating func value(of field: SpanFilter.Field) -> SpanFilter.Value {
        let times: [UInt64] = [0, 1, 1000, 1001, 2500, 1 << 62, 1 << 63 - 1, 1 << 63, .max - 1, .max]
        switch field {
        case .service, .name, .event: return .text(text())
        case .statusMessage: return .text(ExactText(values.pick(["", "a", "b"])))
        case .scope: return .text(ExactText(values.pick(["", "http", "db", "ha"])))
        case .kind: return .kind(values.pick(SpanKind.some))
        case .status: return .status(.init(rawValue: values.pick([0, 1, 2, 3, 7, -1])))
        case .duration: return .duration(values.pick([.min, -.max, -5, 0, 1, 500, 1500, 1 << 62, .max - 1, .max]))
        case .start, .end: return .time(values.pick(times))
        case .trace: return .trace(TraceID(high: 7, low: .random(in: 0...5, using: &values.random)))
        case .span, .parent: return .span(SpanID(.random(in: 0...4, using: &values.random)))
        case .running, .root, .error: return .flag(values.chance(50))
        case .attribute, .resourceAttribute, .eventAttribute: return attributeValue()
        }
    }

    private mutating func attributeValue() -> SpanFilter.Value {
        switch Int.random(in: 0..<6, using: &values.random) {
        case 0: .flag(values.chance(50))
        case 1, 2: .integer(values.pick([0, 1, 2, -1, .min, .max]))
        case 3: .decimal(values.pick([0, -0.0, 1, 1.5, 0x1p63, -0x1p63, 1e300, .leastNonzeroMagnitude, 1e16]))
        default: .text(text())
        }
    }

    private mutating func text() -> ExactText {
        ExactText(values.pick(ReportGenerator.texts + ["unheard of", "true", "1"]))
    }

    private mutating func pattern() -> TextPattern {
        let sources = [
            "", "^$", "a", "^a$", "^[^a]", "GET /(cart|items)", "^..?$", "\\s", "[é-\\u{2fff}]", "\"", "b|é$",
            "(a|b)*$",
            "\u{0}", "\\\\", "^\\w{1,3}",
        ]
        // Each of them is an expression, as the filters' tests show by parsing what this makes.
        return (try? TextPattern(values.pick(sources))) ?? Self.anything
    }

    private static let anything: TextPattern = {
        guard let pattern = try? TextPattern("") else { preconditionFailure("the empty pattern is one") }
        return pattern
    }()
}
