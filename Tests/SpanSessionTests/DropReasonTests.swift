import ProtoWire
import SpanModel
import Testing

@testable import SpanSession

/// What a collector takes a batch's drop counts for.
struct DropReasonTests {
    let start = SessionInstant.at(.zero)

    /// The drop counts of a batch as the store gets them.
    ///
    /// - Parameter isUsual: whether the batch has the form that nearly all have; else it has a field that nobody knows, and
    ///   is decoded as a whole.
    func received(_ dropped: [DropCount], isUsual: Bool) throws -> [DropCount] {
        var server = welcomedServer()
        var payload = Batch(sequence: 1, dropped: dropped).encoded()
        if !isUsual { payload += [0xF8, 0x07, 0x01] }
        let bytes = frame(FrameKind.batch.rawValue, payload)
        return try #require(server.received(bytes.rawSpan, now: start).stores.first).dropped
    }

    @Test(arguments: [1, 17, 32, 33, 100], [true, false])
    func `thirty-two reasons of a batch are kept apart, and further ones are other`(reasons: Int, isUsual: Bool) throws
    {
        let dropped = (1...reasons).map { DropCount(reason: "reason \($0)", spans: UInt64($0)) }
        var expected = Array(dropped.prefix(32))
        if reasons > 32 { expected.append(DropCount(reason: "other", spans: UInt64((33...reasons).reduce(0, +)))) }
        #expect(try received(dropped, isUsual: isUsual) == expected)
    }

    @Test(arguments: [true, false])
    func `a reason that is called other takes no place from those that are kept apart`(isUsual: Bool) throws {
        let apart = (1...32).map { DropCount(reason: "\($0)", spans: 1) }
        let other = DropCount(reason: "other", spans: 5)
        #expect(try received([other] + apart, isUsual: isUsual) == [other] + apart)
        #expect(try received(apart + [other], isUsual: isUsual) == apart + [other])
    }

    @Test(arguments: [true, false])
    func `long reasons that are cut to the same text are one, and counts do not wrap`(isUsual: Bool) throws {
        let long = String(repeating: "r", count: 64)
        let dropped = [
            DropCount(reason: long + "a", spans: .max), DropCount(reason: long + "b", spans: 7),
            DropCount(reason: "none", spans: 0),
        ]
        #expect(try received(dropped, isUsual: isUsual) == [DropCount(reason: long, spans: .max)])
    }
}
