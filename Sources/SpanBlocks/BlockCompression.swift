import CZstd
import ProtoWire
import Synchronization

/// Compresses blocks: each is one zstd frame with the checksum of its content.
///
/// Proof that it is safe, and may go from thread to thread: the context is made in init, freed in deinit, never handed out.
@safe
package struct BlockCompressor: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    /// - Parameter level: of zstd's.
    package init(level: Int32) {
        guard let context = unsafe ZSTD_createCCtx() else { preconditionFailure("no memory for a zstd context") }
        unsafe self.context = context
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// - Returns: the frame.
    package borrowing func compress(_ bytes: [UInt8]) -> [UInt8] {
        let bound = ZSTD_compressBound(bytes.count)
        // Proof: zstd writes at most as many bytes as the buffer has and reads those of the array.
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            let size = unsafe bytes.withUnsafeBytes { source in
                unsafe ZSTD_compress2(context, buffer.baseAddress, buffer.count, source.baseAddress, source.count)
            }
            // Into a buffer of the bound's size a frame always goes.
            precondition(ZSTD_isError(size) == 0, "zstd wrote no frame")
            count = size
        }
    }
}

/// Reads blocks; as `BlockCompressor` in all else.
@safe
package struct BlockDecompressor: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    package init() {
        guard let context = unsafe ZSTD_createDCtx() else { preconditionFailure("no memory for a zstd context") }
        unsafe self.context = context
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// What a frame may hold at the most: places in it are numbers of 32 bits.
    package static let maxBytes = Int(Int32.max)

    /// - Returns: `nil` when it is no frame, does not say how much is in it or more than `maxBytes`, or when the checksum
    ///   differs.
    package borrowing func decompress(_ frame: [UInt8], maxBytes: Int = Self.maxBytes) -> [UInt8]? {
        // Proof: zstd reads the array's bytes and no more; so below.
        let size = unsafe frame.withUnsafeBytes { unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        guard size != spanwire_zstd_size_unknown, size != spanwire_zstd_size_error, size <= UInt64(maxBytes) else {
            return nil
        }
        // A size that does not fit its frame is not believed: a frame holds at the most 128 KiB for each three bytes.
        guard size <= UInt64(frame.count) << 16 else { return nil }
        var isWhole = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            let written = unsafe frame.withUnsafeBytes { source in
                unsafe ZSTD_decompressDCtx(context, buffer.baseAddress, buffer.count, source.baseAddress, source.count)
            }
            isWhole = ZSTD_isError(written) == 0 && written == Int(size)
            count = isWhole ? written : 0
        }
        return isWhole ? bytes : nil
    }
}

/// Contexts that are used again, since making one takes as long as a small frame does: as many as threads use at once.
final class DecompressorPool: Sendable {
    /// One of them.
    final class Pooled: Sendable {
        let decompressor = BlockDecompressor()
    }

    static let shared = DecompressorPool()

    private let free = Mutex<[Pooled]>([])

    func take() -> Pooled { free.withLock { $0.popLast() } ?? Pooled() }

    func giveBack(_ pooled: Pooled) { free.withLock { $0.append(pooled) } }
}
