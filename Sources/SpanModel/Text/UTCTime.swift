/// Date and time of day in UTC, with their text form.
public struct UTCTime: Sendable {
    /// Year of the proleptic Gregorian calendar.
    package let year: Int
    /// Month of the year, 1 ... 12.
    package let month: Int
    /// Day of the month, 1 ... 31.
    package let day: Int
    /// Second of the day, 0 ... 86,399.
    package let second: Int
    /// Nanosecond of the second.
    package let nanosecond: Int

    /// Creates the date and time of nanoseconds since 1970-01-01T00:00:00Z.
    package init(_ unixNano: UInt64) {
        let seconds = unixNano / 1_000_000_000
        (year, month, day) = Self.date(daysSince1970: Int(seconds / 86_400))
        second = Int(seconds % 86_400)
        nanosecond = Int(unixNano % 1_000_000_000)
    }

    /// Returns a time in ISO 8601, in UTC, always with nine digits after the point: `2026-08-01T12:00:00.123456789Z`.
    ///
    /// - Parameter unixNano: nanoseconds since 1970-01-01T00:00:00Z; every value has a date (the last lies in 2554).
    public static func text(_ unixNano: UInt64) -> String {
        let time = UTCTime(unixNano)
        return "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))"
            + "T\(padded(time.second / 3600, 2)):\(padded(time.second / 60 % 60, 2)):\(padded(time.second % 60, 2))"
            + ".\(padded(time.nanosecond, 9))Z"
    }

    /// Returns the proleptic Gregorian date of a day, counted in eras of 400 years that start on the 1st of March.
    private static func date(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = daysSince1970 + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
