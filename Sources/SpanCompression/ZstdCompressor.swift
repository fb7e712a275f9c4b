import CZstd
import SpanSession
import Synchronization

/// `ZSTD`: each payload is one zstd frame; `ZSTD_STREAM`: all payloads together are one, flushed at the end of each.
final class ZstdCompressor: FrameCompressor {
    private let context: Mutex<CompressionContext>

    /// - Parameter windowLog: `nil` for each payload on its own.
    init?(level: Int32, windowLog: Int32?) {
        guard let context = CompressionContext(level: level, windowLog: windowLog) else { return nil }
        self.context = Mutex(context)
    }

    func compress(_ payload: [UInt8], _ trailer: [UInt8]) -> [UInt8]? {
        context.withLock { $0.compress(payload, trailer) }
    }
}

/// Owns a zstd compression context. Proof that it is safe, and may go from thread to thread: made in
/// init, freed in deinit, never handed out.
@safe
private struct CompressionContext: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer
    private let isStream: Bool
    /// A stream lost its place; nothing that it writes from then on could be read.
    private var isBroken = false

    init?(level: Int32, windowLog: Int32?) {
        // Proof: the context is freed in deinit and used nowhere else.
        guard let context = unsafe ZSTD_createCCtx() else { return nil }
        unsafe self.context = context
        isStream = windowLog != nil
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        if let windowLog { unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog) }
    }

    deinit {
        // Proof: made in init, and nobody else has the pointer.
        unsafe ZSTD_freeCCtx(context)
    }

    mutating func compress(_ payload: [UInt8], _ trailer: [UInt8]) -> [UInt8]? {
        guard !isBroken else { return nil }
        let total = payload.count + trailer.count
        if !isStream {
            // Proof: the context is alive; so in all calls below.
            unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
            unsafe ZSTD_CCtx_setPledgedSrcSize(context, UInt64(total))
        }
        // A stream's header and what was kept back may come on top of the bound.
        let bound = ZSTD_compressBound(total) + 512
        var isWhole = false
        // Proof: zstd writes at most as many bytes as the buffer has.
        let output = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            var output = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            isWhole =
                unsafe feed(payload, ZSTD_e_continue, &output)
                && feed(trailer, isStream ? ZSTD_e_flush : ZSTD_e_end, &output)
            count = unsafe output.pos
        }
        if isStream {
            isBroken = !isWhole
            return isWhole ? output : nil
        }
        return isWhole && output.count < total ? output : nil
    }

    /// - Returns: whether all input was taken and, unless it is to be continued, all output written.
    private func feed(_ bytes: [UInt8], _ end: ZSTD_EndDirective, _ output: inout ZSTD_outBuffer) -> Bool {
        // Proof: zstd reads the buffer's bytes and no more, and keeps no pointer to them.
        unsafe bytes.withUnsafeBytes { buffer in
            var input = unsafe ZSTD_inBuffer(src: buffer.baseAddress, size: buffer.count, pos: 0)
            while true {
                let before = unsafe (input.pos, output.pos)
                let rest = unsafe ZSTD_compressStream2(context, &output, &input, end)
                if ZSTD_isError(rest) != 0 { return false }
                let isTaken = unsafe input.pos == input.size
                if isTaken, rest == 0 || end == ZSTD_e_continue { return true }
                // Without progress there is no room left, which the bound rules out.
                if unsafe (input.pos, output.pos) == before { return false }
            }
        }
    }
}
