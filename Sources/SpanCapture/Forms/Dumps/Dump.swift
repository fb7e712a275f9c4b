/// A dump: lines of an offset and columns, as one program writes them.
///
/// The offsets tell how many bytes each line has; for the last line its columns do, which end where the shape has a
/// wider gap before the text. So nothing in a text column is ever read as a byte.
struct Dump: TextForm {
    let encoding = CaptureForm.hex
    private let shape: DumpShape

    init(_ shape: DumpShape) { self.shape = shape }

    func read(_ text: [UInt8], maxBytes: Int) -> TextReadings {
        var fault = TextFault(error: CaptureError(.notHex, "no line of a dump", offset: 0), name: shape.name)
        var readings: [TextReading] = []
        for isLoose in [false, true] {
            for radix in shape.radices {
                var reader = DumpReader(text, shape, radix: radix, isLoose: isLoose, maxBytes: maxBytes)
                do throws(CaptureError) {
                    readings += try reader.read()
                } catch {
                    guard reader.hasBegun || reader.hasEarlyLines else { continue }
                    let evidence = DumpEvidence(text, shape, radix: radix, isLoose: isLoose)
                    // Words may look like lines of a dump; lines that follow each other do not stand there by chance.
                    guard reader.hasBegun || evidence.likeness == .strong else { continue }
                    if (evidence.likeness, evidence.weight) > (fault.likeness, fault.weight) {
                        (fault.error, fault.likeness, fault.weight) = (error, evidence.likeness, evidence.weight)
                    }
                }
            }
            // What nothing confirms may be a line that lost its blanks, and then its text does.
            if readings.contains(where: { $0.fit > .bare }) || fault.likeness > .none { break }
        }
        if !readings.isEmpty { return .readings(readings) }
        return .fault(fault)
    }
}

/// Evidence that a text is a dump of one shape and one base of offsets, although it cannot be read as one.
private struct DumpEvidence {
    /// Number of lines of that shape.
    private var lines = 0
    /// Number of lines that start where the line before ends.
    private var steps = 0
    /// Number of lines that start there or whole lines behind it, as when lines are missing.
    private var aligned = 0
    private let isLoose: Bool

    private static let maxLines = 20_000

    /// Likeness to the shape. One line is no dump, and any text has two words.
    var likeness: TextFault.Likeness {
        if lines < 2 { return .none }
        if steps > 0 { return .strong }
        return isLoose ? .none : .some
    }

    var weight: Int { lines + 2 * steps + aligned + (isLoose ? 0 : 1) }

    init(_ text: [UInt8], _ shape: DumpShape, radix: Int, isLoose: Bool) {
        self.isLoose = isLoose
        var line = DumpLine()
        var before: (offset: Int, count: Int)?
        var start = 0
        var number = 0
        while start < text.count, number < Self.maxLines {
            let end = text[start...].firstIndex(of: 0x0A) ?? text.count
            defer { (start, number) = (end + 1, number + 1) }
            guard line.read(text, start..<end, shape, radix: radix, groupBytes: 0, isLoose: isLoose),
                !line.isEnd || shape.hasEnd
            else { continue }
            lines += 1
            if let before {
                let distance = line.offset - before.offset
                // Lines from the last to the first follow each other too.
                if distance == before.count || distance < 0 && -distance == line.bytes.count { steps += 1 }
                if distance > 0, before.count > 0, distance % before.count == 0 { aligned += 1 }
            }
            before = (line.offset, line.bytes.count)
        }
    }
}
