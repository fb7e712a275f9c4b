import ProtoWire

/// The 16 bytes in front of a record's body. They have a checksum of their own, bound to file and place, so that a
/// wrong bit in a body costs that record alone, and the next head is found by itself where one is damaged.
package struct RecordHead: Sendable, Hashable {
    /// 1 ... 255. Open: the kinds that a file may hold are its own.
    package var kind: UInt8
    /// The record's tag, whose meaning is the kind's.
    package var tag: UInt16
    /// The number of bytes of the body.
    package var bodyBytes: Int
    /// The checksum of the body.
    package var bodyChecksum: UInt32

    /// The length of a head in bytes.
    package static let byteCount = 16

    /// Writes head and body behind what is in the writer.
    ///
    /// - Parameters:
    ///   - seed: of the file.
    ///   - offset: where in the file the head will stand.
    static func append(
        _ body: borrowing RawSpan, kind: UInt8, tag: UInt16, seed: UInt32, offset: Int, to writer: inout WireAppender
    ) {
        let start = writer.count
        writer.appendFixed32(UInt32(body.byteCount))
        writer.appendFixed32(UInt32(kind) | UInt32(tag) << 16)
        writer.appendFixed32(CRC32C.checksum(body))
        let checksum = CRC32C.checksum(writer.bytes.extracting(start..<start + 12), after: salt(seed, offset))
        writer.appendFixed32(checksum)
        writer.append(copying: body)
    }

    /// Different for each place in each file.
    private static func salt(_ seed: UInt32, _ offset: Int) -> UInt32 {
        seed ^ UInt32(truncatingIfNeeded: offset) &* 0x9E37_79B1
    }

    /// The head that stands at `index` of the bytes, which is `offset` in the file; `nil` when none does.
    init?(_ bytes: borrowing RawSpan, at index: Int, seed: UInt32, offset: Int) {
        guard index >= 0, bytes.byteCount - index >= RecordHead.byteCount else { return nil }
        // Proof: sixteen bytes are left from `index` on.
        let words = unsafe (
            UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt32.self)),
            UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index + 4, as: UInt32.self)),
            UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index + 8, as: UInt32.self)),
            UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index + 12, as: UInt32.self))
        )
        guard words.1 & 0xFF00 == 0, words.1 & 0xFF != 0, words.0 <= UInt32(Int32.max) else { return nil }
        let checksum = CRC32C.checksum(
            bytes.extracting(index..<index + 12), after: RecordHead.salt(seed, offset))
        guard checksum == words.3 else { return nil }
        bodyBytes = Int(words.0)
        kind = UInt8(truncatingIfNeeded: words.1)
        tag = UInt16(truncatingIfNeeded: words.1 >> 16)
        bodyChecksum = words.2
    }
}
