/// Groups of spans, as many as are kept.
public struct SpanGroups<Group: Sendable & Hashable>: Sendable, Hashable {
    /// In the order that the question promises.
    public var groups: [Group]
    /// Spans of further groups, which are not told apart: 0 unless there are more than `SpanGroupLimit.groups`.
    public var leftOutSpans: UInt64

    public init(_ groups: [Group] = [], leftOutSpans: UInt64 = 0) {
        self.groups = groups
        self.leftOutSpans = leftOutSpans
    }
}

/// How many groups an answer tells apart at the most, so that names with numbers in them cost no memory without bound.
public enum SpanGroupLimit {
    /// Which of more groups are kept is up to the engine.
    public static let groups = 10_000
}

/// Groups while they are being counted.
package struct GroupTally<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    package private(set) var values: [Key: Value] = [:]
    package private(set) var leftOut: UInt64 = 0

    package init() {}

    /// Changes the value of a group, which is new with `fresh`.
    ///
    /// - Parameter spans: how many are left out where no further group fits.
    package mutating func update(
        _ key: Key, spans: UInt64 = 1, fresh: @autoclosure () -> Value, _ change: (inout Value) -> Void
    ) {
        if let known = values.index(forKey: key) {
            change(&values.values[known])
            return
        }
        guard values.count < SpanGroupLimit.groups else {
            leftOut += spans
            return
        }
        var value = fresh()
        change(&value)
        values[key] = value
    }

    /// The answer: each group made from its key and value, in order.
    package func groups<Group>(
        _ make: (Key, Value) -> Group, by precedes: (Group, Group) -> Bool
    ) -> SpanGroups<Group> {
        SpanGroups(values.map { make($0.key, $0.value) }.sorted(by: precedes), leftOutSpans: leftOut)
    }
}
