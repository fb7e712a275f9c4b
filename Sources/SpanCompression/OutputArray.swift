extension [UInt8] {
    /// Makes room for more output: doubles, from 16 KiB or four times the input on, to `maxBytes` + 1 at the most (the one
    /// byte more shows that there is too much).
    ///
    /// - Returns: `false` when the room is already the most that may be.
    mutating func growForOutput(inputBytes: Int, maxBytes: Int) -> Bool {
        guard count <= maxBytes else { return false }
        let wanted = Swift.max(count * 2, inputBytes * 4, 16 << 10)
        var grown = [UInt8](repeating: 0, count: Swift.min(wanted, maxBytes + 1))
        // Proof: the new array is longer, and each is told its own count.
        unsafe withUnsafeBytes { old in
            unsafe grown.withUnsafeMutableBytes { unsafe $0.copyMemory(from: old) }
        }
        self = grown
        return true
    }
}
