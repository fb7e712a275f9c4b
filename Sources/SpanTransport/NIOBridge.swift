import NIOCore
import ProtoWire
import SpanSession

extension SessionInstant {
    /// The moment that NIO's monotonic clock shows.
    package static func now() -> SessionInstant { SessionInstant(nanoseconds: NIODeadline.now().uptimeNanoseconds) }

    var deadline: NIODeadline { .uptimeNanoseconds(nanoseconds) }
}

extension Duration {
    /// 1 ... 2^32 - 1: rounded up, held within the range of `retry_after_ms`.
    var wholeMilliseconds: UInt32 {
        let (seconds, attoseconds) = components
        guard seconds < 4_000_000 else { return .max }
        let milliseconds = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return UInt32(clamping: max(milliseconds, 1))
    }
}

extension ByteBuffer {
    /// Adds a whole frame at the end.
    mutating func writeFrame(_ frame: OutgoingFrame) {
        writeBytes(frame.head.bytes)
        writeBytes(frame.payload)
        writeBytes(frame.trailer)
    }
}

extension Channel {
    /// Writes frames in one buffer, so that a run of small ones costs one system call; not flushed.
    func writeFrame(_ frame: OutgoingFrame) {
        var buffer = allocator.buffer(capacity: frame.byteCount)
        buffer.writeFrame(frame)
        write(buffer, promise: nil)
    }
}
