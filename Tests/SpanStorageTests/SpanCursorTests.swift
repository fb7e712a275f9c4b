import SpanMerge
import SpanModel
import SpanStorage
import Testing

@Suite struct SpanCursorTests {
    @Test("a cursor is read back as it was written")
    func text() throws {
        for (start, side) in [(UInt64(0), SpanSide.other), (.max, .inbound), (1_785_585_600_000_000_000, .inbound)] {
            let key = SpanKey(traceID: TraceID(high: 1, low: .max), spanID: SpanID(0xAB), side: side)
            let cursor = SpanCursor(startUnixNano: start, key: key)
            #expect(cursor.text.utf8.count == 67)
            #expect(SpanCursor(cursor.text) == cursor)
        }
    }

    @Test("what is no cursor is none")
    func faults() {
        let key = SpanKey(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), side: .other)
        let bytes = Array(SpanCursor(startUnixNano: 4, key: key).text.utf8)
        #expect(SpanCursor("") == nil)
        for length in 0..<bytes.count { #expect(SpanCursor(String(decoding: bytes[..<length], as: UTF8.self)) == nil) }
        for place in bytes.indices {
            for byte: UInt8 in [0, 0x20, UInt8(ascii: "g"), 0xC3, 0xFF] {
                var changed = bytes
                changed[place] = byte
                #expect(SpanCursor(String(decoding: changed, as: UTF8.self)) == nil)
            }
        }
    }
}
