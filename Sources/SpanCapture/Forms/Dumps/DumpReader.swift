import ProtoWire

/// Reader of a text as a dump of one shape and one base of offsets.
struct DumpReader {
    private let text: [UInt8]
    private let shape: DumpShape
    private let radix: Int
    private let isLoose: Bool
    private let maxBytes: Int

    private var bytes: [UInt8] = []
    /// Number of lines of the dump that were read.
    private var lines = 0
    /// Number of the current line, from 1.
    private var lineNumber = 0

    // The block: a packet, or all of the dump.
    private var blocks = 0
    private var blockStart = 0
    private var base = 0
    /// The first line of the first block: its offset as it is written, and its place.
    private var opening: (offset: String, line: Int, position: Int) = ("", 0, 0)
    private var isOpen = false
    private var groupBytes = 0
    /// Column at which the text starts, counted from the offset; `nil` while it is not known.
    private var textColumn: Int?
    /// Last line, whose number of bytes the next offset tells.
    private var pending: (line: DumpLine, number: Int)?
    private var lastLine: [UInt8] = []
    private var repeats = false
    private var hasText = false

    // What speaks for the reading, and against it.
    private var confirmations = 0
    private var contradictions: (count: Int, line: Int) = (0, 0)
    private var strangers: (count: Int, line: Int) = (0, 0)
    private var notes: [String] = []
    /// Lines of the shape before the start of the dump, and the first of them.
    private var early: (count: Int, line: DumpLine?, number: Int, position: Int) = (0, nil, 0, 0)
    /// Number of zero bytes at the end that may be the filling of a wide column.
    private var doubtfulBytes = 0

    /// Number of lines within which a dump has to begin.
    private static let maxLinesBefore = 2000
    private static let maxBytesBefore = 256 << 10

    /// `true` when a line of the dump was read.
    var hasBegun: Bool { lines > 0 }
    /// Lines of the dump's shape are there, and its start is not.
    var hasEarlyLines: Bool { early.count > 0 }

    init(_ text: [UInt8], _ shape: DumpShape, radix: Int, isLoose: Bool, maxBytes: Int) {
        self.text = text
        self.shape = shape
        self.radix = radix
        self.isLoose = isLoose
        self.maxBytes = maxBytes
    }

    /// Reads the text.
    ///
    /// - Returns: the readings, the likeliest first.
    /// - Throws: `notHex` with the offset in the text, `payloadTooLarge`.
    mutating func read() throws(CaptureError) -> [TextReading] {
        var line = DumpLine()
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: 0x0A) ?? text.count
            lineNumber += 1
            let range = start..<end
            start = end + 1
            guard let first = range.first(where: { !text[$0].isTextSpace }) else { continue }
            if text[first] == UInt8(ascii: "*"), text[(first + 1)..<end].allSatisfy(\.isTextSpace), isOpen {
                try finish(nil)
                repeats = !lastLine.isEmpty
                continue
            }
            let isLine = line.read(text, range, shape, radix: radix, groupBytes: groupBytes, isLoose: isLoose)
            if isLine, try take(&line, at: first) { continue }
            try closeBlock()
            strangers = (strangers.count + 1, strangers.count == 0 ? lineNumber : strangers.line)
            if lines == 0, lineNumber > Self.maxLinesBefore || end > Self.maxBytesBefore { break }
        }
        try closeBlock()
        guard lines + early.count > 0 else { throw CaptureError(.notHex, "no line of a dump", offset: 0) }
        // A dump with a few words before it may be; more lines of one before its start are out of order.
        if early.count >= lines, let line = early.line {
            (base, blockStart, pending) = (0, bytes.count, nil)
            throw misplaced(line, early.number, at: early.position)
        }
        return readings()
    }

    // MARK: Lines

    /// Takes a line; `false` for a line that belongs to no block.
    private mutating func take(_ line: inout DumpLine, at position: Int) throws(CaptureError) -> Bool {
        if line.isEnd, !shape.hasEnd { return false }
        if isOpen, line.offset > 0 || base > 0 || blockBytes == 0 && pending == nil {
            try proceed(to: line, at: position)
        } else {
            // Another block, or the first; a dump may have lost its start.
            guard line.offset == 0 || lines == 0 && strangers.count == 0, !line.isEnd else {
                if lines == 0, !line.isEnd {
                    early = early.line == nil ? (1, line, lineNumber, position) : early
                    if early.number != lineNumber { early.count += 1 }
                }
                if lines == 0 || line.isEnd { return false }
                throw CaptureError(
                    .notHex, "a line with the offset \(line.offset) behind the end of a dump (line \(lineNumber))",
                    offset: position)
            }
            try closeBlock()
            blocks += 1
            isOpen = true
            base = line.offset
            if blocks == 1 { opening = (text(line.offset, like: line), lineNumber, position) }
            // `od` has seven digits to base 8 and 10, and six to base 16.
            if radix == 16, shape.offsetDigits == 6, line.offsetDigits == 6 { confirmations += 1 }
            blockStart = bytes.count
            (groupBytes, textColumn, lastLine) = (0, nil, [])
        }
        lines += 1
        if line.isEnd {
            isOpen = false
        } else {
            if groupBytes == 0 { groupBytes = line.ends.first?.count ?? 0 }
            pending = (line, lineNumber)
        }
        return true
    }

    private var blockBytes: Int { bytes.count - blockStart }

    /// Checks that the line goes on where the last one ended, and takes the bytes in between.
    private mutating func proceed(to line: DumpLine, at position: Int) throws(CaptureError) {
        let expected = line.offset - base
        guard expected >= 0 else { throw misplaced(line, at: position) }
        guard blockStart + expected <= maxBytes || pending.map({ expected > blockBytes + $0.line.bytes.count }) ?? false
        else {
            throw CaptureError(
                .payloadTooLarge, "the dump stands for \(line.offset.counted("byte")), the limit is \(maxBytes)",
                offset: position
            )
        }
        if let before = pending {
            let count = expected - blockBytes
            guard count > 0, count <= before.line.bytes.count else { throw misplaced(line, at: position) }
            try finish(count, isLast: line.isEnd)
            confirmations += 1
        } else if repeats {
            // At least one line is left out.
            guard !lastLine.isEmpty, expected > blockBytes, (expected - blockBytes) % lastLine.count == 0
            else {
                throw CaptureError(
                    .notHex, "lines that repeat do not end at the offset \(line.offset) (line \(lineNumber))",
                    offset: position)
            }
            guard blockStart + expected <= maxBytes else {
                throw CaptureError(
                    .payloadTooLarge, "the dump stands for \(line.offset.counted("byte")), the limit is \(maxBytes)",
                    offset: position)
            }
            confirmations += 1
            while blockBytes < expected { bytes += lastLine.prefix(expected - blockBytes) }
        }
        repeats = false
        guard blockBytes == expected else { throw misplaced(line, at: position) }
    }

    /// Returns the error for an offset that is not due. Both offsets stand as the dump writes them, so that the reader
    /// need not know its base.
    private func misplaced(_ line: DumpLine, _ number: Int? = nil, at position: Int) -> CaptureError {
        let due = base + blockBytes + (pending?.line.bytes.count ?? 0)
        return CaptureError(
            .notHex,
            "the offset \(text(line.offset, like: line)) stands where \(text(due, like: line)) is due (line "
                + "\(number ?? lineNumber)): a line before it is missing, cut or out of order", offset: position)
    }

    private func text(_ offset: Int, like line: DumpLine) -> String {
        let digits = String(offset, radix: radix)
        return String(repeating: "0", count: max(0, line.offsetDigits - digits.count)) + digits
    }

    private mutating func closeBlock() throws(CaptureError) {
        guard isOpen else { return }
        try finish(nil, isLast: true)
        if repeats {
            throw CaptureError(
                .notHex, "lines that repeat, and no offset behind them that says how often", offset: text.count)
        }
        isOpen = false
    }

    /// Takes the bytes of the pending line.
    ///
    /// - Parameters:
    ///   - count: number of bytes when an offset tells it.
    ///   - isLast: `true` when no line of the block follows.
    private mutating func finish(_ count: Int?, isLast: Bool = false) throws(CaptureError) {
        guard let (line, number) = pending else { return }
        pending = nil
        doubtfulBytes = 0
        let known: Int
        if let count { known = count } else { known = isLoose ? try looseCount(of: line) : line.bytes.count }
        var column = line.ends.firstIndex { $0.count >= known } ?? line.ends.count - 1
        if line.ends[column].count != known || !isLoose && column != line.ends.count - 1 {
            // A wide column that is the last may have been filled up with zeros.
            let filled = line.bytes[known...]
            guard isLast, column == line.ends.count - 1, filled.count < columnBytes, filled.allSatisfy({ $0 == 0 })
            else {
                throw CaptureError(
                    .notHex,
                    "a line of \(line.bytes.count.counted("byte")) of which its offsets say \(known) (line \(number))",
                    offset: line.start)
            }
            column = line.ends.count - 1
        } else if count == nil, isLast, columnBytes > 1 {
            doubtfulBytes = min(line.bytes.reversed().prefix { $0 == 0 }.count, columnBytes - 1)
        }
        check(line, number, known, line.ends[column].position, isFull: count != nil && !isLast)
        lastLine = Array(line.bytes.prefix(known))
        bytes += lastLine
        guard bytes.count <= maxBytes else {
            throw CaptureError(
                .payloadTooLarge, "the dump stands for more than \(maxBytes.counted("byte"))", offset: line.start)
        }
    }

    /// Number of bytes of one column that may be filled up.
    private var columnBytes: Int {
        if case .number(_, _, let count) = shape.unit { count } else { 1 }
    }

    /// Returns the number of bytes of a line that lost blanks, which its text tells.
    private func looseCount(of line: DumpLine) throws(CaptureError) -> Int {
        guard shape.text != .none else { return line.bytes.count }
        for end in line.ends.reversed()
        where verdict(line, end.count, end.position, column: nil) == .agrees { return end.count }
        guard !hasText, line.rest.isEmpty else {
            throw CaptureError(
                .notHex, "a line of which the columns and the text cannot be told apart", offset: line.start)
        }
        return line.bytes.count
    }

    // MARK: Text

    private mutating func check(_ line: DumpLine, _ number: Int, _ count: Int, _ position: Int, isFull: Bool) {
        let column = column(of: line, lastColumn: position, isFull: isFull)
        switch verdict(line, count, position, column: column.map { line.start + $0 }) {
        case .none: break
        case .agrees:
            confirmations += 1
            hasText = true
        case .contradicts:
            hasText = true
            contradictions = (contradictions.count + 1, contradictions.count == 0 ? number : contradictions.line)
        }
    }

    private func verdict(_ line: DumpLine, _ count: Int, _ position: Int, column: Int?) -> DumpText.Verdict {
        DumpText.verdict(text, rest: position..<line.end, column: column, line.bytes[..<count], shape.text)
    }

    /// Returns the column of the text, counted from the offset: behind the columns of a full line, and there in every
    /// other line.
    private mutating func column(of line: DumpLine, lastColumn: Int, isFull: Bool) -> Int? {
        guard case .plain(let gap) = shape.text, !isLoose else { return nil }
        if case .hex(let group) = shape.unit, shape.width > 0, group > 0 {
            let columns = 2 * shape.width + shape.width / group - 1 + (line.hasMiddleGap ? 1 : 0)
            return line.firstColumn - line.start + columns + gap
        }
        if isFull { textColumn = lastColumn - line.start + gap }
        return textColumn
    }

    // MARK: Result

    private func readings() -> [TextReading] {
        var notes = notes
        if contradictions.line > 0 {
            let others = contradictions.count > 1 ? ", and that of \(contradictions.count - 1) more" : ""
            notes.append(
                "the text beside the bytes contradicts them in line \(contradictions.line)\(others); the bytes are taken"
            )
        }
        if strangers.count > 0, !shape.isPacketViewer {
            let lines = strangers.count == 1 ? "1 line is" : "\(strangers.count) lines are"
            notes.append("\(lines) no part of the dump and left out, the first is line \(strangers.line)")
        }
        let lacksStart =
            "the dump starts at the offset \(opening.offset) (line \(opening.line)); what was before is not there"
        if base > 0, blocks == 1 { notes.append(lacksStart) }
        let isClean = contradictions.count == 0 && (strangers.count == 0 || shape.isPacketViewer) && base == 0
        let fit: TextReading.Fit =
            switch (isLoose, isClean) {
            case (true, _): isClean && hasText ? .close : .loose
            case (false, true): confirmations > 0 ? .exact : .bare
            case (false, false): confirmations > 0 ? .close : .bare
            }
        let isWholeElse = contradictions.count == 0 && strangers.count == 0 && !isLoose && confirmations > 0
        let missingStart =
            base > 0 && blocks == 1 && isWholeElse
            ? CaptureError(.notHex, lacksStart, offset: opening.position) : nil
        // Of two that nothing confirms the one that is contradicted goes last.
        let doubts = confirmations == 0 && !isClean ? 1 : 0
        let name = shape.name + (blocks > 1 ? " in \(blocks) blocks" : "")
        var readings = [
            TextReading(
                bytes: bytes, name: name, fit: fit, confirmations: confirmations - doubts, notes: notes,
                missingStart: missingStart)
        ]
        for missing in 0..<doubtfulBytes {
            var other = readings[0]
            other.bytes.removeLast(missing + 1)
            other.notes.append("the dump does not say whether its last bytes, which are zeros, are any")
            readings.append(other)
        }
        return readings
    }
}
