import ProtoWire
import SpanModel

/// The first 48 bytes of a segment or a ledger.
package struct SpoolHeader: Sendable, Hashable {
    /// What a file is.
    package enum Kind: Sendable, Hashable {
        /// Spans.
        case segment
        /// What was sent, stored and dropped.
        case ledger

        /// 8 bytes: `SPWSPANS`, `SPWLEDGR`.
        var magic: [UInt8] { [UInt8]((self == .segment ? "SPWSPANS" : "SPWLEDGR").utf8) }
    }

    /// How reading a header came out.
    package enum Reading: Sendable, Hashable {
        case valid(SpoolHeader)
        /// No header stands there, or one with wrong bits.
        case damaged
        /// Whole, and of another version than this program knows.
        case unknownVersion(UInt32)
    }

    package var kind: Kind
    package var sender: SenderID
    /// A segment's number, or a ledger's generation.
    package var number: UInt64

    package init(_ kind: Kind, sender: SenderID, number: UInt64) {
        self.kind = kind
        self.sender = sender
        self.number = number
    }

    package static let byteCount = 48
    package static let version: UInt32 = 1

    /// What the checksums of the file's records begin with, so that a record of another file is none of this one.
    var seed: UInt32 {
        var writer = WireAppender(capacity: 64)
        writer.append(copying: kind.magic.rawSpan)
        writer.append(copying: sender.bytes.rawSpan)
        writer.appendFixed64(number)
        return CRC32C.checksum(writer.bytes)
    }

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
