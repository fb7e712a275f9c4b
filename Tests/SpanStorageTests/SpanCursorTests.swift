import SpanMerge
import SpanModel
import SpanStorage
import Testing

@Suite struct SpanCursorTests {
    private static func span(_ start: UInt64, _ end: UInt64, kind: SpanKind = .client) -> MergedSpan {
        MergedSpan(
            span: SpanRecord(
                traceID: TraceID(high: 1, low: .max), spanID: SpanID(0xAB), name: "s", kind: kind,
                startTimeUnixNano: start, endTimeUnixNano: end), origin: SpanOrigin())
    }

    @Test(arguments: SpanOrder.allCases)
    func `a cursor is read back as it was written`(order: SpanOrder) throws {
        for (start, end) in [(UInt64(0), UInt64(0)), (0, 5), (1, .max), (.max, 1), (.max, 0), (1000, 1000)] {
            for kind in [SpanKind.client, .server] {
                let cursor = SpanCursor(Self.span(start, end, kind: kind), order: order)
                #expect(cursor.text.utf8.count <= 93 && cursor.text.hasPrefix(order.rawValue))
                #expect(SpanCursor(cursor.text) == cursor)
                #expect(SpanCursor(cursor.text)?.order == order)
            }
        }
    }

    @Test(arguments: SpanOrder.allCases)
    func `what is no cursor is none`(order: SpanOrder) {
        let bytes = Array(SpanCursor(Self.span(4, 9), order: order).text.utf8)
        #expect(SpanCursor("") == nil)
        for length in 0..<bytes.count { #expect(SpanCursor(String(decoding: bytes[..<length], as: UTF8.self)) == nil) }
        #expect(SpanCursor(String(decoding: bytes + [UInt8(ascii: "0")], as: UTF8.self)) == nil)
        for place in bytes.indices {
            for byte: UInt8 in [0, 0x20, UInt8(ascii: "g"), UInt8(ascii: "-"), 0xC3, 0xFF] where byte != bytes[place] {
                var changed = bytes
                changed[place] = byte
                #expect(SpanCursor(String(decoding: changed, as: UTF8.self)) == nil)
            }
        }
    }

    @Test func `a cursor of another order is refused before a search, with both orders named`() throws {
        let cursor = SpanCursor(Self.span(4, 9), order: .longest)
        try SpanQuery(order: .longest, after: cursor).check()
        try SpanQuery(order: .newest).check()
        let error = #expect(throws: SpanStoreError.self) { try SpanQuery(after: cursor).check() }
        #expect(error?.code == .invalidQuery)
        #expect(error?.message.contains("longest") == true && error?.message.contains("newest") == true)
    }
}
