/// Distribution of durations in little memory, with percentiles within 1/128 of the true value, whatever the range.
///
/// A sketch is a histogram whose buckets grow with their values: each power of two is cut into 64 buckets of equal
/// width, and values below 128 ns have one bucket each. A percentile is the middle of the bucket that holds the value
/// of that rank, so at most 0.79 % away from it. The least and the greatest value are kept exactly, and no answer lies
/// beyond them. Sketches of parts merge into the sketch of the whole, in any order. There are at most 3,712 buckets,
/// and only buckets that hold something take memory (10 bytes each).
public struct LatencySketch: Sendable, Hashable {
    /// Greatest distance of an estimate from the true value, as a part of the true value.
    public static let relativeError = 1.0 / 128

    /// Indices of the buckets that hold something, ascending.
    private var indices: [UInt16] = []
    private var counts: [UInt64] = []

    /// Number of durations.
    public private(set) var count: UInt64 = 0
    /// Least duration in nanoseconds, exact; 0 without durations.
    public private(set) var leastNano: Int64 = 0
    /// Greatest duration in nanoseconds, exact; 0 without durations.
    public private(set) var greatestNano: Int64 = 0
    /// Sum of all durations in nanoseconds; stays at `Int64.max` instead of overflowing.
    public private(set) var sumNano: Int64 = 0

    /// Creates a sketch without durations.
    public init() {}

    /// Adds one duration. O(log buckets), and O(buckets) for the first value in a bucket.
    ///
    /// - Parameter durationNano: nanoseconds; a negative duration, which unequal clocks produce, counts as 0.
    public mutating func add(_ durationNano: Int64) {
        let value = max(durationNano, 0)
        add(Self.index(of: value), 1)
        leastNano = count == 0 ? value : min(leastNano, value)
        greatestNano = max(greatestNano, value)
        sumNano = Self.sum(sumNano, value)
        count += 1
    }

    /// Adds many durations at once, which costs less than one at a time.
    ///
    /// - Parameter scratch: working memory, empty before and after the call.
    package mutating func add(_ durations: [Int64], _ scratch: inout BucketCounts) {
        guard !durations.isEmpty else { return }
        for duration in durations {
            let value = max(duration, 0)
            scratch.add(Self.index(of: value))
            leastNano = count == 0 ? value : min(leastNano, value)
            greatestNano = max(greatestNano, value)
            sumNano = Self.sum(sumNano, value)
            count += 1
        }
        var merged: (indices: [UInt16], counts: [UInt64]) = ([], [])
        merged.indices.reserveCapacity(indices.count + durations.count)
        merged.counts.reserveCapacity(indices.count + durations.count)
        var next = 0
        scratch.take { index, amount in
            while next < indices.count, indices[next] < index {
                merged.indices.append(indices[next])
                merged.counts.append(counts[next])
                next += 1
            }
            merged.indices.append(index)
            if next < indices.count, indices[next] == index {
                merged.counts.append(amount + counts[next])
                next += 1
            } else {
                merged.counts.append(amount)
            }
        }
        merged.indices += indices[next...]
        merged.counts += counts[next...]
        (indices, counts) = merged
    }

    /// Working memory for adding many durations: a count for each bucket. Made once and used for many sketches, one
    /// after the other.
    package struct BucketCounts: Sendable {
        private var counts = [UInt64](repeating: 0, count: 1 << 12)
        private var range = (least: 1 << 12, greatest: -1)

        /// Allocates working memory for every bucket: 32 KiB.
        package init() {}

        mutating func add(_ index: UInt16) {
            counts[Int(index)] += 1
            range = (min(range.least, Int(index)), max(range.greatest, Int(index)))
        }

        /// Passes index and count of each bucket that holds something to `body`, in ascending order, and empties the
        /// memory.
        mutating func take(_ body: (UInt16, UInt64) -> Void) {
            if range.least <= range.greatest {
                for index in range.least...range.greatest where counts[index] != 0 {
                    body(UInt16(index), counts[index])
                    counts[index] = 0
                }
            }
            range = (1 << 12, -1)
        }
    }

    /// Adds the durations of another sketch.
    public mutating func merge(_ other: LatencySketch) {
        guard other.count > 0 else { return }
        for (index, amount) in zip(other.indices, other.counts) { add(index, amount) }
        leastNano = count == 0 ? other.leastNano : min(leastNano, other.leastNano)
        greatestNano = max(greatestNano, other.greatestNano)
        sumNano = Self.sum(sumNano, other.sumNano)
        count += other.count
    }

    /// Returns the duration that the given part of all durations does not exceed (nearest rank), in nanoseconds.
    /// O(buckets).
    ///
    /// - Parameter part: 0.5 for the median, 0.99 for p99; clamped to 0 ... 1.
    /// - Returns: a value within `relativeError` of the true one; `nil` without durations.
    public func percentile(_ part: Double) -> Int64? {
        guard count > 0 else { return nil }
        let exact = min(max(part.isNaN ? 0 : part, 0), 1) * Double(count)
        // Rounded up by hand: `rounded` calls the C library's mathematics, which the core does not link.
        var rank = exact >= Double(count) ? count : max(UInt64(exact), 1)
        if Double(rank) < exact { rank += 1 }
        // Both ends are known exactly.
        if rank == 1 { return leastNano }
        if rank == count { return greatestNano }
        var below: UInt64 = 0
        for (index, amount) in zip(indices, counts) {
            below += amount
            if below >= rank { return min(max(Self.middle(of: index), leastNano), greatestNano) }
        }
        return greatestNano
    }

    /// Mean in nanoseconds, exact unless `sumNano` stays at its bound; `nil` without durations.
    public var meanNano: Int64? { count == 0 ? nil : sumNano / Int64(clamping: count) }

    private mutating func add(_ index: UInt16, _ amount: UInt64) {
        var (low, high) = (0, indices.count)
        while low < high {
            let middle = (low + high) / 2
            if indices[middle] < index { low = middle + 1 } else { high = middle }
        }
        if low < indices.count, indices[low] == index {
            counts[low] += amount
        } else {
            indices.insert(index, at: low)
            counts.insert(amount, at: low)
        }
    }

    /// Returns the bucket of a value: values 0 ... 127 have one each; above, each power of two has 64.
    static func index(of value: Int64) -> UInt16 {
        guard value >= 128 else { return UInt16(max(value, 0)) }
        let shift = 57 - value.leadingZeroBitCount
        return UInt16(64 * shift + Int(value >> shift))
    }

    static func middle(of index: UInt16) -> Int64 {
        guard index >= 128 else { return Int64(index) }
        let shift = Int(index) / 64 - 1
        return Int64(Int(index) - 64 * shift) << shift + (Int64(1) << shift - 1) / 2
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
