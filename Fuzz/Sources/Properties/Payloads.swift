import ProtoWire
import SpanCompression
import SpanSession

/// The compression of a conversation's payloads, one after the other as its sender would.
struct Payloads {
    static let codec = SystemCompression()
    static let windowLog: UInt32 = 17

    private let compressor: (any FrameCompressor)?
    private let decompressor: (any FrameDecompressor)?

    init(_ compression: Compression) {
        compressor = Self.codec.makeCompressor(compression, windowLog: Self.windowLog)
        decompressor = Self.codec.makeDecompressor(compression, windowLog: Self.windowLog)
    }

    /// `nil` where nothing is agreed, or the payload is better sent as it is.
    func compressed(_ payload: [UInt8]) -> [UInt8]? { compressor?.compress(payload, []) }

    /// `nil` for what cannot be decompressed; nothing after it can then.
    func decompressed(_ payload: [UInt8]) -> [UInt8]? {
        var output: [UInt8] = []
        guard
            let count = try? decompressor?.decompress(
                payload.rawSpan, into: &output, maxBytes: FrameDecoder.controlLimit)
        else { return nil }
        return Array(output.prefix(count))
    }

    /// What a conversation that begins with this message agrees on, as the properties' sessions are set up: the first that
    /// a `Hello` offers, the one that a `Welcome` names.
    static func agreed(_ kind: FrameKind, _ payload: [UInt8]) -> Compression {
        let options = DecodeOptions(invalidUTF8: .repair)
        switch kind {
        case .hello:
            guard let hello = try? Hello(decoding: payload, options: options) else { return .identity }
            return Compression.agreed(offered: hello.compressions, supported: codec.compressions)
        case .welcome: return (try? Welcome(decoding: payload, options: options))?.compression ?? .identity
        default: return .identity
        }
    }
}
