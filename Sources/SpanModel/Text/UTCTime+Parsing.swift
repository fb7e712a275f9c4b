extension UTCTime {
    /// Reads `2026-08-01`, `2026-08-01T12:00`, `2026-08-01T12:00:00.5Z`, `2026-08-01 12:00:00+02:00`; UTC where no
    /// offset is given.
    ///
    /// - Returns: nanoseconds since 1970-01-01T00:00:00Z; `nil` for another form, a date that does not exist, or one
    ///   before 1970 or after 2554.
    public static func unixNano(_ text: String) -> UInt64? {
        var scanner = Scanner(rest: Array(text.utf8)[...])
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"),
            let day = scanner.number(2), (1...12).contains(month), (1...days(in: month, of: year)).contains(day)
        else { return nil }
        var seconds = daysSince1970(year, month, day) * 86_400
        var nanoseconds = 0
        if scanner.skip("T") || scanner.skip("t") || scanner.skip(" ") {
            guard let hour = scanner.number(2), hour < 24, scanner.skip(":"), let minute = scanner.number(2),
                minute < 60
            else { return nil }
            seconds += hour * 3600 + minute * 60
            if scanner.skip(":") {
                guard let second = scanner.number(2), second < 60 else { return nil }
                seconds += second
                if scanner.skip(".") {
                    guard let fraction = scanner.fraction() else { return nil }
                    nanoseconds = fraction
                }
            }
            guard let offset = scanner.zone() else { return nil }
            seconds -= offset
        }
        guard scanner.rest.isEmpty, seconds >= 0 else { return nil }
        let (product, tooLarge) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflows) = product.addingReportingOverflow(UInt64(nanoseconds))
        return tooLarge || overflows ? nil : sum
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

        /// One to nine digits, as nanoseconds.
        mutating func fraction() -> Int? {
            let digits = rest.prefix { (0x30...0x39).contains($0) }.count
            guard (1...9).contains(digits), var value = number(digits) else { return nil }
            for _ in digits..<9 { value *= 10 }
            return value
        }

        /// Seconds east of Greenwich; 0 where nothing is left.
        mutating func zone() -> Int? {
            if rest.isEmpty || skip("Z") || skip("z") { return 0 }
            let sign = skip("+") ? 1 : skip("-") ? -1 : 0
            guard sign != 0, let hour = number(2), hour < 24 else { return nil }
            _ = skip(":")
            guard let minute = number(2), minute < 60 else { return nil }
            return sign * (hour * 3600 + minute * 60)
        }
    }

    private static func days(in month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
