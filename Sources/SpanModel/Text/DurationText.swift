/// Text form of durations.
public enum DurationText {
    /// Returns the text of a duration, such as `250ns`, `12.3µs`, `4.56ms` or `7.891s`: at most three digits after the
    /// point, without trailing zeros. Digits beyond are cut off, not rounded.
    ///
    /// - Parameter nanoseconds: duration; a negative one gets a minus sign.
    public static func text(_ nanoseconds: Int64) -> String {
        let sign = nanoseconds < 0 ? "-" : ""
        let amount = nanoseconds.magnitude
        switch amount {
        case ..<1000: return "\(sign)\(amount)ns"
        case ..<1_000_000: return sign + scaled(amount, 1000) + "µs"
        case ..<1_000_000_000: return sign + scaled(amount, 1_000_000) + "ms"
        default: return sign + scaled(amount, 1_000_000_000) + "s"
        }
    }

    /// Returns the duration of a span as text, `running` for a span without an end, and `unknown start` for one without
    /// a start.
    ///
    /// - Parameters:
    ///   - startUnixNano: start in nanoseconds since 1970-01-01T00:00:00Z; 0 when it is not known.
    ///   - endUnixNano: end in nanoseconds since 1970-01-01T00:00:00Z; 0 while the span runs.
    public static func text(from startUnixNano: UInt64, to endUnixNano: UInt64) -> String {
        if endUnixNano == 0 { return "running" }
        if startUnixNano == 0 { return "unknown start" }
        if endUnixNano < startUnixNano {
            return text(-Int64(clamping: startUnixNano - endUnixNano)) + " (end before start)"
        }
        return text(Int64(clamping: endUnixNano - startUnixNano))
    }

    /// Returns an amount in a unit with three digits cut off, not rounded: 999.9996 ms stay below a second.
    private static func scaled(_ amount: UInt64, _ unit: UInt64) -> String {
        let thousandths = amount % unit / (unit / 1000)
        guard thousandths > 0 else { return String(amount / unit) }
        var digits = String(thousandths)
        digits = String(repeating: "0", count: 3 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(amount / unit).\(digits)"
    }
}
