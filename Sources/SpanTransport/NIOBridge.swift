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
    /// Writes a frame, not flushed.
    func writeFrame(_ frame: OutgoingFrame) {
        var buffer = allocator.buffer(capacity: frame.byteCount)
        buffer.writeFrame(frame)
        write(buffer, promise: nil)
    }
}

/// A few buffers for frames, used in turns: what the system has taken is filled again.
struct FrameBuffers {
    private var buffers: [ByteBuffer] = []
    private var next = 0
    private static let count = 4
    private static let maxBytes = 1 << 20

    /// Writes a frame, not flushed.
    mutating func write(_ frame: OutgoingFrame, to channel: any Channel) {
        guard frame.byteCount <= Self.maxBytes else { return channel.writeFrame(frame) }
        if buffers.count < Self.count {
            var buffer = channel.allocator.buffer(capacity: frame.byteCount)
            buffer.writeFrame(frame)
            buffers.append(buffer)
            channel.write(buffer, promise: nil)
            return
        }
        // Where the channel still holds it, this takes a new one.
        buffers[next].clear(minimumCapacity: frame.byteCount)
        buffers[next].writeFrame(frame)
        channel.write(buffers[next], promise: nil)
        next = (next + 1) % Self.count
    }

    /// Gives the memory back.
    mutating func forget() { self = FrameBuffers() }
}
