import CZlib
import SpanSession
import Synchronization

/// `GZIP`: each payload is one gzip member.
final class GzipCompressor: FrameCompressor {
    private let stream: Mutex<DeflateStream>

    init?(level: Int32) {
        guard let stream = DeflateStream(level: level) else { return nil }
        self.stream = Mutex(stream)
    }

    func compress(_ payload: [UInt8], _ trailer: [UInt8]) -> [UInt8]? {
        stream.withLock { $0.compress(payload, trailer) }
    }
}

/// Owns a deflate state. Proof that it is safe, and may go from thread to thread: made in
/// init, freed in deinit, never handed out.
@safe
private struct DeflateStream: ~Copyable, @unchecked Sendable {
    /// The state of zlib, on the heap, for zlib remembers the address.
    private let stream: UnsafeMutablePointer<z_stream>

    init?(level: Int32) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // Proof: the stream is zeroed, which asks for zlib's own allocator.
        guard unsafe spanwire_deflate_init(stream, level) == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
        unsafe self.stream = stream
    }

    deinit {
        // Proof: initialised in init, and nobody else has the pointer.
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    mutating func compress(_ payload: [UInt8], _ trailer: [UInt8]) -> [UInt8]? {
        let total = payload.count + trailer.count
        guard total <= Int(UInt32.max) / 2, unsafe deflateReset(stream) == Z_OK else { return nil }
        let bound = unsafe Int(deflateBound(stream, UInt(total)))
        var isWhole = false
        // Proof: zlib reads avail_in bytes from next_in and writes avail_out to next_out, which are the buffers' counts;
        // it only reads the input, whatever its type says; the pointers are not used after the closures.
        let output = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            unsafe stream.pointee.next_out = buffer.baseAddress
            unsafe stream.pointee.avail_out = UInt32(clamping: buffer.count)
            let first = feed(payload, Z_NO_FLUSH)
            isWhole = first == Z_OK && feed(trailer, Z_FINISH) == Z_STREAM_END
            count = unsafe buffer.count - Int(stream.pointee.avail_out)
            unsafe stream.pointee.next_out = nil
        }
        return isWhole && output.count < total ? output : nil
    }

    private func feed(_ input: [UInt8], _ flush: Int32) -> Int32 {
        // Without input and without a flush there is nothing to do, which zlib calls an error.
        if input.isEmpty, flush == Z_NO_FLUSH { return Z_OK }
        // Proof: as in `compress`.
        return unsafe input.withUnsafeBufferPointer { buffer in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: buffer.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(buffer.count)
            let result = unsafe deflate(stream, flush)
            unsafe stream.pointee.next_in = nil
            return result
        }
    }
}
