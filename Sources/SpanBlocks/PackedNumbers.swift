import ProtoWire

/// The varints of a packed field, one after the other.
///
/// Proof that it is safe: every load is of an offset below `end`, which lies in the bytes, and whoever makes one keeps the
/// bytes while it reads.
struct PackedNumbers {
    private let payload: PayloadBytes
    private var offset = 0
    private let end: Int

    init(_ bytes: RawSpan) {
        payload = PayloadBytes(bytes)
        end = bytes.byteCount
    }

    /// How many there are, if each has an end.
    var count: Int {
        var count = 0
        for offset in 0..<end where payload.byte(unchecked: offset) < 0x80 { count &+= 1 }
        return count
    }

    /// - Returns: `nil` at the end, and where a number has none.
    @inline(__always)
    mutating func next() -> UInt64? {
        guard offset < end else { return nil }
        let first = payload.byte(unchecked: offset)
        offset &+= 1
        if first < 0x80 { return UInt64(first) }
        var number = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while offset < end, shift < 70 {
            let byte = payload.byte(unchecked: offset)
            offset &+= 1
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
            shift &+= 7
        }
        return nil
    }

    /// Passes over some.
    mutating func skip(_ count: Int) {
        var left = count
        // Eight bytes at once: each number has one byte without the highest bit. A number that was begun is counted at its end.
        while left >= 8, end &- offset >= 8 {
            left &-= (~payload.word(unchecked: offset) & 0x8080_8080_8080_8080).nonzeroBitCount
            offset &+= 8
        }
        while left > 0, offset < end {
            if payload.byte(unchecked: offset) < 0x80 { left &-= 1 }
            offset &+= 1
        }
    }

    /// The numbers at some places, which rise.
    ///
    /// - Returns: fewer where there are not so many.
    func numbers(at places: [Int32]) -> [UInt64] {
        var rest = self
        var next: Int32 = 0
        var numbers: [UInt64] = []
        numbers.reserveCapacity(places.count)
        for place in places {
            rest.skip(Int(place - next))
            guard let number = rest.next() else { return numbers }
            numbers.append(number)
            next = place + 1
        }
        return numbers
    }

    /// All of them, as far as they have ends.
    var numbers: [UInt64] {
        var rest = self
        var numbers: [UInt64] = []
        numbers.reserveCapacity(count)
        while let number = rest.next() { numbers.append(number) }
        return numbers
    }

    /// The numbers of a packed field of four bytes each.
    static func fixed(_ bytes: RawSpan) -> [UInt32] {
        let payload = PayloadBytes(bytes)
        let count = bytes.byteCount / 4
        var numbers: [UInt32] = []
        numbers.reserveCapacity(count)
        // Proof for the loads: there are four bytes for each.
        for index in 0..<count { numbers.append(payload.half(unchecked: index &* 4)) }
        return numbers
    }
}
