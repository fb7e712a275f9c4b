import SpanModel

extension SpanFilter {
    /// Field of a span that a term of a filter looks at.
    public enum Field: Sendable, Hashable {
        /// The resource's `service.name`; empty when it has none.
        case service
        /// The span's name.
        case name
        /// The span's kind.
        case kind
        /// The status code; `unset` for a span without a status.
        case status
        /// The status message; empty for a span without a status.
        case statusMessage
        /// The duration, from start to end; absent while the span runs and when its start is not known.
        case duration
        /// The start; absent when it is not known.
        case start
        /// The end; absent while the span runs.
        case end
        /// The trace id.
        case trace
        /// The span id.
        case span
        /// The parent's span id; absent for a root.
        case parent
        /// Flag: no report said that the span has ended.
        case running
        /// Flag: the span names no parent.
        case root
        /// Flag: the span's status is `error`.
        case error
        /// The name of the instrumentation scope; empty when it has none.
        case scope
        /// The names of the span's events: any number of texts.
        case event
        /// An attribute of the span, by its key.
        case attribute(ExactText)
        /// An attribute of the resource, by its key.
        case resourceAttribute(ExactText)
        /// An attribute of each of the span's events, by its key: any number of values.
        case eventAttribute(ExactText)

        /// `true` for a field that is a flag and has no other value.
        var isFlag: Bool { self == .running || self == .root || self == .error }
    }

    /// Operator of a comparison; its raw value is how a filter spells it.
    public enum Operator: String, Sendable, Hashable, CaseIterable {
        /// The value equals the bound.
        case equal = "="
        /// A value is present and comparable, and none equals the bound.
        case notEqual = "!="
        /// The value is less than the bound.
        case less = "<"
        /// The value is less than or equal to the bound.
        case lessOrEqual = "<="
        /// The value is greater than the bound.
        case greater = ">"
        /// The value is greater than or equal to the bound.
        case greaterOrEqual = ">="
        /// The pattern is found in the value.
        case matches = "~"
        /// A value is present and comparable, and the pattern is found in none.
        case doesNotMatch = "!~"

        /// `true` for `!=` and `!~`, which hold when there is a comparable value and none for which `positive` holds.
        var isNegative: Bool { self == .notEqual || self == .doesNotMatch }

        /// Operator without its negation: `=` for `!=`, `~` for `!~`, the operator itself for all others.
        var positive: Operator { self == .notEqual ? .equal : self == .doesNotMatch ? .matches : self }

        /// Returns `true` when the operator holds between two values whose order is -1, 0 or 1.
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

    /// Right side of a comparison.
    public enum Value: Sendable, Hashable {
        /// A text; compares with strings, by bytes.
        case text(ExactText)
        /// An integer; compares with integers and doubles of attributes, by value.
        case integer(Int64)
        /// A double, not NaN; compares with integers and doubles of attributes, by value.
        case decimal(Double)
        /// A Boolean; compares with Booleans of attributes, and with the fields that are flags.
        case flag(Bool)
        /// A duration in nanoseconds.
        case duration(Int64)
        /// A time in nanoseconds since 1970-01-01T00:00:00Z.
        case time(UInt64)
        /// A kind of span.
        case kind(SpanKind)
        /// A status code.
        case status(SpanStatus.Code)
        /// A trace id.
        case trace(TraceID)
        /// A span id, also for the field `parent`.
        case span(SpanID)
        /// A regular expression, for the operators `~` and `!~` alone.
        case pattern(TextPattern)
    }

    /// A field, an operator that the field has, and a value that the field takes.
    public struct Comparison: Sendable, Hashable {
        /// Field on the left side.
        public let field: Field
        /// Operator, one that the field has.
        public let operation: Operator
        /// Value on the right side, of a kind that the field takes.
        public let value: Value

        /// Creates a comparison; `nil` when the field does not have the operator or does not take the value.
        ///
        /// - Texts (`service`, `name`, `statusMessage`, `scope`, `event`) take patterns with `~` and `!~`, and texts
        ///   with every other operator.
        /// - Attributes take patterns with `~` and `!~`, texts and numbers with every other operator, and flags with
        ///   `=` and `!=`.
        /// - `duration`, `start` and `end` take durations and times with every operator but `~` and `!~`.
        /// - `kind`, `status` and ids take values of their own type with `=` and `!=`.
        /// - `running`, `root` and `error` take nothing; see `SpanFilter.compare`.
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
    /// `true` when the field's values are strings or may be.
    var isText: Bool {
        switch self {
        case .service, .name, .statusMessage, .scope, .event: true
        default: isAttribute
        }
    }

    /// `true` for an attribute, whose values have types of their own.
    var isAttribute: Bool {
        switch self {
        case .attribute, .resourceAttribute, .eventAttribute: true
        default: false
        }
    }
}
