import ProtoWire
import SpanModel

/// The first 48 bytes of a segment or a ledger.
package struct SpoolHeader: Sendable, Hashable {
    /// The kind of a file.
    package enum Kind: Sendable, Hashable {
        /// Spans.
        case segment
        /// A ledger: what was sent, stored and dropped.
        case ledger

        /// 8 bytes: `SPWSPANS`, `SPWLEDGR`.
        var magic: [UInt8] { [UInt8]((self == .segment ? "SPWSPANS" : "SPWLEDGR").utf8) }
    }

    /// The outcome of reading a header.
    package enum Reading: Sendable, Hashable {
        case valid(SpoolHeader)
        /// No header stands there, or one with wrong bits.
        case damaged
        /// Whole, and of another version than this program knows.
        case unknownVersion(UInt32)
    }

    /// The kind of the file.
    package var kind: Kind
    /// The sender whose spool the file is of.
    package var sender: SenderID
    /// A segment's number, or a ledger's generation.
    package var number: UInt64

    /// Makes the header of a file.
    package init(_ kind: Kind, sender: SenderID, number: UInt64) {
        self.kind = kind
        self.sender = sender
        self.number = number
    }

    /// The length of a header in bytes.
    package static let byteCount = 48
    /// The version of the format that is written, and the only one that is read.
    package static let version: UInt32 = 1

    /// The seed of the checksums of the file's records, so that a record of another file is none of this one.
    var seed: UInt32 {
        var writer = WireAppender(capacity: 64)
        writer.append(copying: kind.magic.rawSpan)
        writer.append(copying: sender.bytes.rawSpan)
        writer.appendFixed64(number)
        return CRC32C.checksum(writer.bytes)
    }

    /// The header as it stands in the file.
    package var bytes: [UInt8] {
        var writer = WireAppender(capacity: 64)
        writer.append(copying: kind.magic.rawSpan)
        writer.appendFixed32(Self.version)
        writer.appendFixed32(0)
        writer.append(copying: sender.bytes.rawSpan)
        writer.appendFixed64(number)
        writer.appendFixed32(0)
        writer.appendFixed32(CRC32C.checksum(writer.bytes))
        return writer.byteArray()
    }

    /// Reads the header at the beginning of a file.
    package static func read(_ kind: Kind, _ bytes: [UInt8]) -> Reading {
        guard bytes.count >= byteCount, bytes.prefix(8).elementsEqual(kind.magic) else { return .damaged }
        var reader = SpoolReader(bytes, at: 8)
        let version = reader.uint32()
        _ = reader.uint32()
        let sender = SenderID(bytes: reader.bytes(16))
        let number = reader.uint64()
        _ = reader.uint32()
        let checksum = reader.uint32()
        guard checksum == CRC32C.checksum(bytes.rawSpan.extracting(..<44)), let sender else { return .damaged }
        guard version == Self.version else { return .unknownVersion(version) }
        return .valid(SpoolHeader(kind, sender: sender, number: number))
    }
}

/// Reads little-endian numbers; zeros and nothing where the bytes end, which `isShort` tells.
struct SpoolReader {
    private let source: [UInt8]
    private var offset: Int
    private(set) var isShort = false

    init(_ source: [UInt8], at offset: Int = 0) {
        self.source = source
        self.offset = offset
    }

    var isAtEnd: Bool { offset == source.count }

    mutating func bytes(_ count: Int) -> [UInt8] {
        guard count <= source.count - offset else {
            isShort = true
            offset = source.count
            return []
        }
        defer { offset += count }
        return Array(source[offset..<offset + count])
    }

    mutating func uint64() -> UInt64 { bytes(8).reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    mutating func uint32() -> UInt32 { bytes(4).reversed().reduce(0) { $0 << 8 | UInt32($1) } }
    mutating func uint16() -> UInt16 { bytes(2).reversed().reduce(0) { $0 << 8 | UInt16($1) } }
    mutating func string() -> String { String(decoding: bytes(Int(uint16())), as: UTF8.self) }
}
