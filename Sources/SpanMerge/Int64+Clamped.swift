extension Int64 {
    /// The sum, held within `Int64`.
    package func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }

    /// The difference, held within `Int64`.
    package func subtractingClamped(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }

    /// From one time to another, negative where the second is the earlier one; held within `Int64`.
    package init(from start: UInt64, to end: UInt64) {
        self = end >= start ? Int64(clamping: end - start) : -Int64(clamping: start - end)
    }
}
