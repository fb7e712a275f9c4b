import ProtoWire

/// Cuts a stream of bytes, coming in any pieces, into frames.
///
/// ```swift
/// decoder.append(bytes)
/// while let head = try decoder.nextFrame() { handle(head, decoder.payload) }
/// ```
///
/// ```
///  buffer    [ used up | frame at hand | bytes of later frames )
///            0         payloadStart    cursor                  buffer.count
///  gathered  [ payload of a frame that arrives in several pieces )
/// ```
///
/// It holds what has arrived and is not used up, never more: a length is checked as soon as its head is there, and of
/// the memory for a payload no more is set aside than four times what has come of it. O(1) work per frame besides
/// copying each byte in once; the bytes that are used up are dropped when no whole frame is left, at most as many being
/// moved as are dropped. A larger payload is gathered on its own, so that `takePayload` need not copy it.
///
/// A frame with the compressed bit is returned as it came; `decompress` puts what it holds in the payload's place.
public struct FrameDecoder: Sendable {
    /// The largest payload of a `Batch` that passes.
    public var maxBatchBytes: Int
    /// The largest payload of any other frame that passes; with a smaller `maxBatchBytes`, that.
    public var maxControlBytes: Int
    /// Whether a compressed bit passes, on kinds that may have one.
    public var allowsCompressed = false
    /// The number of frames that `nextFrame` has returned.
    public private(set) var frameCount = 0

    private var buffer: [UInt8] = []
    private var cursor = 0
    private var payloadStart = 0
    /// The head of the frame whose payload is being gathered. Until it is complete the buffer is empty.
    private var gathering: FrameHead?
    private var gathered: [UInt8] = []
    /// The frame at hand was gathered.
    private var isAtHandGathered = false
    /// The number of bytes in `decompressed` that are the payload of the frame at hand; `nil` where it was not
    /// decompressed.
    private var decompressedCount: Int?
    private var decompressed: [UInt8] = []

    /// Payloads of at least so many bytes are gathered, unless they are there at once.
    private static let leastGathered = 1024

    /// Above this, an emptied buffer is given back at once; below, when the peer falls silent.
    private static let keptCapacity = 1 << 20

    /// - Parameters:
    ///   - maxBatchBytes: the largest payload of a `Batch` that passes.
    ///   - maxControlBytes: the largest payload of any other frame that passes; with a smaller `maxBatchBytes`, that.
    public init(maxBatchBytes: Int, maxControlBytes: Int = FrameDecoder.controlLimit) {
        self.maxBatchBytes = maxBatchBytes
        self.maxControlBytes = maxControlBytes
    }

    /// The most payload bytes of a frame other than `Batch`: 64 KiB.
    public static let controlLimit = 64 << 10

    /// Adds bytes as they came.
    public mutating func append(_ bytes: borrowing RawSpan) {
        var taken = 0
        if let gathering {
            taken = min(Int(gathering.length) - gathered.count, bytes.byteCount)
            gather(bytes.extracting(0..<taken), of: gathering)
        }
        if taken < bytes.byteCount { buffer.append(copying: bytes.extracting(taken..<bytes.byteCount)) }
    }

    private mutating func gather(_ bytes: RawSpan, of head: FrameHead) {
        let count = gathered.count + bytes.byteCount
        if gathered.capacity < count { gathered.reserveCapacity(min(Int(head.length), 4 * count)) }
        gathered.append(copying: bytes)
    }

    /// The head of the next frame when all of it has arrived; `payload` then has its payload until the next call of any
    /// mutating method. `nil` when bytes are missing.
    ///
    /// - Throws: `unknown_kind`, `unexpected_compression`, `frame_too_large`, as soon as the head is there. The stream
    ///   cannot be read on after that.
    public mutating func nextFrame() throws(SessionError) -> FrameHead? {
        decompressedCount = nil
        forgetGathered()
        if let head = gathering {
            guard gathered.count == Int(head.length) else { return nil }
            gathering = nil
            isAtHandGathered = true
            frameCount += 1
            return head
        }
        guard let head = FrameHead(buffer.rawSpan.extracting(droppingFirst: cursor)) else {
            discardUsed()
            return nil
        }
        try check(head)
        let end = cursor + FrameHead.byteCount + Int(head.length)
        guard end <= buffer.count else {
            beginGathering(head)
            discardUsed()
            return nil
        }
        payloadStart = cursor + FrameHead.byteCount
        cursor = end
        frameCount += 1
        return head
    }

    /// The rest of the payload goes where it can be taken from.
    private mutating func beginGathering(_ head: FrameHead) {
        guard Int(head.length) >= Self.leastGathered else { return }
        gathering = head
        // Out of `self`, whose other bytes are written meanwhile.
        var arrived: [UInt8] = []
        swap(&arrived, &buffer)
        gather(arrived.rawSpan.extracting(droppingFirst: cursor + FrameHead.byteCount), of: head)
        swap(&arrived, &buffer)
        cursor = buffer.count
    }

    /// The frame at hand is done with.
    private mutating func forgetGathered() {
        guard isAtHandGathered else { return }
        isAtHandGathered = false
        if gathered.capacity > FrameDecoder.keptCapacity {
            gathered = []
        } else {
            gathered.removeAll(keepingCapacity: true)
        }
    }

    /// The payload of the frame returned last, in place; decompressed, if `decompress` was called.
    public var payload: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            if let decompressedCount { return decompressed.rawSpan.extracting(0..<decompressedCount) }
            return isAtHandGathered ? gathered.rawSpan : buffer.rawSpan.extracting(payloadStart..<cursor)
        }
    }

    /// Takes the payload of the frame returned last out, without copying it where that can be; `payload` is not to be
    /// asked for any more.
    ///
    /// - Parameter count: how many of its bytes from the first on.
    mutating func takePayload(first count: Int) -> [UInt8] {
        guard decompressedCount != nil || isAtHandGathered else {
            return [UInt8](copying: payload.extracting(first: count))
        }
        var bytes: [UInt8] = []
        if decompressedCount != nil {
            swap(&bytes, &decompressed)
            decompressedCount = 0
        } else {
            swap(&bytes, &gathered)
        }
        bytes.removeLast(bytes.count - count)
        // What is held for long must not take much more than it has.
        return bytes.capacity - count > count / 8 + 1024 ? [UInt8](copying: bytes.rawSpan) : bytes
    }

    /// Decompresses the payload of the frame returned last; the limit for its kind holds for what comes out too.
    ///
    /// - Throws: `frame_too_large`, `malformed_compression`. The stream cannot be read on after that.
    mutating func decompress(_ head: FrameHead, with decompressor: any FrameDecompressor) throws(SessionError) {
        let maxBytes = limit(for: head.kind)
        // Out of `self`, whose bytes are read meanwhile.
        var output: [UInt8] = []
        swap(&output, &decompressed)
        do throws(DecompressionError) {
            let count = try decompressor.decompress(payload, into: &output, maxBytes: maxBytes)
            decompressed = output
            decompressedCount = count
        } catch {
            throw SessionError(
                error.isTooLarge ? .frameTooLarge : .malformedCompression,
                "\(head.kind) of \(head.length) compressed bytes \(error.message)", frameNumber: frameCount)
        }
    }

    /// Gives the memory of decompressed payloads back; to be called when no frame is left to be read for now.
    mutating func forgetDecompressed() {
        decompressedCount = nil
        decompressed = []
    }

    /// Gives the memory of an empty buffer back that is larger than `bytes`.
    mutating func trim(keeping bytes: Int) {
        if gathered.isEmpty, buffer.capacity + gathered.capacity > bytes { gathered = [] }
        if buffer.isEmpty, buffer.capacity + gathered.capacity > bytes { buffer = [] }
    }

    /// Whether a frame has begun to arrive and is not complete.
    public var isInsideFrame: Bool { gathering != nil || cursor < buffer.count }

    /// The payload bytes that the frame that has begun is to have; 0 while its head is not there, and for one of less
    /// than 1 KiB.
    package var announcedBytes: Int { gathering.map { Int($0.length) } ?? 0 }

    /// The part of `announcedBytes` that has not come.
    package var missingBytes: Int { gathering.map { Int($0.length) - gathered.count } ?? 0 }

    /// The bytes that have arrived and are held.
    public var bufferedBytes: Int { buffer.count + gathered.count }

    /// The memory that the held bytes take: an array that grows has more than it needs.
    var heldCapacity: Int { (buffer.isEmpty ? 0 : buffer.capacity) + (gathered.isEmpty ? 0 : gathered.capacity) }

    /// Forgets all bytes and gives the memory back.
    public mutating func reset() {
        buffer = []
        cursor = 0
        payloadStart = 0
        gathering = nil
        gathered = []
        isAtHandGathered = false
        forgetDecompressed()
    }

    private func limit(for kind: FrameKind) -> Int {
        kind == .batch ? maxBatchBytes : min(maxControlBytes, maxBatchBytes)
    }

    private func check(_ head: FrameHead) throws(SessionError) {
        let number = frameCount + 1
        guard head.kind.isKnown else {
            var message = "\(head.kind) is no frame of version 1"
            if number == 1, let words = head.tlsWords { message += "; \(words)" }
            throw SessionError(.unknownKind, message, frameNumber: number)
        }
        guard !head.isCompressed || allowsCompressed && head.kind.isCompressible else {
            throw SessionError(
                .unexpectedCompression, "the compressed bit on \(head.kind) was not agreed", frameNumber: number)
        }
        let limit = limit(for: head.kind)
        guard Int(head.length) <= limit else {
            throw SessionError(
                .frameTooLarge, "\(head.kind) of \(head.length.counted("byte")), the limit is \(limit)",
                frameNumber: number)
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
