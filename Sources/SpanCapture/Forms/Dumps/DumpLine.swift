import SpanModel

/// One line of a dump: its offset, and its columns as far as they follow the shape.
struct DumpLine {
    private(set) var offset = 0
    /// Bytes of all columns.
    private(set) var bytes: [UInt8] = []
    /// Number of bytes up to the end of each column, and the end's position in the text.
    private(set) var ends: [(count: Int, position: Int)] = []
    /// Positions in the text of the offset, of the first column, and of the line's end without blanks.
    private(set) var start = 0
    private(set) var firstColumn = 0
    private(set) var end = 0
    /// `true` when one blank more stood behind the eighth byte.
    private(set) var hasMiddleGap = false
    /// `true` when the line is an offset and nothing else.
    var isEnd: Bool { bytes.isEmpty && end == offsetEnd }

    /// Number of digits of the offset.
    private(set) var offsetDigits = 0

    private var offsetEnd = 0

    /// Range in the text behind the last column.
    var rest: Range<Int> { (ends.last?.position ?? offsetEnd)..<end }

    /// Reads a line.
    ///
    /// - Parameters:
    ///   - groupBytes: size in bytes of the groups in the lines before; 0 when there are none.
    ///   - isLoose: `true` to accept any blanks between columns.
    /// - Returns: `false` when the line has no offset, or no column and something else.
    mutating func read(
        _ text: [UInt8], _ line: Range<Int>, _ shape: DumpShape, radix: Int, groupBytes: Int, isLoose: Bool
    ) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        hasMiddleGap = false
        start = line.lowerBound
        end = line.upperBound
        // Blanks at the end are no text: where a text ends in blanks they are missed there.
        while end > start, text[end - 1].isTextSpace { end -= 1 }
        while start < end, text[start].isTextSpace { start += 1 }
        guard readOffset(text, shape, radix) else { return false }
        if isEnd { return true }
        var group = groupBytes
        var cursor = offsetEnd
        while shape.width == 0 || bytes.count < shape.width, cursor < end {
            var next = cursor
            while next < end, text[next] == 0x20 || isLoose && text[next].isTextSpace { next += 1 }
            guard fits(blanks: next - cursor, shape, isLoose: isLoose) else { break }
            let countBefore = bytes.count
            guard let column = readColumn(text, next, shape.unit, &group) else { break }
            // Numbers of several lengths end where their columns do.
            guard isLoose || isAligned(column.end - cursor, shape.unit) else {
                bytes.removeLast(bytes.count - countBefore)
                break
            }
            if ends.isEmpty { firstColumn = next } else if next - cursor == 2, countBefore == 8 { hasMiddleGap = true }
            cursor = column.end
            ends.append((bytes.count, cursor))
            if column.isShort { break }
        }
        guard !bytes.isEmpty else { return false }
        return isLoose || restFits(text, shape)
    }

    private mutating func readOffset(_ text: [UInt8], _ shape: DumpShape, _ radix: Int) -> Bool {
        var cursor = start
        guard text[cursor..<end].starts(with: shape.offsetPrefix) else { return false }
        cursor += shape.offsetPrefix.count
        offset = 0
        let digitsStart = cursor
        while cursor < end, cursor - digitsStart < 15, let digit = text[cursor].hexDigitValue, Int(digit) < radix {
            offset = offset * radix + Int(digit)
            cursor += 1
        }
        guard cursor - digitsStart >= shape.offsetDigits, text[cursor..<end].starts(with: shape.offsetSuffix) else {
            return false
        }
        offsetDigits = cursor - digitsStart
        offsetEnd = cursor + shape.offsetSuffix.count
        return offsetEnd == end || text[offsetEnd].isTextSpace
    }

    private func fits(blanks: Int, _ shape: DumpShape, isLoose: Bool) -> Bool {
        if isLoose { return blanks >= 1 }
        if ends.isEmpty { return shape.offsetGap.contains(blanks) }
        guard bytes.count == 8 else { return shape.gap.contains(blanks) }
        switch shape.hasMiddleGap {
        case true?: return shape.gap.contains(blanks - 1)
        case false?: return shape.gap.contains(blanks)
        case nil: return shape.gap.contains(blanks) || shape.gap.contains(blanks - 1)
        }
    }

    /// Returns `true` when a column ends where the shape requires.
    ///
    /// - Parameter stride: distance from the end of the column before, or of the offset, to the end of this one.
    private func isAligned(_ stride: Int, _ unit: DumpShape.Unit) -> Bool {
        switch unit {
        case .hex, .number: true
        case .littleEndianWord(let count): stride == 1 + 2 * count
        case .decimalByte:
            if let first = ends.first { stride == first.position - offsetEnd } else { (4...5).contains(stride) }
        }
    }

    /// Appends the bytes of the column that starts at a position.
    ///
    /// - Returns: `nil` when no column starts there; `isShort` when it has fewer digits than others, and so is the
    ///   line's last.
    private mutating func readColumn(
        _ text: [UInt8], _ start: Int, _ unit: DumpShape.Unit, _ group: inout Int
    ) -> (end: Int, isShort: Bool)? {
        var end = start
        while end < self.end, !text[end].isTextSpace {
            end += 1
            // No column has more digits; `xxd -g 0` has 32, or twice as many as `-c` says.
            if end - start > 1024 { return nil }
        }
        let digits = text[start..<end]
        switch unit {
        case .hex(let groupBytes):
            let size = groupBytes > 0 ? groupBytes : group
            guard !digits.isEmpty, digits.count % 2 == 0, size == 0 || digits.count <= 2 * size,
                digits.allSatisfy({ $0.hexDigitValue != nil })
            else { return nil }
            if group == 0 { group = digits.count / 2 }
            var position = start
            while position < end {
                bytes.append((text[position].hexDigitValue ?? 0) << 4 | (text[position + 1].hexDigitValue ?? 0))
                position += 2
            }
            return (end, size > 0 && digits.count < 2 * size)
        case .littleEndianWord(let count):
            guard !digits.isEmpty, digits.count % 2 == 0, digits.count <= 2 * count,
                let value = Self.number(digits, radix: 16)
            else { return nil }
            appendLittleEndian(value, digits.count / 2)
            return (end, digits.count < 2 * count)
        case .number(let radix, let digitCount, let count):
            guard digits.count == digitCount, let value = Self.number(digits, radix: UInt64(radix)),
                count == 8 || value >> UInt64(8 * count) == 0
            else { return nil }
            appendLittleEndian(value, count)
            return (end, false)
        case .decimalByte:
            let isNegative = digits.first == UInt8(ascii: "-")
            let magnitude = digits.dropFirst(isNegative ? 1 : 0)
            guard (1...3).contains(magnitude.count), magnitude.count == 1 || magnitude.first != UInt8(ascii: "0"),
                let value = Self.number(magnitude, radix: 10), value <= (isNegative ? 128 : 255)
            else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: isNegative ? 256 - value : value))
            return (end, false)
        }
    }

    private mutating func appendLittleEndian(_ value: UInt64, _ count: Int) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }

    private static func number(_ digits: ArraySlice<UInt8>, radix: UInt64) -> UInt64? {
        var value: UInt64 = 0
        for character in digits {
            guard let digit = character.hexDigitValue, UInt64(digit) < radix else { return nil }
            let product = value.multipliedReportingOverflow(by: radix)
            let sum = product.partialValue.addingReportingOverflow(UInt64(digit))
            guard !product.overflow, !sum.overflow else { return nil }
            value = sum.partialValue
        }
        return value
    }

    /// Returns `true` when nothing but the text, if the shape has one, stands behind the columns.
    private func restFits(_ text: [UInt8], _ shape: DumpShape) -> Bool {
        guard !rest.isEmpty, let first = rest.first(where: { text[$0] != 0x20 }) else { return true }
        switch shape.text {
        case .none: return false
        case .plain(let gap): return first - rest.lowerBound >= gap
        case .between(let opening, _): return first - rest.lowerBound >= 1 && text[first] == opening
        }
    }
}
