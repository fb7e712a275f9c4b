/// How durations are distributed, in little memory: percentiles within 1/128 of the true value, whatever the range.
///
/// A histogram whose buckets grow with their values: each power of two is cut into 64 of equal width, values below 128 ns
/// have one each. A percentile is the middle of the bucket in which the value of that rank lies, so at most 0.79 % from
/// it; the least and the greatest value are kept exactly, and no answer lies beyond them. Sketches of parts merge into
/// the sketch of the whole, in any order. At most 3,712 buckets are there, and only those that hold something take
/// memory (10 bytes).
public struct LatencySketch: Sendable, Hashable {
    /// How far an estimate may be from the true value, as a part of it.
    public static let relativeError = 1.0 / 128

    /// Of buckets that hold something, rising.
    private var indices: [UInt16] = []
    private var counts: [UInt64] = []

    /// How many durations.
    public private(set) var count: UInt64 = 0
    /// The least, in nanoseconds, exactly; 0 without any.
    public private(set) var leastNano: Int64 = 0
    /// The greatest, likewise.
    public private(set) var greatestNano: Int64 = 0
    /// The sum in nanoseconds; held within `Int64`.
    public private(set) var sumNano: Int64 = 0

    public init() {}

    /// - Parameter durationNano: nanoseconds; negative ones, which clocks make, count as 0.
    public mutating func add(_ durationNano: Int64) {
        let value = max(durationNano, 0)
        add(Self.index(of: value), 1)
        leastNano = count == 0 ? value : min(leastNano, value)
        greatestNano = max(greatestNano, value)
        sumNano = Self.sum(sumNano, value)
        count += 1
    }

    /// Adds many at once, which costs less.
    ///
    /// - Parameter scratch: what `BucketCounts` says.
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

    /// How many values fell in each bucket, for `add`: made once and used for many sketches, one after the other.
    package struct BucketCounts: Sendable {
        private var counts = [UInt64](repeating: 0, count: 1 << 12)
        private var range = (least: 1 << 12, greatest: -1)

        package init() {}

        mutating func add(_ index: UInt16) {
            counts[Int(index)] += 1
            range = (min(range.least, Int(index)), max(range.greatest, Int(index)))
        }

        /// Gives each bucket that holds something, and is empty afterwards.
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

    /// Adds what another sketch holds.
    public mutating func merge(_ other: LatencySketch) {
        guard other.count > 0 else { return }
        for (index, amount) in zip(other.indices, other.counts) { add(index, amount) }
        leastNano = count == 0 ? other.leastNano : min(leastNano, other.leastNano)
        greatestNano = max(greatestNano, other.greatestNano)
        sumNano = Self.sum(sumNano, other.sumNano)
        count += other.count
    }

    /// The duration that this part of all durations does not exceed (nearest rank), in nanoseconds.
    ///
    /// - Parameter part: 0.5 for the median, 0.99 for p99; held within 0 ... 1.
    /// - Returns: within `relativeError` of the true value; `nil` without durations.
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

    /// The mean in nanoseconds, exactly; `nil` without durations.
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

    /// 0 ... 127 for themselves; above, 64 for each power of two.
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
