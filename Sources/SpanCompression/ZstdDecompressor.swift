import CZstd
import ProtoWire
import SpanSession
import Synchronization

/// `ZSTD`: each payload is one zstd frame and nothing behind it; `ZSTD_STREAM`: each ends where a block does.
final class ZstdDecompressor: FrameDecompressor {
    /// Made with the first payload: a connection that sends none takes no memory for it.
    private let context = Mutex<DecompressionContext?>(nil)
    private let windowLog: Int32?

    /// - Parameter windowLog: `nil` for each payload on its own.
    init(windowLog: Int32?) { self.windowLog = windowLog }

    func decompress(
        _ payload: borrowing RawSpan, into output: inout [UInt8], maxBytes: Int
    ) throws(DecompressionError) -> Int {
        // Proof: the pointer is used inside the closure alone.
        let result = unsafe payload.withUnsafeBytes { input in
            context.withLock { context in
                if context == nil { context = DecompressionContext(windowLog: windowLog) }
                return unsafe context?.decompress(input, into: &output, maxBytes: maxBytes)
                    ?? .failure(.malformed("finds no memory to be decompressed in"))
            }
        }
        return try result.get()
    }
}

/// Owns a zstd decompression context. Proof that it is safe, and may go from thread to thread: made in
/// init, freed in deinit, never handed out.
@safe
private struct DecompressionContext: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer
    private let isStream: Bool
    /// Bytes in and out of the last payload: what the next one is likely to need.
    private var last = (input: 1, output: 0)

    /// The window that a decoder is to support at least (RFC 8878, 3.1.1.1.2), and here also the most: 8 MiB.
    private static let maxWindowLog: Int32 = 23
    /// The bytes that zstd asks for next when a block has ended and no other has begun: a block's header (RFC 8878,
    /// 3.1.1.2).
    private static let blockHeaderBytes = 3
    /// The multiple of the input that is set aside at once, whatever the last payload's ratio was.
    private static let mostExpected = 64
    /// The most bytes of one block.
    private static let maxBlockBytes = 128 << 10

    init?(windowLog: Int32?) {
        // Proof: the context is freed in deinit and used nowhere else.
        guard let context = unsafe ZSTD_createDCtx() else { return nil }
        unsafe self.context = context
        isStream = windowLog != nil
        unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog ?? Self.maxWindowLog)
    }

    deinit {
        // Proof: made in init, and nobody else has the pointer.
        unsafe ZSTD_freeDCtx(context)
    }

    mutating func decompress(
        _ input: UnsafeRawBufferPointer, into output: inout [UInt8], maxBytes: Int
    ) -> Result<Int, DecompressionError> {
        output.removeAll(keepingCapacity: true)
        if isStream {
            // A flush without anything new writes nothing.
            return unsafe input.isEmpty ? .success(0) : stream(input, into: &output, maxBytes: maxBytes)
        }
        // Proof: zstd reads the buffer's bytes and no more; so below.
        let frameBytes = unsafe ZSTD_findFrameCompressedSize(input.baseAddress, input.count)
        if ZSTD_isError(frameBytes) != 0 { return .failure(.malformed("is not a whole zstd frame")) }
        guard frameBytes == input.count else {
            return .failure(
                .malformed("has \((input.count - frameBytes).counted("byte")) behind the end of the zstd frame"))
        }
        let stated = unsafe ZSTD_getFrameContentSize(input.baseAddress, input.count)
        if stated == spanwire_zstd_size_error { return .failure(.malformed("is not a zstd frame")) }
        if stated == spanwire_zstd_size_unknown {
            unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
            return unsafe stream(input, into: &output, maxBytes: maxBytes)
        }
        guard stated <= UInt64(maxBytes) else { return .failure(.tooLarge(maxBytes: maxBytes)) }
        // A block has at least four bytes. Who states more than so many blocks hold gets no memory for it.
        guard stated <= UInt64(input.count / 4 + 1) * UInt64(Self.maxBlockBytes) else {
            return .failure(.malformed("states \(stated.counted("byte")), which its \(input.count) cannot hold"))
        }
        return unsafe whole(input, Int(stated), &output)
    }

    /// One frame that says how much comes out.
    private func whole(
        _ input: UnsafeRawBufferPointer, _ stated: Int, _ output: inout [UInt8]
    ) -> Result<Int, DecompressionError> {
        // No more room than stated, however much there is: what zstd calls a fault depends on it. Proof: zstd writes at most
        // as many bytes as it is told, and so many the buffer has.
        var produced = 0
        output.append(addingCapacity: stated) { span in
            unsafe span.withUnsafeMutableBufferPointer { buffer, count in
                produced = unsafe ZSTD_decompressDCtx(
                    context, buffer.baseAddress, stated, input.baseAddress, input.count)
                count = ZSTD_isError(produced) == 0 ? produced : 0
            }
        }
        guard ZSTD_isError(produced) == 0, produced == stated else { return .failure(fault(produced)) }
        return .success(produced)
    }

    /// Any amount, with a window.
    private mutating func stream(
        _ bytes: UnsafeRawBufferPointer, into output: inout [UInt8], maxBytes: Int
    ) -> Result<Int, DecompressionError> {
        var input = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var next = 0
        do throws(DecompressionError) {
            let isWithin = unsafe try output.appendOutput(
                inputBytes: bytes.count, expected: expectedBytes(bytes.count), maxBytes: maxBytes
            ) { buffer throws(DecompressionError) in
                var out = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
                // Proof: zstd reads and writes inside the buffers, whose counts it is told.
                repeat {
                    next = unsafe ZSTD_decompressStream(context, &out, &input)
                    if ZSTD_isError(next) != 0 { throw fault(next) }
                } while unsafe next != 0 && input.pos < input.size && out.pos < out.size
                return unsafe (out.pos, needsRoom: next != 0 && out.pos == out.size)
            }
            guard isWithin else { return .failure(.tooLarge(maxBytes: maxBytes)) }
        } catch {
            return .failure(error)
        }
        last = (max(bytes.count, 1), output.count)
        if next == 0 {
            return isStream
                ? .failure(.malformed("ends the zstd stream, which is to be flushed, not ended"))
                : .success(output.count)
        }
        guard isStream, next == Self.blockHeaderBytes else {
            return .failure(.malformed("ends inside a zstd block"))
        }
        return .success(output.count)
    }

    /// A little more than the last payload's ratio says; 0 when nothing is known.
    private func expectedBytes(_ inputBytes: Int) -> Int {
        guard last.output > 0 else { return 0 }
        let (product, isOver) = last.output.multipliedReportingOverflow(by: inputBytes)
        return isOver ? 0 : min(product / last.input * 17 / 16 + 512, max(inputBytes * Self.mostExpected, 16 << 10))
    }

    private func fault(_ code: Int) -> DecompressionError {
        // Proof: the name is a string constant.
        let name = unsafe String(cString: ZSTD_getErrorName(code))
        return .malformed(ZSTD_isError(code) == 0 ? "is not what it states" : "cannot be decompressed: \(name)")
    }
}
