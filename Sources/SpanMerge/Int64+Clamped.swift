extension Int64 {
    /// Returns the sum, clamped to `Int64`.
    package func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }

    /// Returns the difference, clamped to `Int64`.
    package func subtractingClamped(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }

    /// Creates the distance from one time to another, clamped to `Int64`; negative when the second time is earlier.
    package init(from start: UInt64, to end: UInt64) {
        self = end >= start ? Int64(clamping: end - start) : -Int64(clamping: start - end)
    }
}
