/// Which message a frame carries: bits 0 to 6 of its first byte. Open: a later version may add kinds.
public struct FrameKind: RawRepresentable, Sendable, Hashable {
    /// 0 ... 127.
    public let rawValue: UInt8

    /// - Parameter rawValue: bit 7 is cut off.
    @inlinable
    public init(rawValue: UInt8) { self.rawValue = rawValue & 0x7F }

    /// Sender to collector, its first frame.
    public static let hello = FrameKind(rawValue: 1)
    /// Collector to sender, its first frame.
    public static let welcome = FrameKind(rawValue: 2)
    /// Sender to collector: spans.
    public static let batch = FrameKind(rawValue: 3)
    /// Collector to sender: what is stored, and further credit.
    public static let ack = FrameKind(rawValue: 4)
    /// Both ways: are you there?
    public static let ping = FrameKind(rawValue: 5)
    /// Both ways: the answer, with the token of the ping.
    public static let pong = FrameKind(rawValue: 6)
    /// Sender to collector: no more batches; close after the last ack.
    public static let goodbye = FrameKind(rawValue: 7)
    /// Collector to sender: why the connection ends, and whether to come back.
    public static let goAway = FrameKind(rawValue: 8)

    /// `false` for a kind that version 1 does not have.
    @inlinable
    public var isKnown: Bool { (1...8).contains(rawValue) }

    /// Whether the kind may ever have the compressed bit: not `Hello`, `Welcome` and `GoAway`.
    public var isCompressible: Bool { self != .hello && self != .welcome && self != .goAway }
}

extension FrameKind: CustomStringConvertible {
    /// The message's name, or `kind 9` where there is none.
    public var description: String {
        switch self {
        case .hello: "Hello"
        case .welcome: "Welcome"
        case .batch: "Batch"
        case .ack: "Ack"
        case .ping: "Ping"
        case .pong: "Pong"
        case .goodbye: "Goodbye"
        case .goAway: "GoAway"
        default: "kind \(rawValue)"
        }
    }
}

/// The five bytes in front of every payload.
///
/// | bytes | field |
/// |---|---|
/// | 1 | bit 7: payload compressed with the agreed compression; bits 0-6: kind |
/// | 4 | payload bytes on the wire, unsigned, big-endian |
public struct FrameHead: Sendable, Hashable {
    /// The length of a head in bytes.
    public static let byteCount = 5

    /// The kind of message in the payload.
    public var kind: FrameKind
    /// Bit 7 of the head's first byte.
    public var isCompressed: Bool
    /// Payload bytes on the wire, without the head.
    public var length: UInt32

    /// Makes the head of a frame with a payload of `length` bytes.
    @inlinable
    public init(_ kind: FrameKind, length: UInt32, isCompressed: Bool = false) {
        self.kind = kind
        self.length = length
        self.isCompressed = isCompressed
    }

    /// - Parameter bytes: at least five; the head is in the first five. `nil` when there are fewer.
    public init?(_ bytes: borrowing RawSpan) {
        guard bytes.byteCount >= FrameHead.byteCount else { return nil }
        // Proof: five bytes are there, and every bit pattern is a UInt8 and a UInt32.
        let first = unsafe bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self)
        let length = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 1, as: UInt32.self)
        self.init(FrameKind(rawValue: first), length: UInt32(bigEndian: length), isCompressed: first & 0x80 != 0)
    }

    /// A remedy for a head that is none: where one side speaks TLS and the other does not, the first bytes are those
    /// of a TLS record (RFC 8446, section 5.1: type 21 alert, 22 handshake; then the version, 3 and something).
    var tlsWords: String? {
        guard length >> 24 == 3, !isCompressed else { return nil }
        return switch kind.rawValue {
        case 21: "it looks like TLS: the other side takes TLS connections alone; use TLS here too (security, --tls)"
        case 22: "it looks like TLS, and this side takes plain connections; use TLS on both sides or on none"
        default: nil
        }
    }

    /// The five bytes.
    public var bytes: [UInt8] {
        [
            kind.rawValue | (isCompressed ? 0x80 : 0),
            UInt8(truncatingIfNeeded: length >> 24), UInt8(truncatingIfNeeded: length >> 16),
            UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length),
        ]
    }
}
