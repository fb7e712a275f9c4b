extension DurationText {
    /// Returns the nanoseconds in a text such as `250ns`, `10us`, `100ms`, `1.5s`, `2m`, `1h` or `7d`. Parts of a
    /// nanosecond are cut off.
    ///
    /// - Returns: `nil` for another form, a negative duration, or one of more than 292 years.
    public static func nanoseconds(_ text: String) -> Int64? {
        guard let (result, overflows) = read(text), !overflows else { return nil }
        return result
    }

    /// Returns the nanoseconds in a text as `nanoseconds(_:)` does, but `Int64.max` for a duration of more than 292
    /// years.
    package static func heldNanoseconds(_ text: String) -> Int64? {
        read(text).map { result, overflows in overflows ? .max : result }
    }

    private static func read(_ text: String) -> (Int64, overflows: Bool)? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit: Int64
        switch text.dropFirst(number.count) {
        case "ns": unit = 1
        case "us", "\u{B5}s", "\u{3BC}s": unit = 1000
        case "ms": unit = 1_000_000
        case "s": unit = 1_000_000_000
        case "m": unit = 60_000_000_000
        case "h": unit = 3_600_000_000_000
        case "d": unit = 86_400_000_000_000
        default: return nil
        }
        let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty else { return nil }
        // Of digits alone it is nothing else than too large.
        guard let whole = Int64(first) else { return (.max, overflows: true) }
        var (result, overflows) = whole.multipliedReportingOverflow(by: unit)
        if parts.count == 2 {
            guard !parts[1].isEmpty, parts[1].count <= 9, let digits = Int64(parts[1]) else { return nil }
            var scale: Int64 = 1
            for _ in parts[1] { scale *= 10 }
            // The unit in parts of the scale, without overflow: unit is below 10^14, digits below 10^9.
            let fraction = unit / scale * digits + unit % scale * digits / scale
            let (sum, tooLarge) = result.addingReportingOverflow(fraction)
            (result, overflows) = (sum, overflows || tooLarge)
        }
        return (result, overflows)
    }
}
