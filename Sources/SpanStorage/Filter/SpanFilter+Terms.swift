import SpanModel

extension SpanFilter {
    /// What a term of a filter looks at.
    public enum Field: Sendable, Hashable {
        /// The resource's `service.name`; empty when it has none.
        case service
        case name
        case kind
        /// The status code; `unset` without a status.
        case status
        case statusMessage
        /// From start to end; none while the span runs or when its start is not known.
        case duration
        /// None when it is not known.
        case start
        /// None while the span runs.
        case end
        case trace
        case span
        /// None for a root.
        case parent
        /// No report said that it has ended. True or not.
        case running
        /// It names no parent. True or not.
        case root
        /// Its status is `error`. True or not.
        case error
        /// The name of the instrumentation scope; empty when it has none.
        case scope
        /// The names of its events: any number of texts.
        case event
        /// An attribute of the span.
        case attribute(ExactText)
        /// An attribute of the resource.
        case resourceAttribute(ExactText)
        /// An attribute of each of its events: any number of values.
        case eventAttribute(ExactText)

        /// True or not, without any other value.
        var isFlag: Bool { self == .running || self == .root || self == .error }
    }

    /// How a value has to compare.
    public enum Operator: String, Sendable, Hashable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case matches = "~"
        case doesNotMatch = "!~"

        /// `!=` and `!~`: hold where there is a value that can be compared, and none for which `positive` holds.
        var isNegative: Bool { self == .notEqual || self == .doesNotMatch }

        /// `=` for `!=`, `~` for `!~`, the operator itself for all others.
        var positive: Operator { self == .notEqual ? .equal : self == .doesNotMatch ? .matches : self }

        /// Whether it holds between two values in this order (-1, 0, 1).
        func holds(_ order: Int) -> Bool {
            switch self {
            case .equal: order == 0
            case .notEqual: order != 0
            case .less: order < 0
            case .lessOrEqual: order <= 0
            case .greater: order > 0
            case .greaterOrEqual: order >= 0
            case .matches, .doesNotMatch: false
            }
        }
    }

    /// What a field is compared with.
    public enum Value: Sendable, Hashable {
        /// Compares with texts, by bytes.
        case text(ExactText)
        /// Compares with integers and doubles of attributes, by value.
        case integer(Int64)
        /// The same. Not NaN.
        case decimal(Double)
        case flag(Bool)
        /// Nanoseconds.
        case duration(Int64)
        /// Nanoseconds since 1970-01-01T00:00:00Z.
        case time(UInt64)
        case kind(SpanKind)
        case status(SpanStatus.Code)
        case trace(TraceID)
        case span(SpanID)
        /// For `~` and `!~` alone.
        case pattern(TextPattern)
    }

    /// A field, an operator it has, and a value it can be compared with.
    public struct Comparison: Sendable, Hashable {
        /// Its left side.
        public let field: Field
        /// One that the field has.
        public let operation: Operator
        /// Its right side, of a kind that the field takes.
        public let value: Value

        /// - Returns: `nil` when the field has no such operator or takes no such value. Texts (`service`, `name`,
        ///   `statusMessage`, `scope`, `event`) take texts with every operator but `~` and `!~`, and patterns with those;
        ///   attributes take texts, numbers and patterns in the same way, and flags with `=` and `!=`; `duration`,
        ///   `start` and `end` take durations and times with every operator but `~` and `!~`; `kind`, `status` and ids
        ///   take their own with `=` and `!=`.
        public init?(_ field: Field, _ operation: Operator, _ value: Value) {
            let isPattern = operation == .matches || operation == .doesNotMatch
            let isEquality = operation == .equal || operation == .notEqual
            let isFit: Bool
            switch (field, value) {
            case (_, .pattern): isFit = isPattern && field.isText
            case (_, .text): isFit = !isPattern && field.isText
            case (.attribute, .integer), (.resourceAttribute, .integer), (.eventAttribute, .integer):
                isFit = !isPattern
            case (.attribute, .decimal(let number)), (.resourceAttribute, .decimal(let number)),
                (.eventAttribute, .decimal(let number)):
                isFit = !isPattern && !number.isNaN
            case (.attribute, .flag), (.resourceAttribute, .flag), (.eventAttribute, .flag): isFit = isEquality
            case (.duration, .duration), (.start, .time), (.end, .time): isFit = !isPattern
            case (.kind, .kind), (.status, .status), (.trace, .trace), (.span, .span), (.parent, .span):
                isFit = isEquality
            default: isFit = false
            }
            guard isFit else { return nil }
            self.field = field
            self.operation = operation
            self.value = value
        }
    }
}

extension SpanFilter.Field {
    /// Its values are texts, or may be.
    var isText: Bool {
        switch self {
        case .service, .name, .statusMessage, .scope, .event: true
        default: isAttribute
        }
    }

    /// Its values have types of their own.
    var isAttribute: Bool {
        switch self {
        case .attribute, .resourceAttribute, .eventAttribute: true
        default: false
        }
    }
}
