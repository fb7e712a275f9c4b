import SpanMerge
import SpanModel

/// In which order a search gives spans: which come first, and so which its limit keeps.
///
/// A span that lacks what is compared comes last: by start one whose start is not known, by duration one that runs or
/// whose start is not known. Of equal starts the key decides, of equal durations the newest start, then the key; so no two
/// spans are at one place.
public enum SpanOrder: String, Sendable, Hashable, CaseIterable {
    /// The newest start first.
    case newest
    /// The oldest start first.
    case oldest
    /// The longest duration first.
    case longest
    /// The shortest duration first; negative ones, of clocks that were wrong, before 0.
    case shortest

    /// Whether one span comes before another.
    public func precedes(_ left: MergedSpan, _ right: MergedSpan) -> Bool {
        let (leftRank, rightRank) = (rank(of: left), rank(of: right))
        return leftRank == rightRank ? left.key < right.key : leftRank < rightRank
    }
}

/// Where a span comes in an order, but for its key: the less, the earlier.
package struct SpanRank: Sendable, Hashable, Comparable {
    /// By what the order compares; the greatest number where the span lacks it.
    package var first: UInt64
    /// By what decides where that is equal; 0 where it is the key.
    package var second: UInt64

    package init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    package static func < (left: SpanRank, right: SpanRank) -> Bool {
        left.first == right.first ? left.second < right.second : left.first < right.first
    }
}

extension SpanOrder {
    /// The rank of a span.
    package func rank(of merged: MergedSpan) -> SpanRank {
        rank(startUnixNano: merged.span.startTimeUnixNano, durationNano: merged.durationNano)
    }

    /// The rank of what starts then and takes that long.
    ///
    /// - Parameters:
    ///   - startUnixNano: 0 where it is not known.
    ///   - durationNano: as `MergedSpan.durationNano`, which is never the least number; asked for by orders that compare it.
    package func rank(startUnixNano start: UInt64, durationNano: @autoclosure () -> Int64?) -> SpanRank {
        switch self {
        case .newest: SpanRank(first: ~start, second: 0)
        // 0 becomes the greatest number.
        case .oldest: SpanRank(first: start &- 1, second: 0)
        case .longest: SpanRank(first: durationNano().map { ~Self.ordered($0) } ?? .max, second: ~start)
        case .shortest: SpanRank(first: durationNano().map { Self.ordered($0) &- 1 } ?? .max, second: ~start)
        }
    }

    /// In the order of the signed numbers, from 0 for the least.
    private static func ordered(_ number: Int64) -> UInt64 { UInt64(bitPattern: number) ^ 1 << 63 }
}
