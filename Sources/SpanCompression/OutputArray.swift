extension [UInt8] {
    /// Makes room for more output: doubles, from 16 KiB or four times the input on, to `maxBytes` + 1 at the most (the one
    /// byte more shows that there is too much).
    ///
    /// - Parameter room: how many bytes from the start may be written, 0 at first. An array that is longer from an earlier
    ///   payload gives no more room for it: which fault a library finds first, and how it names it, depends on the room.
    /// - Returns: `false` when the room is already the most that may be.
    mutating func growForOutput(_ room: inout Int, inputBytes: Int, maxBytes: Int) -> Bool {
        guard room <= maxBytes else { return false }
        let wanted = Swift.max(room * 2, inputBytes * 4, 16 << 10)
        room = Swift.min(wanted, maxBytes + 1)
        guard count < room else { return true }
        var grown = [UInt8](repeating: 0, count: room)
        // Proof: the new array is longer, and each is told its own count.
        unsafe withUnsafeBytes { old in
            unsafe grown.withUnsafeMutableBytes { unsafe $0.copyMemory(from: old) }
        }
        self = grown
        return true
    }
}
