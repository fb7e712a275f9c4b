import NIOCore
import ProtoWire
import SpanSession

extension SessionInstant {
    /// The moment that NIO's monotonic clock shows.
    package static func now() -> SessionInstant { SessionInstant(nanoseconds: NIODeadline.now().uptimeNanoseconds) }

    var deadline: NIODeadline { .uptimeNanoseconds(nanoseconds) }
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

/// Buffers for frames, used again once the system has taken what is in them.
struct FrameBuffers {
    private var small: [ByteBuffer?] = Array(repeating: nil, count: smallCount)
    private var next = 0
    private var large: ByteBuffer?
    private static let smallCount = 4
    private static let leastLarge = 64 << 10
    private static let maxBytes = 1 << 20

    /// Writes a frame, not flushed.
    ///
    /// - Returns: whether to flush before the next one, for it is large: mostly the system takes all of it, and the
    ///   next one goes into the same memory, which is still in the processor's cache. Not done here, for a flush that
    ///   fails closes the channel, and whoever hears of it may come back to these buffers.
    mutating func write(_ frame: OutgoingFrame, to channel: any Channel) -> Bool {
        guard frame.byteCount <= Self.maxBytes else {
            channel.writeFrame(frame)
            return true
        }
        if frame.byteCount >= Self.leastLarge {
            Self.write(frame, to: channel, through: &large)
            return true
        } else {
            Self.write(frame, to: channel, through: &small[next])
            next = (next + 1) % Self.smallCount
            return false
        }
    }

    /// Writes through a buffer; where the channel still holds that, through a new one.
    private static func write(_ frame: OutgoingFrame, to channel: any Channel, through buffer: inout ByteBuffer?) {
        if buffer == nil {
            buffer = channel.allocator.buffer(capacity: frame.byteCount)
        } else {
            buffer?.clear(minimumCapacity: frame.byteCount)
        }
        buffer?.writeFrame(frame)
        if let buffer { channel.write(buffer, promise: nil) }
    }

    /// Gives the memory back.
    mutating func forget() { self = FrameBuffers() }
}
