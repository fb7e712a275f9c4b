/// A dump: lines of an offset and columns, as one program writes them.
///
/// Each line has as many bytes as its offset and the next one say; the last, as many as its columns, which end where the
/// shape has a wider gap before the text. So nothing in a text column is ever a byte.
struct Dump: TextForm {
    let encoding = CaptureForm.hex
    private let shape: DumpShape

    init(_ shape: DumpShape) { self.shape = shape }

    func read(_ text: [UInt8], maxBytes: Int) -> TextReadings {
        var fault: (error: CaptureError, lines: Int)?
        var readings: [TextReading] = []
        for isLoose in [false, true] {
            for radix in shape.radices {
                var reader = DumpReader(text, shape, radix: radix, isLoose: isLoose, maxBytes: maxBytes)
                do throws(CaptureError) {
                    readings += try reader.read()
                } catch {
                    if reader.lines > (fault?.lines ?? -1) { fault = (error, reader.lines) }
                }
            }
            // What nothing confirms may be a line that lost its blanks, and then its text does.
            if readings.contains(where: { $0.fit > .bare }) { break }
        }
        if !readings.isEmpty { return .readings(readings) }
        return .fault(
            fault?.error ?? CaptureError(.notHex, "no line of a dump", offset: 0), lines: fault?.lines ?? 0)
    }
}
