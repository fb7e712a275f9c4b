/// Groups of spans that an answer tells apart, with a count of the spans beyond them.
public struct SpanGroups<Group: Sendable & Hashable>: Sendable, Hashable {
    /// Groups in the order that the question states.
    public var groups: [Group]
    /// Number of spans in groups that are not told apart; 0 unless there are more than `SpanGroupLimit.groups`.
    public var leftOutSpans: UInt64

    /// Creates an answer from its groups.
    public init(_ groups: [Group] = [], leftOutSpans: UInt64 = 0) {
        self.groups = groups
        self.leftOutSpans = leftOutSpans
    }
}

/// Bound on the number of groups in an answer, so that names with numbers in them do not take memory without bound.
public enum SpanGroupLimit {
    /// Greatest number of groups that an answer tells apart. The engine chooses which ones it keeps when there are
    /// more.
    public static let groups = 10_000
}

/// Counts groups while spans are read.
package struct GroupTally<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// Value of each group that is told apart.
    package private(set) var values: [Key: Value] = [:]
    /// Number of spans in groups that did not fit.
    package private(set) var leftOut: UInt64 = 0

    /// Creates a tally without groups.
    package init() {}

    /// Changes the value of a group; a new group starts with `fresh`. When no further group fits, the spans count as
    /// left out and `change` is not called.
    ///
    /// - Parameter spans: number of spans that count as left out when the group does not fit.
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

    /// Returns the answer: one group made from each key and value, sorted by `precedes`.
    package func groups<Group>(
        _ make: (Key, Value) -> Group, by precedes: (Group, Group) -> Bool
    ) -> SpanGroups<Group> {
        SpanGroups(values.map { make($0.key, $0.value) }.sorted(by: precedes), leftOutSpans: leftOut)
    }
}
