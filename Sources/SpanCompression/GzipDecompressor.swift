import CZlib
import ProtoWire
import SpanSession
import Synchronization

/// `GZIP`: each payload is one gzip member and nothing behind it.
final class GzipDecompressor: FrameDecompressor {
    private let stream: Mutex<InflateStream>

    init?() {
        guard let stream = InflateStream() else { return nil }
        self.stream = Mutex(stream)
    }

    func decompress(
        _ payload: borrowing RawSpan, into output: inout [UInt8], maxBytes: Int
    ) throws(DecompressionError) -> Int {
        // Proof: the pointer is used inside the closure alone, and the state forgets it before the lock is left.
        let result = unsafe payload.withUnsafeBytes { input in
            stream.withLock { unsafe $0.inflate(input, into: &output, maxBytes: maxBytes) }
        }
        return try result.get()
    }
}

/// Owns an inflate state. Proof that it is safe, and may go from thread to thread: made in
/// init, freed in deinit, never handed out.
@safe
private struct InflateStream: ~Copyable, @unchecked Sendable {
    /// The state of zlib, on the heap, for zlib remembers the address.
    private let stream: UnsafeMutablePointer<z_stream>

    init?() {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // Proof: the stream is zeroed, which asks for zlib's own allocator.
        guard unsafe spanwire_inflate_init(stream) == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
        unsafe self.stream = stream
    }

    deinit {
        // Proof: initialised in init, and nobody else has the pointer.
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    mutating func inflate(
        _ input: UnsafeRawBufferPointer, into output: inout [UInt8], maxBytes: Int
    ) -> Result<Int, DecompressionError> {
        guard unsafe inflateReset(stream) == Z_OK, input.count <= Int(UInt32.max) else {
            return .failure(.malformed("cannot be decompressed"))
        }
        let bytes = unsafe UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.next_in = bytes
        unsafe stream.pointee.avail_in = UInt32(input.count)
        defer {
            unsafe stream.pointee.next_in = nil
            unsafe stream.pointee.next_out = nil
        }
        output.removeAll(keepingCapacity: true)
        var result = Z_OK
        let isWithin = unsafe output.appendOutput(inputBytes: input.count, maxBytes: maxBytes) { buffer in
            // Proof: zlib writes avail_out bytes at most, and so many the buffer has; it reads avail_in bytes of the input,
            // which the caller keeps, and only reads them, whatever their type says.
            let room = min(buffer.count, Int(UInt32.max) / 2)
            unsafe stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.avail_out = UInt32(room)
            result = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
            let left = unsafe Int(stream.pointee.avail_out)
            return (room - left, needsRoom: result == Z_OK && left == 0)
        }
        guard isWithin else { return .failure(.tooLarge(maxBytes: maxBytes)) }
        switch result {
        case Z_STREAM_END:
            let rest = unsafe Int(stream.pointee.avail_in)
            guard rest == 0 else {
                return .failure(.malformed("has \(rest.counted("byte")) behind the end of the gzip member"))
            }
            return .success(output.count)
        // All input is used up, and there is room: more input would be needed.
        case Z_OK, Z_BUF_ERROR: return .failure(.malformed("ends inside the gzip member"))
        default: return .failure(.malformed("is not gzip, or damaged"))
        }
    }
}
