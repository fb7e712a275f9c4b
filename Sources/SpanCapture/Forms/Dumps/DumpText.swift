/// Comparison of the text behind the columns of a dump's line with the bytes.
enum DumpText {
    /// Outcome of the comparison.
    enum Verdict { case none, agrees, contradicts }

    /// Compares the text of a line with its bytes.
    ///
    /// - Parameters:
    ///   - rest: range behind the last column, without blanks at the end.
    ///   - column: position of the text when it is known.
    static func verdict(
        _ text: [UInt8], rest: Range<Int>, column: Int?, _ bytes: ArraySlice<UInt8>, _ form: DumpShape.Text
    ) -> Verdict {
        guard let first = rest.first(where: { !text[$0].isTextSpace }) else {
            // A text of blanks alone looks like none.
            return .none
        }
        switch form {
        case .none: return .none
        case .between(_, let closing):
            let end =
                text[rest.upperBound - 1] == closing && rest.upperBound - 1 > first
                ? rest.upperBound - 1 : rest.upperBound
            return agrees(text[(first + 1)..<end], bytes) ? .agrees : .contradicts
        case .plain:
            if let column, column >= rest.lowerBound, column <= first, agrees(text[column..<rest.upperBound], bytes) {
                return .agrees
            }
            // Where the column is not known, or blanks were lost: from the first mark that is none, whatever was before.
            let blanks = bytes.prefix { $0 == 0x20 }.count
            for skipped in 0...blanks
            where first - skipped >= rest.lowerBound && agrees(text[(first - skipped)..<rest.upperBound], bytes)
                || skipped == blanks && agrees(text[first..<rest.upperBound], bytes.dropFirst(blanks))
            {
                return .agrees
            }
            return .contradicts
        }
    }

    /// Returns `true` when the text has a mark for each byte: a printable byte as itself, a blank as itself or a dot,
    /// others as a dot or another mark that programs show. Blanks at the end may be missing.
    static func agrees(_ text: ArraySlice<UInt8>, _ bytes: ArraySlice<UInt8>) -> Bool {
        var position = text.startIndex
        for byte in bytes {
            guard position < text.endIndex else {
                if byte == 0x20 { continue }
                return false
            }
            let mark = text[position]
            position += 1
            if mark >= 0x80 {
                // A mark that is not ASCII, such as a middle dot or a bullet.
                while position < text.endIndex, text[position] & 0xC0 == 0x80 { position += 1 }
                if (0x21...0x7E).contains(byte) { return false }
                continue
            }
            switch byte {
            case 0x21...0x7E: if mark != byte { return false }
            case 0x20: if mark != 0x20, mark != UInt8(ascii: ".") { return false }
            default: if mark != UInt8(ascii: "."), mark != 0x20, mark != UInt8(ascii: "_") { return false }
            }
        }
        return text[position...].allSatisfy(\.isTextSpace)
    }
}
