import SpanModel
import Testing

@Suite struct TimeTextTests {
    private static let before = "it is before the first time that a span can have (1970-01-01T00:00:00Z)"
    private static let after = "it is after the last time that a span can have (2554-07-21T23:34:33.709551615Z)"

    @Test(
        arguments: [
            ("2026-08-01T12:00:00.1234567899999Z", "2026-08-01T12:00:00.123456789Z"),
            ("2026-08-01T12:00:00.00000000000000000000000000000000001+02:00", "2026-08-01T10:00:00Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"), ("2017-01-01T05:29:60.5+05:30", "2017-01-01T00:00:00.5Z"),
            ("1970-01-01T02:00:00+02:00", "1970-01-01T00:00:00Z"), ("1969-12-31T23:00:00-01:00", "1970-01-01"),
            ("1969-12-31T23:59:60Z", "1970-01-01"), ("2026-08-01t12:00:00,5z", "2026-08-01 12:00:00.500"),
            ("2026-08-01T12:00:00+0200", "2026-08-01T10:00"), ("2000-02-29", "2000-02-29T00:00:00Z"),
        ])
    func `a time is read as far as it can be told, to the nanosecond`(text: String, same: String) throws {
        #expect(try UTCTime.parsed(text) == UTCTime.parsed(same))
        #expect(UTCTime.unixNano(text) == UTCTime.unixNano(same))
    }

    @Test(
        arguments: [
            ("1969-12-31", Self.before),
            ("0000-01-01", Self.before),
            ("1970-01-01T00:00:00+00:01", Self.before),
            ("2554-07-22", Self.after),
            ("9999-12-31T23:59:60Z", Self.after),
            ("2026-13-01", "there is no month 13"), ("2026-00-01", "there is no month 0"),
            ("2026-02-29", "month 2 of 2026 has the days 1 to 28, not 29"),
            ("2026-04-00", "month 4 of 2026 has the days 1 to 30, not 0"),
            ("2026-08-01T24:00", "there is no hour 24; midnight is 00:00 of the day that begins"),
            ("2026-08-01T25:00", "there is no hour 25"),
            ("2026-08-01T12:34:60Z", "there is no second 60 but in the last minute of a day of UTC, a leap second"),
            (
                "2016-12-31T23:59:60+01:00",
                "there is no second 60 but in the last minute of a day of UTC, a leap second"
            ),
            ("2026-08-01T12:00:00+02", "an offset is written as +02:00"),
            ("2026-08-01T12:00:00.5.5Z", "behind a time of day stands Z, or an offset such as +02:00"),
            ("2026-08-01T12:00:00Z ", "nothing stands behind the offset"),
            ("2026-08-01T12:00:00+02:00Z", "nothing stands behind the offset"),
            ("+2026-08-01", "a date is written as 2026-08-01"), ("12026-08-01", "a date is written as 2026-08-01"),
            ("２０２６-08-01", "a date is written as 2026-08-01"),
            ("2026-08-01T23:60", "there is no minute 60"), ("2026-08-01T23:59:61", "there is no second 61"),
            ("2026-08-01T12:00:00.", "a point has digits behind it"),
            ("2026-08-01T12:00:00+2", "behind a time of day stands Z, or an offset such as +02:00"),
            ("2026-08-01T12:00:00 CEST", "behind a time of day stands Z, or an offset such as +02:00"),
            ("2026-08-01T12:00:00+24:00", "an offset is less than 24 hours"),
            ("2026-08-01T12", "a time of day is written as 12:00 or 12:00:00.5"),
            ("2026-08-01X", "a time of day follows a date as in 2026-08-01T12:00"),
            ("2026-8-1", "a date is written as 2026-08-01"), ("", "a date is written as 2026-08-01"),
        ])
    func `what is no time is told what is wrong with it`(text: String, words: String) {
        let error = #expect(throws: TimeTextError.self) { try UTCTime.parsed(text) }
        #expect(error?.description == words)
        #expect(UTCTime.unixNano(text) == nil)
        #expect(error?.isOutOfRange == (words == Self.before || words == Self.after))
    }

    @Test(
        arguments: [
            ("1h", 7_200_000_000_000), ("2.5h", 1_800_000_000_000), ("0s", 10_800_000_000_000), ("4h", 0),
            ("106751d", 0), ("106752d", 0), ("99999999999999999999d", 0), ("1970-01-01T00:00:01Z", 1_000_000_000),
        ])
    func `how long ago counts back from now, as far as times go, and is a form of its own beside dates`(
        text: String, unixNano: UInt64
    ) throws {
        #expect(try UTCTime.parsed(text, nowUnixNano: 10_800_000_000_000) == unixNano)
    }

    @Test(arguments: ["", "yesterday", "-1h", "1h30m", "1w", "20260801", "12:00", "1 h", "١h", ".5h", "1.h"])
    func `what is neither how long ago nor a date is told of both forms`(text: String) {
        let error = #expect(throws: TimeTextError.self) { try UTCTime.parsed(text, nowUnixNano: 1) }
        #expect(
            error?.description == "a time is how long ago (30m, 1h, 2d) or a date like 2026-08-01T12:00:00Z",
            "\(text)")
    }

    @Test(arguments: ["1785585600", "1785585600.25", "1785585600000000000", "999999999"])
    func `a number since 1970 is told what to write instead`(text: String) {
        let error = #expect(throws: TimeTextError.self) { try UTCTime.parsed(text, nowUnixNano: 1) }
        #expect(error?.description.hasPrefix("numbers since 1970 are not taken; write a date") == true, "\(text)")
    }
}
