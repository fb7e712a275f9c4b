import SpanMerge
import SpanModel

/// Conditions that hold for every span that a search finds, in forms for which engines have indexes, statistics and
/// filters.
///
/// The conditions are necessary, not sufficient: an engine may skip spans for which one of them does not hold, and has
/// to ask `SpanQuery.matches` about the others.
public struct SpanConditions: Sendable, Hashable {
    /// Condition that an attribute has a value, or is an array with the value among its elements.
    public struct AttributeEquality: Sendable, Hashable {
        /// Owner of an attribute.
        public enum Owner: Sendable, Hashable {
            /// The span itself, or the resource that reported it.
            case span, resource
        }

        /// Owner of the attribute.
        public var owner: Owner
        /// Key of the attribute.
        public var key: ExactText
        /// Value: a `text`, `flag`, `integer` or `decimal`. A number equals an `int` or a `double` of the same value.
        public var value: SpanFilter.Value

        /// Creates a condition on the attribute `key` of `owner`.
        public init(_ owner: Owner, _ key: ExactText, _ value: SpanFilter.Value) {
            self.owner = owner
            self.key = key
            self.value = value
        }
    }

    /// `true` when the conditions contradict each other, so that no span can match.
    public var isImpossible = false
    /// Name of the service; `nil` for any.
    public var service: ExactText?
    /// Name of the span; `nil` for any.
    public var name: ExactText?
    /// Kind of the span; `nil` for any.
    public var kind: SpanKind?
    /// Status code; `unset` also holds for a span without a status; `nil` for any.
    public var status: SpanStatus.Code?
    /// Trace id; `nil` for any.
    public var trace: TraceID?
    /// Span id; `nil` for any.
    public var span: SpanID?
    /// Span id of the parent; `.invalid` for a span that names no parent; `nil` for any.
    public var parent: SpanID?
    /// `true` for spans that run, `false` for spans that have ended, `nil` for both.
    public var isRunning: Bool?
    /// Least and greatest start, nanoseconds since 1970-01-01T00:00:00Z; `nil` for any.
    public var start: ClosedRange<UInt64>?
    /// Least and greatest end of an ended span, nanoseconds since 1970-01-01T00:00:00Z; `nil` for any.
    public var end: ClosedRange<UInt64>?
    /// Least and greatest duration in nanoseconds, of a span that has one; `nil` for any or none.
    public var durationNano: ClosedRange<Int64>?
    /// Conditions on attributes, each once, in the order in which they were found.
    public var attributes: [AttributeEquality] = []

    /// Creates conditions that hold for every span.
    public init() {}

    /// Returns `true` when all conditions hold for a span.
    public func hold(for merged: MergedSpan) -> Bool {
        if isImpossible { return false }
        let span = merged.span
        if let service, service != ExactText(merged.service) { return false }
        if let name, name != ExactText(span.name) { return false }
        if let kind, kind != span.kind { return false }
        if let status, status != merged.statusCode { return false }
        if let trace, trace != span.traceID { return false }
        if let id = self.span, id != span.spanID { return false }
        if let parent, parent != span.parentSpanID { return false }
        if let isRunning, isRunning != merged.isRunning { return false }
        if let start, !start.contains(span.startTimeUnixNano) { return false }
        if let end, !end.contains(span.endTimeUnixNano) { return false }
        if let durationNano {
            guard let duration = merged.durationNano, durationNano.contains(duration) else { return false }
        }
        return attributes.allSatisfy { $0.filter?.matches(merged) ?? false }
    }

    /// Returns conditions that hold when both of these hold.
    func and(_ other: SpanConditions) -> SpanConditions {
        var result = self
        result.isImpossible = isImpossible || other.isImpossible
        func both<Value: Equatable>(_ path: WritableKeyPath<SpanConditions, Value?>) {
            guard let value = other[keyPath: path] else { return }
            if let own = self[keyPath: path], own != value { result.isImpossible = true }
            result[keyPath: path] = value
        }
        func overlap<Bound: Comparable>(_ path: WritableKeyPath<SpanConditions, ClosedRange<Bound>?>) {
            guard let range = other[keyPath: path] else { return }
            guard let own = self[keyPath: path] else {
                result[keyPath: path] = range
                return
            }
            if own.overlaps(range) {
                result[keyPath: path] = own.clamped(to: range)
            } else {
                result.isImpossible = true
            }
        }
        both(\.service)
        both(\.name)
        both(\.kind)
        both(\.status)
        both(\.trace)
        both(\.span)
        both(\.parent)
        both(\.isRunning)
        overlap(\.start)
        overlap(\.end)
        overlap(\.durationNano)
        result.attributes += other.attributes.filter { !attributes.contains($0) }
        return result
    }

    /// Returns conditions that hold when at least one of these holds.
    func or(_ other: SpanConditions) -> SpanConditions {
        if isImpossible { return other }
        if other.isImpossible { return self }
        var result = SpanConditions()
        func shared<Value: Equatable>(_ path: WritableKeyPath<SpanConditions, Value?>) {
            if self[keyPath: path] == other[keyPath: path] { result[keyPath: path] = self[keyPath: path] }
        }
        func hull<Bound: Comparable>(_ path: WritableKeyPath<SpanConditions, ClosedRange<Bound>?>) {
            guard let own = self[keyPath: path], let range = other[keyPath: path] else { return }
            result[keyPath: path] = min(own.lowerBound, range.lowerBound)...max(own.upperBound, range.upperBound)
        }
        shared(\.service)
        shared(\.name)
        shared(\.kind)
        shared(\.status)
        shared(\.trace)
        shared(\.span)
        shared(\.parent)
        shared(\.isRunning)
        hull(\.start)
        hull(\.end)
        hull(\.durationNano)
        result.attributes = attributes.filter { other.attributes.contains($0) }
        return result
    }
}

extension SpanConditions.AttributeEquality {
    /// Filter that says the same as the condition; `nil` for a value that attributes do not have.
    var filter: SpanFilter? {
        .compare(owner == .span ? .attribute(key) : .resourceAttribute(key), .equal, value)
    }
}
