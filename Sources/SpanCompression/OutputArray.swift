extension [UInt8] {
    /// Adds output through a closure until it has no more: in rooms that double, from 16 KiB or four times the input on, to
    /// `maxBytes` + 1 at the most (the one byte more shows that there is too much). The first room may be another where it
    /// is known what to expect. Room depends on nothing else than the payloads so far, for which fault a library finds
    /// first, and how it names it, depends on the room.
    ///
    /// - Parameters:
    ///   - expected: for the first room; 0 when nothing is known.
    ///   - write: writes to the start of a buffer.
    /// - Returns: `false` when there is more than `maxBytes`.
    mutating func appendOutput<Failure: Error>(
        inputBytes: Int, expected: Int = 0, maxBytes: Int,
        _ write: (UnsafeMutableRawBufferPointer) throws(Failure) -> (written: Int, needsRoom: Bool)
    ) throws(Failure) -> Bool {
        var room = expected > 0 ? expected : Swift.max(inputBytes * 4, 16 << 10)
        while true {
            room = Swift.min(room, maxBytes + 1)
            reserveCapacity(room)
            var needsRoom = false
            try append(addingCapacity: room - count) { output throws(Failure) in
                try unsafe output.withUnsafeMutableBufferPointer { buffer, count throws(Failure) in
                    // Proof: bytes from `count` on are free, and of those only that many are counted as were written.
                    let free = unsafe UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                    let (written, needsMore) = unsafe try write(free)
                    count += written
                    needsRoom = needsMore
                }
            }
            if count > maxBytes { return false }
            guard needsRoom else { return true }
            if count == room { room *= 2 }
        }
    }
}
