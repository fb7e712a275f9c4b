import ProtoWire
import Testing

@Suite struct WireAppenderTests {
    @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152], 1...5)
    func `a message of any length is what the writer writes, however its length was guessed`(count: Int, guess: Int) {
        let content = [UInt8](repeating: 0x61, count: count)
        var writer = WireWriter()
        writer.prependRaw([0x08, 0x01])
        writer.prependPresentBytes(content, key: 0x1F52)
        var appender = WireAppender(capacity: 64)
        let mark = appender.openMessage(key: 0x1F52, lengthWidth: guess)
        appender.append(copying: content.rawSpan)
        let width = appender.closeMessage(mark, lengthWidth: guess)
        appender.appendVarint(8)
        appender.appendVarint(1)
        let (found, expected) = (appender.byteArray(), writer.byteArray())
        #expect(found == expected && width == found.count - count - 4)
    }

    @Test func `values are what the writer writes`() {
        var writer = WireWriter()
        writer.prependPresentString("é", key: 0x22)
        writer.prependFixed32(7, key: 0x1D)
        writer.prependFixed64(.max - 1, key: 0x11)
        writer.prependVarint(.max, key: 0x08)
        var appender = WireAppender()
        appender.append(0x08)
        appender.appendVarint(.max)
        appender.append(0x11)
        appender.appendFixed64(.max - 1)
        appender.append(0x1D)
        appender.appendFixed32(7)
        appender.appendString("é", key: 0x22)
        let (found, expected) = (appender.byteArray(), writer.byteArray())
        #expect(found == expected)
        appender.truncate(to: 1)
        #expect(appender.count == 1)
        appender.reset()
        #expect(appender.count == 0)
    }

    @Test func `fields are put into order from a mark on, those of one number keep theirs`() {
        var appender = WireAppender()
        let fields: [UInt8] = [0x18, 9, 0x18, 3, 0x08, 1, 0x18, 4, 0x10, 2, 0x08, 7, 0x12, 1, 0x61]
        appender.append(copying: fields.rawSpan)
        appender.sortFields(since: 2)
        let bytes = appender.byteArray()
        #expect(bytes == [0x18, 9, 0x08, 1, 0x08, 7, 0x10, 2, 0x12, 1, 0x61, 0x18, 3, 0x18, 4])
    }
}
