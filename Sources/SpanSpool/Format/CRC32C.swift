/// The Castagnoli checksum (polynomial 0x1EDC6F41, reflected), as in iSCSI and ext4: it finds every error in up to five
/// bits of a record, and every run of up to 32 wrong bits.
///
/// By tables for eight bytes at a time (Kounavis, Berry, "Novel table lookup-based algorithms", 2008). Source of the test
/// vectors: RFC 3720, B.4.
package enum CRC32C {
    /// 8 tables of 256 entries, one behind the other.
    private static let tables: [UInt32] = {
        var all = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            all[byte] = value
        }
        for index in 256..<all.count {
            let shorter = all[index - 256]
            all[index] = shorter >> 8 ^ all[Int(shorter & 255)]
        }
        return all
    }()

    /// O(n).
    ///
    /// - Parameter earlier: the checksum of the bytes before these; 0 where these are the first.
    package static func checksum(_ bytes: borrowing RawSpan, after earlier: UInt32 = 0) -> UInt32 {
        var crc = ~earlier
        let count = bytes.byteCount
        // Proof: the table has 8 * 256 entries, and each index is a byte plus a multiple of 256 below that.
        unsafe tables.withUnsafeBufferPointer { table in
            unsafe bytes.withUnsafeBytes { source in
                var offset = 0
                while offset + 8 <= count {
                    // Proof: eight bytes are left from `offset` on.
                    let low =
                        UInt32(littleEndian: unsafe source.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) ^ crc
                    let high = UInt32(
                        littleEndian: unsafe source.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
                    crc =
                        unsafe table[1792 + Int(low & 255)] ^ table[1536 + Int(low >> 8 & 255)]
                        ^ table[1280 + Int(low >> 16 & 255)] ^ table[1024 + Int(low >> 24)]
                        ^ table[768 + Int(high & 255)] ^ table[512 + Int(high >> 8 & 255)]
                        ^ table[256 + Int(high >> 16 & 255)] ^ table[Int(high >> 24)]
                    offset += 8
                }
                while offset < count {
                    crc = unsafe crc >> 8 ^ table[Int((crc ^ UInt32(source[offset])) & 255)]
                    offset += 1
                }
            }
        }
        return ~crc
    }
}
