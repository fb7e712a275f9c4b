import ProtoWire

/// A frame to be written: head, payload and trailer, in this order, so that a batch's payload is never copied to be framed.
public struct OutgoingFrame: Sendable, Hashable {
    /// Kind, compressed bit and length.
    public var head: FrameHead
    /// The payload's first part. Of a `Batch`: the spans, as they were encoded once. Compressed: all of the payload.
    public var payload: [UInt8]
    /// The payload's second part. Of a `Batch`: the transport's own fields; else empty.
    public var trailer: [UInt8]

    /// - Parameters:
    ///   - payload: together with `trailer` at most 2^32 - 1 bytes, which the machines see to.
    package init(_ kind: FrameKind, payload: [UInt8], trailer: [UInt8] = [], isCompressed: Bool = false) {
        head = FrameHead(
            kind, length: UInt32(clamping: payload.count + trailer.count), isCompressed: isCompressed)
        self.payload = payload
        self.trailer = trailer
    }

    /// Makes a frame of a message, encoded here.
    package init(_ kind: FrameKind, _ message: some WireMessage) {
        self.init(kind, payload: message.encoded())
    }

    /// All bytes of the frame, head included.
    public var byteCount: Int { FrameHead.byteCount + payload.count + trailer.count }

    /// Adds the frame at the end of `bytes`.
    public func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: head.bytes)
        bytes.append(contentsOf: payload)
        bytes.append(contentsOf: trailer)
    }

    /// All bytes of the frame in one array. Copies.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        append(to: &bytes)
        return bytes
    }
}
