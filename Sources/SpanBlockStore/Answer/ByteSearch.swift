import ProtoWire

extension [UInt8] {
    /// Returns the places of some bytes, without overlaps, in rising order. Horspool's way: a byte that the pattern has not, or
    /// has far from its end, lets the search step as far.
    ///
    /// - Parameter pattern: at least one byte.
    func places(of pattern: [UInt8]) -> [Int] {
        var places: [Int] = []
        let length = pattern.count
        guard length > 0, length <= count else { return places }
        var steps = [Int](repeating: length, count: 256)
        for (index, byte) in pattern.dropLast().enumerated() { steps[Int(byte)] = length - 1 - index }
        let last = pattern[length - 1]
        let bytes = PayloadBytes(rawSpan)
        var end = length - 1
        let count = count
        while end < count {
            // Proof: end lies below the count, and what is compared lies before it.
            let byte = bytes.byte(unchecked: end)
            if byte == last {
                var index = length - 2
                while index >= 0, bytes.byte(unchecked: end - (length - 1) + index) == pattern[index] { index -= 1 }
                if index < 0 {
                    places.append(end - (length - 1))
                    end += length
                    continue
                }
            }
            end += steps[Int(byte)]
        }
        return places
    }
}
