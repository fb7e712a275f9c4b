import ProtoWire

/// Cuts a stream of bytes, coming in any pieces, into frames.
///
/// ```swift
/// decoder.append(bytes)
/// while let head = try decoder.nextFrame() { handle(head, decoder.payload) }
/// ```
///
/// ```
///  [ used up | frame at hand | bytes of later frames )
///  0         payloadStart    cursor                  buffer.count
/// ```
///
/// The buffer holds what has arrived and is not used up, never more: a length is checked as soon as its head is there, and
/// nothing is set aside for bytes that have not come. O(1) work per frame besides copying each byte in once; the bytes
/// that are used up are dropped when no whole frame is left, at most as many being moved as are dropped.
public struct FrameDecoder: Sendable {
    /// The largest payload of a `Batch` that passes.
    public var maxBatchBytes: Int
    /// The largest payload of any other frame that passes.
    public var maxControlBytes: Int
    /// Whether a compressed bit passes, on kinds that may have one.
    public var allowsCompressed = false
    /// How many frames `nextFrame` has returned.
    public private(set) var frameCount = 0

    private var buffer: [UInt8] = []
    private var cursor = 0
    private var payloadStart = 0

    /// Above this, an emptied buffer is given back rather than kept.
    private static let keptCapacity = 256 << 10

    /// - Parameters:
    ///   - maxBatchBytes: the largest payload of a `Batch` that passes.
    ///   - maxControlBytes: the largest payload of any other frame that passes; with a smaller `maxBatchBytes`, that.
    public init(maxBatchBytes: Int, maxControlBytes: Int = FrameDecoder.controlLimit) {
        self.maxBatchBytes = maxBatchBytes
        self.maxControlBytes = min(maxControlBytes, maxBatchBytes)
    }

    /// What a frame other than `Batch` may hold: 64 KiB.
    public static let controlLimit = 64 << 10

    /// Adds bytes as they came.
    public mutating func append(_ bytes: borrowing RawSpan) { buffer.append(copying: bytes) }

    /// The head of the next frame when all of it has arrived; `payload` then has its payload until the next call of any
    /// mutating method. `nil` when bytes are missing.
    ///
    /// - Throws: `unknown_kind`, `unexpected_compression`, `frame_too_large`, as soon as the head is there. The stream
    ///   cannot be read on after that.
    public mutating func nextFrame() throws(SessionError) -> FrameHead? {
        guard let head = FrameHead(buffer.rawSpan.extracting(droppingFirst: cursor)) else {
            discardUsed()
            return nil
        }
        try check(head)
        let end = cursor + FrameHead.byteCount + Int(head.length)
        guard end <= buffer.count else {
            discardUsed()
            return nil
        }
        payloadStart = cursor + FrameHead.byteCount
        cursor = end
        frameCount += 1
        return head
    }

    /// The payload of the frame returned last, in place.
    public var payload: RawSpan {
        @_lifetime(borrow self)
        borrowing get { buffer.rawSpan.extracting(payloadStart..<cursor) }
    }

    /// Whether a frame has begun to arrive and is not complete.
    public var isInsideFrame: Bool { cursor < buffer.count }

    /// Bytes that are held.
    public var bufferedBytes: Int { buffer.count }

    /// Forgets all bytes and gives the memory back.
    public mutating func reset() {
        buffer = []
        cursor = 0
        payloadStart = 0
    }

    private func check(_ head: FrameHead) throws(SessionError) {
        let number = frameCount + 1
        guard head.kind.isKnown else {
            throw SessionError(.unknownKind, "\(head.kind) is no frame of version 1", frameNumber: number)
        }
        guard !head.isCompressed || allowsCompressed && head.kind.isCompressible else {
            throw SessionError(
                .unexpectedCompression, "the compressed bit on \(head.kind) was not agreed", frameNumber: number)
        }
        let limit = head.kind == .batch ? maxBatchBytes : maxControlBytes
        guard Int(head.length) <= limit else {
            throw SessionError(
                .frameTooLarge, "\(head.kind) of \(head.length) bytes, the limit is \(limit)", frameNumber: number)
        }
    }

    private mutating func discardUsed() {
        payloadStart = cursor
        guard cursor > 0 else { return }
        if cursor == buffer.count {
            if buffer.capacity > FrameDecoder.keptCapacity {
                buffer = []
            } else {
                buffer.removeAll(keepingCapacity: true)
            }
        } else if cursor >= buffer.count - cursor {
            buffer.removeSubrange(..<cursor)
        } else {
            return
        }
        cursor = 0
        payloadStart = 0
    }
}
