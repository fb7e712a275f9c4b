import ProtoWire

/// A compression for the payloads of a connection. Open: other numbers are legal on the wire and are never agreed on.
public struct Compression: RawRepresentable, Sendable, Hashable {
    public let rawValue: Int32

    @inlinable
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Not at all. Every peer has it; it need not be offered.
    public static let identity = Compression(rawValue: 0)
    /// Each payload on its own.
    public static let gzip = Compression(rawValue: 1)
    /// Each payload on its own.
    public static let zstd = Compression(rawValue: 2)
    /// One zstd context per connection and direction.
    public static let zstdStream = Compression(rawValue: 3)

    /// All compressions but `identity`, as `docs/protocol.md` numbers them.
    public static let all: [Compression] = [.gzip, .zstd, .zstdStream]

    /// The legal values of `Welcome.window_log`.
    public static let windowLogs: ClosedRange<UInt32> = 17...23

    public static let schema = EnumSchema(
        "spanwire.transport.v1.Compression", [(0, "IDENTITY"), (1, "GZIP"), (2, "ZSTD"), (3, "ZSTD_STREAM")])

    /// Picks the collector's answer: the first of the offered compressions that it supports, else `identity`.
    ///
    /// - Parameters:
    ///   - offered: the sender's, in order of its preference.
    ///   - supported: the collector's, in any order.
    public static func agreed(offered: [Compression], supported: [Compression]) -> Compression {
        offered.first { supported.contains($0) } ?? .identity
    }
}

extension Compression: CustomStringConvertible {
    /// `ZSTD`, or the number where there is no name.
    public var description: String { Compression.schema.name(of: rawValue) ?? String(rawValue) }
}
