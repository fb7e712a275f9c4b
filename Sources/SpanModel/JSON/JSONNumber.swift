import ProtoWire

/// A number in JSON text, checked against the grammar, with its exact value `±mantissa × 10^exponent`.
///
/// Source: RFC 8259, section 6.
struct JSONNumber {
    var start: Int
    var end: Int
    var isNegative = false
    /// Digits without leading and trailing zeros, as far as they fit.
    var mantissa: UInt64 = 0
    /// `true` when the digits do not fit into `mantissa`.
    var overflows = false
    /// Power of ten, within ±2^40, which no digit's place exceeds.
    var exponent = 0

    /// Amount of the number as an integer; `nil` when it has a fraction or is above 2^64 - 1.
    var amount: UInt64? {
        if mantissa == 0 && !overflows { return 0 }
        guard !overflows, (0...19).contains(exponent) else { return nil }
        var value = mantissa
        for _ in 0..<exponent {
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            if tooLarge { return nil }
            value = product
        }
        return value
    }

    /// Value when a `Double` holds it exactly by one operation on exact numbers; `nil` otherwise.
    ///
    /// Source: W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990.
    var exactDouble: Double? {
        guard !overflows, mantissa <= 1 << 53, (-22...22).contains(exponent) else { return nil }
        let amount = Double(mantissa)
        let value = exponent < 0 ? amount / Self.powers[-exponent] : amount * Self.powers[exponent]
        return isNegative ? -value : value
    }

    /// Powers 10^0 to 10^22, which a `Double` holds exactly.
    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// Reads the number that starts at a position; `nil` when none does.
    ///
    /// - Parameters:
    ///   - start: offset at which the number starts.
    ///   - end: offset at which the text ends, within `text`.
    init?(in text: RawSpan, from start: Int, to end: Int) {
        self.start = start
        self.end = start
        var digits = Digits()
        var cursor = start
        func next() -> UInt8 {
            // Proof: within the bounds of the caller's span; every bit pattern is a UInt8.
            cursor < end ? unsafe text.unsafeLoad(fromByteOffset: cursor, as: UInt8.self) : 0
        }
        if next() == UInt8(ascii: "-") {
            isNegative = true
            cursor += 1
        }
        let first = cursor
        while next() &- 0x30 < 10 {
            digits.append(next() &- 0x30)
            cursor += 1
        }
        let isPadded = cursor - first > 1 && digits.hasLeadingZero
        guard cursor > first, !isPadded else { return nil }
        var fractionDigits = 0
        if next() == UInt8(ascii: ".") {
            cursor += 1
            let firstOfFraction = cursor
            while next() &- 0x30 < 10 {
                digits.append(next() &- 0x30)
                cursor += 1
            }
            fractionDigits = cursor - firstOfFraction
            guard fractionDigits > 0 else { return nil }
        }
        var power = 0
        if next() | 0x20 == UInt8(ascii: "e") {
            cursor += 1
            let isBelow = next() == UInt8(ascii: "-")
            if isBelow || next() == UInt8(ascii: "+") { cursor += 1 }
            let firstOfPower = cursor
            while next() &- 0x30 < 10 {
                power = min(power * 10 + Int(next() &- 0x30), 1 << 40)
                cursor += 1
            }
            guard cursor > firstOfPower else { return nil }
            if isBelow { power = -power }
        }
        self.end = cursor
        mantissa = digits.value
        overflows = digits.overflows
        exponent = power - fractionDigits + digits.trailingZeros
    }

    private struct Digits {
        var value: UInt64 = 0
        var overflows = false
        var trailingZeros = 0
        var hasLeadingZero = false
        private var isEmpty = true

        mutating func append(_ digit: UInt8) {
            if isEmpty {
                hasLeadingZero = digit == 0
                isEmpty = false
            }
            if digit == 0 {
                if value != 0 || overflows { trailingZeros += 1 }
                return
            }
            if value < 1 << 56, trailingZeros == 0 {
                value = value * 10 + UInt64(digit)
                return
            }
            while trailingZeros > 0, !overflows {
                shift(0)
                trailingZeros -= 1
            }
            trailingZeros = 0
            shift(digit)
        }

        private mutating func shift(_ digit: UInt8) {
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isAbove) = product.addingReportingOverflow(UInt64(digit))
            if isTooLarge || isAbove { overflows = true } else { value = sum }
        }
    }
}

extension JSONScanner {
    /// Reads the number that starts here and moves behind it.
    mutating func number() throws(JSONError) -> JSONNumber {
        let start = cursor
        let first = byte(start)
        guard first == UInt8(ascii: "-") || first &- 0x30 < 10 else {
            throw JSONError(.invalidJSON, "a value is expected", offset: start)
        }
        guard let number = JSONNumber(in: text, from: start, to: end) else {
            // `-`, `1.` and `1e` may go on behind the end.
            if isNumberPrefix(from: start) { throw ended(at: start) }
            throw JSONError(.invalidJSON, "a number that JSON's grammar does not have", offset: start)
        }
        cursor = number.end
        return number
    }

    /// Returns `true` when the text ends before the number does.
    private func isNumberPrefix(from start: Int) -> Bool {
        var position = start
        while position < end {
            switch byte(position) {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): position += 1
            case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                position += 1
            default: return false
            }
        }
        let last = byte(end - 1)
        return !(last &- 0x30 < 10)
    }
}
