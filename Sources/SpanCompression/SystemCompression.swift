import SpanSession

/// Payload compression by the system's zlib and libzstd, for `ClientSettings.codec` and `ServerSettings.codec`.
public struct SystemCompression: CompressionCodec {
    /// 1 (fast) ... 9 (small).
    public var gzipLevel: Int32
    /// The level of `ZSTD`, each payload on its own: 1 ... 19.
    public var zstdLevel: Int32
    /// The level of `ZSTD_STREAM`: 1 ... 19.
    public var zstdStreamLevel: Int32

    /// The levels: docs/decisions/compression.md has the numbers that chose the defaults.
    public init(gzipLevel: Int32 = 6, zstdLevel: Int32 = 1, zstdStreamLevel: Int32 = 2) {
        self.gzipLevel = gzipLevel
        self.zstdLevel = zstdLevel
        self.zstdStreamLevel = zstdStreamLevel
    }

    public var compressions: [Compression] { Compression.all }

    public func makeCompressor(_ compression: Compression, windowLog: UInt32) -> (any FrameCompressor)? {
        switch compression {
        case .gzip: GzipCompressor(level: gzipLevel)
        case .zstd: ZstdCompressor(level: zstdLevel, windowLog: nil)
        case .zstdStream: ZstdCompressor(level: zstdStreamLevel, windowLog: Self.clamped(windowLog))
        default: nil
        }
    }

    public func makeDecompressor(_ compression: Compression, windowLog: UInt32) -> (any FrameDecompressor)? {
        switch compression {
        case .gzip: GzipDecompressor()
        case .zstd: ZstdDecompressor(windowLog: nil)
        case .zstdStream: ZstdDecompressor(windowLog: Self.clamped(windowLog))
        default: nil
        }
    }

    private static func clamped(_ windowLog: UInt32) -> Int32 {
        Int32(min(max(windowLog, Compression.windowLogs.lowerBound), Compression.windowLogs.upperBound))
    }
}
