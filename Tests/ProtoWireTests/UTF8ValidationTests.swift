import ProtoWire
import Testing

@Suite struct UTF8ValidationTests {
    @Test
    func
        `the scalar twin agrees with the fast check on every sequence of up to three interesting bytes and on all scalars`()
    {
        let interesting: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
            0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        var disagreements = 0
        for a in interesting {
            for b in interesting {
                for c in interesting {
                    for d: [UInt8] in [[], [0x80], [0xBF], [0x41]] {
                        let bytes = [a, b, c] + d
                        let naive = UTF8Validation.firstInvalidOffset(in: bytes.rawSpan) == nil
                        if naive != (String(validatingUTF8: bytes.rawSpan) != nil) { disagreements += 1 }
                    }
                }
            }
        }
        #expect(disagreements == 0)
        for value in stride(from: UInt32(0), through: 0x10FFFF, by: 37) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let bytes = Array(String(Character(scalar)).utf8)
            #expect(UTF8Validation.firstInvalidOffset(in: bytes.rawSpan) == nil)
        }
    }

    @Test func `the fault's offset is the start of the bad sequence`() {
        let bytes: [UInt8] = [0x61, 0xC3, 0xA9, 0xE2, 0x82, 0x41]
        #expect(UTF8Validation.firstInvalidOffset(in: bytes.rawSpan) == 3)
    }
}
