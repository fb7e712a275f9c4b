import SpanMerge
import SpanModel

/// Order in which a search returns spans, and which decides the spans that its limit keeps.
///
/// A span without the compared value comes last: by start a span whose start is not known; by duration a span that runs
/// or whose start is not known. Spans with equal starts are ordered by key, spans with equal durations by start, the
/// newest first, then by key. So no two spans share a place.
public enum SpanOrder: String, Sendable, Hashable, CaseIterable {
    /// Newest start first.
    case newest
    /// Oldest start first.
    case oldest
    /// Longest duration first.
    case longest
    /// Shortest duration first; negative ones, which wrong clocks produce, before 0.
    case shortest

    /// Returns `true` when the left span comes before the right one.
    public func precedes(_ left: MergedSpan, _ right: MergedSpan) -> Bool {
        let (leftRank, rightRank) = (rank(of: left), rank(of: right))
        return leftRank == rightRank ? left.key < right.key : leftRank < rightRank
    }
}

/// Place of a span in an order, its key aside: lesser ranks come first.
package struct SpanRank: Sendable, Hashable, Comparable {
    /// Rank by the compared value; 2^64 - 1 when the span does not have it.
    package var first: UInt64
    /// Rank among spans with equal first ranks; 0 when only the key decides.
    package var second: UInt64

    /// Creates a rank from its parts.
    package init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    package static func < (left: SpanRank, right: SpanRank) -> Bool {
        left.first == right.first ? left.second < right.second : left.first < right.first
    }
}

extension SpanOrder {
    /// Returns the rank of a span.
    package func rank(of merged: MergedSpan) -> SpanRank {
        rank(startUnixNano: merged.span.startTimeUnixNano, durationNano: merged.durationNano)
    }

    /// Returns the rank of a span with the given start and duration.
    ///
    /// - Parameters:
    ///   - startUnixNano: nanoseconds since 1970-01-01T00:00:00Z; 0 when the start is not known.
    ///   - durationNano: duration as in `MergedSpan.durationNano`, which is never `Int64.min`; evaluated only by orders
    ///     that compare it.
    package func rank(startUnixNano start: UInt64, durationNano: @autoclosure () -> Int64?) -> SpanRank {
        switch self {
        case .newest: SpanRank(first: ~start, second: 0)
        // 0 becomes the greatest number.
        case .oldest: SpanRank(first: start &- 1, second: 0)
        case .longest: SpanRank(first: durationNano().map { ~Self.ordered($0) } ?? .max, second: ~start)
        case .shortest: SpanRank(first: durationNano().map { Self.ordered($0) &- 1 } ?? .max, second: ~start)
        }
    }

    /// Returns a number that is ordered as the signed one is: 0 for `Int64.min`.
    private static func ordered(_ number: Int64) -> UInt64 { UInt64(bitPattern: number) ^ 1 << 63 }
}
