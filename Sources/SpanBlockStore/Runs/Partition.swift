/// Hours since 1970 by which runs are parted: most of what is too old goes as whole runs.
package enum Partition {
    /// The length of a partition, nanoseconds.
    package static let nanoseconds: UInt64 = 3_600_000_000_000
    /// The hour of the last time there is.
    package static let last = Int64(UInt64.max / nanoseconds)
    /// The most that a start may lie before and behind the time at which it was received; else it says nothing.
    private static let latest: UInt64 = 7 * 24 * nanoseconds
    private static let earliest: UInt64 = nanoseconds

    /// The hour of the start; of the receipt where the start is far from it, so that clocks that are wrong cannot make
    /// partitions without number.
    package static func of(start: UInt64, receivedUnixNano: UInt64) -> Int64 {
        let isNear =
            start <= receivedUnixNano
            ? receivedUnixNano - start <= latest : start - receivedUnixNano <= earliest
        return Int64((isNear ? start : receivedUnixNano) / nanoseconds)
    }
}
