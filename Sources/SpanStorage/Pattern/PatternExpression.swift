/// Syntax tree of a regular expression.
indirect enum PatternExpression {
    case empty
    case scalar(UInt32)
    case any
    case set(ScalarSet)
    case start
    case end
    case sequence([PatternExpression])
    case choice([PatternExpression])
    /// A part repeated `least` to `most` times; without an upper bound when `most` is `nil`.
    case repetition(PatternExpression, least: Int, most: Int?)

    /// Number of steps of the expression's program, clamped to a number beyond every limit.
    var size: Int {
        switch self {
        case .empty: return 0
        case .scalar, .any, .set, .start, .end: return 1
        case .sequence(let parts): return parts.reduce(0) { Self.held($0 + $1.size) }
        case .choice(let parts): return parts.reduce(2 * (parts.count - 1)) { Self.held($0 + $1.size) }
        case .repetition(let part, let least, let most):
            let size = part.size
            if size == 0 { return 0 }
            let rest = most.map { ($0 - least) * (size + 1) } ?? size + 2
            return Self.held(least * size + rest)
        }
    }

    private static func held(_ size: Int) -> Int { min(size, 1 << 20) }
}

/// A set of Unicode scalars as sorted ranges that neither touch nor overlap.
struct ScalarSet: Sendable {
    private(set) var ranges: [ClosedRange<UInt32>]

    init(_ ranges: [ClosedRange<UInt32>]) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound + 1 {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
    }

    static let largest: UInt32 = 0x10_FFFF
    static let digits = ScalarSet([0x30...0x39])
    static let wordScalars = ScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// White space of ASCII: tab, line feed, vertical tab, form feed, carriage return, space.
    static let spaces = ScalarSet([0x09...0x0D, 0x20...0x20])

    var inverted: ScalarSet {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= Self.largest { result.append(next...Self.largest) }
        return ScalarSet(result)
    }

    /// Returns `true` when the set contains the scalar. O(log ranges).
    func contains(_ value: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= value
    }
}
