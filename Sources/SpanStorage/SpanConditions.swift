import SpanMerge
import SpanModel

/// What holds for every span that a search finds, in forms that engines have indexes, statistics and filters for.
///
/// Necessary, not sufficient: an engine may leave out spans for which one of these does not hold, and has to ask
/// `SpanQuery.matches` of the others.
public struct SpanConditions: Sendable, Hashable {
    /// An attribute has a value, or is an array with it among its elements.
    public struct AttributeEquality: Sendable, Hashable {
        /// Whose attribute it is.
        public enum Owner: Sendable, Hashable {
            case span, resource
        }

        /// Where the attribute is looked for.
        public var owner: Owner
        /// The attribute's key.
        public var key: ExactText
        /// A `text`, `flag`, `integer` or `decimal`; a number equals an `int` or a `double` of the same value.
        public var value: SpanFilter.Value

        public init(_ owner: Owner, _ key: ExactText, _ value: SpanFilter.Value) {
            self.owner = owner
            self.key = key
            self.value = value
        }
    }

    /// No span can match: the conditions contradict each other.
    public var isImpossible = false
    /// The service's name.
    public var service: ExactText?
    /// The span's name.
    public var name: ExactText?
    public var kind: SpanKind?
    /// The status code; `unset` for a span without a status too.
    public var status: SpanStatus.Code?
    /// The trace's id.
    public var trace: TraceID?
    /// The span's id.
    public var span: SpanID?
    /// The parent's id; `.invalid` for a span that names no parent.
    public var parent: SpanID?
    /// Whether it still runs.
    public var isRunning: Bool?
    /// The least and the greatest start, nanoseconds since 1970-01-01T00:00:00Z.
    public var start: ClosedRange<UInt64>?
    /// The least and the greatest end, of an ended span.
    public var end: ClosedRange<UInt64>?
    /// The least and the greatest duration in nanoseconds, of a span that has one.
    public var durationNano: ClosedRange<Int64>?
    /// In the order in which they were found, each once.
    public var attributes: [AttributeEquality] = []

    /// No condition.
    public init() {}

    /// Whether all of them hold.
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

    /// Both hold.
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

    /// What holds where one of them does.
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
    /// The same as a filter; `nil` for a value that attributes do not have.
    var filter: SpanFilter? {
        .compare(owner == .span ? .attribute(key) : .resourceAttribute(key), .equal, value)
    }
}
