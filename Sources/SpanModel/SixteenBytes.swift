/// The halves of an id of 16 bytes, big-endian: what trace and sender ids have in common.
struct SixteenBytes {
    /// Bytes 0 to 7.
    let high: UInt64
    /// Bytes 8 to 15.
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the value from 16 bytes, big-endian; fails for any other count.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.init(high: UInt64(bigEndianBytes: bytes[..<8]), low: UInt64(bigEndianBytes: bytes[8...]))
    }

    /// Reads the value from 32 hexadecimal digits in either case; fails for anything else.
    init?(hex: some StringProtocol) {
        guard let bytes = [UInt8](hex: hex) else { return nil }
        self.init(bytes)
    }

    /// The 16 bytes.
    var bytes: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }

    /// Random bytes that are not all zero.
    static func random(using generator: inout some RandomNumberGenerator) -> SixteenBytes {
        SixteenBytes(high: generator.next(), low: generator.next() | 1)
    }
}
