import ProtoWire

/// A maker of compressors and decompressors; handed to a session in its settings, for the sessions themselves
/// link no compression library.
public protocol CompressionCodec: Sendable {
    /// The compressions that the codec has, in any order; `identity` need not be named.
    var compressions: [Compression] { get }

    /// Makes a compressor for one direction of one connection.
    ///
    /// - Parameters:
    ///   - compression: the form of all payloads of the direction.
    ///   - windowLog: the largest window of `zstdStream`, 17 ... 23; of no meaning to the others.
    /// - Returns: `nil` for a compression that it does not have, or for want of memory.
    func makeCompressor(_ compression: Compression, windowLog: UInt32) -> (any FrameCompressor)?

    /// Makes a decompressor for one direction of one connection; the parameters are those of `makeCompressor`.
    func makeDecompressor(_ compression: Compression, windowLog: UInt32) -> (any FrameDecompressor)?
}

/// Compresses the payloads that one side of a connection sends, in their order.
///
/// A reference: copies of a session share it, so only one of them may go on.
public protocol FrameCompressor: AnyObject, Sendable {
    /// Compresses one payload, given in two pieces.
    ///
    /// What a stream returns must be sent, for the payloads after it build upon it.
    ///
    /// - Returns: `nil` when the payload is better sent as it is. A stream does so only when it cannot go on; it is not
    ///   asked again then.
    func compress(_ payload: [UInt8], _ trailer: [UInt8]) -> [UInt8]?
}

/// Decompresses the payloads that one side of a connection receives, in their order.
///
/// A reference: copies of a session share it, so only one of them may go on.
public protocol FrameDecompressor: AnyObject, Sendable {
    /// Decompresses one payload. Takes memory in proportion to the bytes that really come out, never for more than
    /// `maxBytes` of them, and for a window.
    ///
    /// - Parameters:
    ///   - payload: the payload as it came.
    ///   - output: what it holds is replaced; its memory is used where it suffices.
    ///   - maxBytes: how many bytes may come out.
    /// - Returns: how many bytes `output` then has, 0 ... `maxBytes`.
    /// - Throws: when the payload is not what was agreed, or more than `maxBytes`. The connection cannot go on then.
    func decompress(
        _ payload: borrowing RawSpan, into output: inout [UInt8], maxBytes: Int
    ) throws(DecompressionError) -> Int
}

/// Why a payload cannot be decompressed.
public struct DecompressionError: Error, Sendable, Hashable {
    /// Whether the payload is larger than allowed, rather than malformed.
    public var isTooLarge: Bool
    /// Half a sentence whose subject is the payload, such as "ends inside a zstd block". No bytes of it.
    public var message: String

    /// - Parameter message: half a sentence whose subject is the payload.
    public static func malformed(_ message: String) -> DecompressionError {
        DecompressionError(isTooLarge: false, message: message)
    }

    /// More than `maxBytes` come out.
    public static func tooLarge(maxBytes: Int) -> DecompressionError {
        DecompressionError(isTooLarge: true, message: "is larger than \(maxBytes.counted("byte")) decompressed")
    }

    private init(isTooLarge: Bool, message: String) {
        self.isTooLarge = isTooLarge
        self.message = message
    }
}
