/// Fault in a text that is to be a time.
public struct TimeTextError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Description of the fault, such as `there is no month 13`.
    public let description: String
    /// `true` for a date that exists, but lies before 1970 or after 2554.
    public let isOutOfRange: Bool

    init(_ description: String, isOutOfRange: Bool = false) {
        self.description = description
        self.isOutOfRange = isOutOfRange
    }
}

extension UTCTime {
    /// Returns the nanoseconds since 1970-01-01T00:00:00Z of a date, as `parsed(_:)` does; `nil` for a text that is no
    /// time.
    public static func unixNano(_ text: String) -> UInt64? { try? parsed(text) }

    /// Returns the time that filters and options mean: an age (`30m`, `1h`, `2d`), or a date as `parsed(_:)` reads it.
    ///
    /// - Parameters:
    ///   - text: the time as it was written.
    ///   - nowUnixNano: from when it counts back, and not beyond 1970.
    /// - Returns: nanoseconds since 1970-01-01T00:00:00Z.
    /// - Throws: the fault of a date; for a text that is neither age nor date, the two forms.
    public static func parsed(_ text: String, nowUnixNano: UInt64) throws(TimeTextError) -> UInt64 {
        if let ago = DurationText.heldNanoseconds(text) { return nowUnixNano - min(nowUnixNano, UInt64(ago)) }
        var scanner = Scanner(rest: Array(text.utf8)[...])
        guard scanner.number(4) != nil, scanner.skip("-") else {
            if isUnixTime(text) {
                throw TimeTextError(
                    "numbers since 1970 are not taken; write a date like 2026-08-01T12:00:00Z "
                        + "(date -u -d @SECONDS +%FT%TZ prints one)")
            }
            throw TimeTextError("a time is how long ago (30m, 1h, 2d) or a date like 2026-08-01T12:00:00Z")
        }
        return try parsed(text)
    }

    /// Returns `true` for a time as other programs print it: seconds since 1970, or parts of them.
    private static func isUnixTime(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        return parts[0].count >= 9 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x30...0x39).contains($0) } }
    }

    /// Returns the time of a date: `2026-08-01`, `2026-08-01T12:00`, `2026-08-01T12:00:00.5Z`, `2026-08-01
    /// 12:00:00+02:00`. Without an offset it is in UTC.
    ///
    /// Digits of a fraction behind the ninth are cut off. Second 60, which the last minute of a day may have (a leap
    /// second), is the second that follows, as it is for the clocks that measure spans.
    ///
    /// - Returns: nanoseconds since 1970-01-01T00:00:00Z.
    /// - Throws: the fault of another form, of a date or time of day that does not exist, or of a time before 1970 or
    ///   after 2554, which has no number.
    public static func parsed(_ text: String) throws(TimeTextError) -> UInt64 {
        var scanner = Scanner(rest: Array(text.utf8)[...])
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"),
            let day = scanner.number(2)
        else { throw TimeTextError("a date is written as 2026-08-01") }
        guard (1...12).contains(month) else { throw TimeTextError("there is no month \(month)") }
        let days = days(in: month, of: year)
        guard (1...days).contains(day) else {
            throw TimeTextError("month \(month) of \(year) has the days 1 to \(days), not \(day)")
        }
        var seconds = daysSince1970(year, month, day) * 86_400
        var nanoseconds = 0
        if scanner.skip("T") || scanner.skip("t") || scanner.skip(" ") {
            let clock = try scanner.clock()
            seconds += clock.seconds
            nanoseconds = clock.nanoseconds
            guard scanner.rest.isEmpty else { throw TimeTextError("nothing stands behind the offset") }
        }
        guard scanner.rest.isEmpty else { throw TimeTextError("a time of day follows a date as in 2026-08-01T12:00") }
        guard seconds >= 0 else {
            throw TimeTextError(
                "it is before the first time that a span can have (1970-01-01T00:00:00Z)", isOutOfRange: true)
        }
        let (product, tooLarge) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflows) = product.addingReportingOverflow(UInt64(nanoseconds))
        guard !tooLarge, !overflows else {
            throw TimeTextError(
                "it is after the last time that a span can have (\(UTCTime.text(.max)))", isOutOfRange: true)
        }
        return sum
    }

    private struct Scanner {
        var rest: ArraySlice<UInt8>

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard let first = rest.first, first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func number(_ width: Int) -> Int? {
            guard rest.count >= width else { return nil }
            var value = 0
            for digit in rest.prefix(width) {
                guard (0x30...0x39).contains(digit) else { return nil }
                value = value * 10 + Int(digit - 0x30)
            }
            rest.removeFirst(width)
            return value
        }

        /// Reads a time of day such as `12:00:00.5+02:00` as seconds from midnight in UTC; negative when that is the
        /// day before.
        mutating func clock() throws(TimeTextError) -> (seconds: Int, nanoseconds: Int) {
            guard let hour = number(2), skip(":"), let minute = number(2) else {
                throw TimeTextError("a time of day is written as 12:00 or 12:00:00.5")
            }
            guard hour < 24 else {
                let isMidnight = hour == 24 && minute == 0
                throw TimeTextError(
                    "there is no hour \(hour)" + (isMidnight ? "; midnight is 00:00 of the day that begins" : ""))
            }
            guard minute < 60 else { throw TimeTextError("there is no minute \(minute)") }
            var (second, nanoseconds) = (0, 0)
            if skip(":") {
                guard let digits = number(2) else { throw TimeTextError("a second has two digits") }
                guard digits <= 60 else { throw TimeTextError("there is no second \(digits)") }
                second = digits
                if skip(".") || skip(",") {
                    guard let fraction = fraction() else { throw TimeTextError("a point has digits behind it") }
                    nanoseconds = fraction
                }
            }
            let minutes = hour * 60 + minute - (try zone()) / 60
            guard second < 60 || (minutes + 2 * 1440) % 1440 == 1439 else {
                throw TimeTextError("there is no second 60 but in the last minute of a day of UTC, a leap second")
            }
            return (minutes * 60 + second, nanoseconds)
        }

        /// Reads one digit or more as nanoseconds; parts of a nanosecond are cut off.
        private mutating func fraction() -> Int? {
            let digits = rest.prefix { (0x30...0x39).contains($0) }.count
            guard digits > 0, var value = number(min(digits, 9)) else { return nil }
            rest.removeFirst(digits - min(digits, 9))
            for _ in min(digits, 9)..<9 { value *= 10 }
            return value
        }

        /// Reads an offset as seconds east of Greenwich; 0 when nothing is left.
        private mutating func zone() throws(TimeTextError) -> Int {
            if rest.isEmpty || skip("Z") || skip("z") { return 0 }
            let sign = skip("+") ? 1 : skip("-") ? -1 : 0
            guard sign != 0, let hour = number(2) else {
                throw TimeTextError("behind a time of day stands Z, or an offset such as +02:00")
            }
            _ = skip(":")
            guard let minute = number(2) else { throw TimeTextError("an offset is written as +02:00") }
            guard hour < 24, minute < 60 else { throw TimeTextError("an offset is less than 24 hours") }
            return sign * (hour * 3600 + minute * 60)
        }
    }

    private static func days(in month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        // Year 0 begins in the era before.
        let era = (shiftedYear < 0 ? shiftedYear - 399 : shiftedYear) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
