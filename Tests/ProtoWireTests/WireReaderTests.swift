import ProtoWire
import Testing

@Suite struct WireReaderTests {
    @Test func `a key or length of five bytes is read, of six refused; another varint may have ten`() throws {
        let key5: [UInt8] = [0xAA, 0x80, 0x80, 0x80, 0x00, 0x00]
        var reader = try WireReader(key5.rawSpan)
        #expect(try reader.nextKey() == FieldKey(5, .lengthDelimited))
        let key6: [UInt8] = [0xAA, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00]
        reader = try WireReader(key6.rawSpan)
        do {
            _ = try reader.nextKey()
            Issue.record("accepted")
        } catch { #expect(error.code == .varintTooLong) }
    }
}
