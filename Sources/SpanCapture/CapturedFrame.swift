import ProtoWire
import SpanModel
import SpanSession

/// One frame of a captured session.
public struct CapturedFrame: Sendable {
    /// Content of a frame.
    public enum Content: Sendable {
        /// A whole message.
        case message(CapturedMessage)
        /// A payload compressed by a method that the capture does not state; it is not looked into.
        case compressed
        /// A whole frame whose payload is not a message of its kind.
        case malformed(CaptureError)
        /// A payload in which the input ends; for a batch, with the spans that are whole.
        case cut(CapturedMessage?)
    }

    /// Head of the frame.
    public var head: FrameHead
    /// Offset of the head in the input, in bytes.
    public var offset: Int
    /// Content of the frame.
    public var content: Content

    /// Message of the frame; `nil` when there is none.
    public var message: CapturedMessage? {
        switch content {
        case .message(let message): message
        case .cut(let message): message
        case .compressed, .malformed: nil
        }
    }
}

/// Reader of the frames of captured bytes, one after the other.
struct FrameScan {
    private(set) var frames: [CapturedFrame] = []
    /// First fault; `nil` when there is none.
    private(set) var fault: CaptureError?
    /// `true` when the only fault is that the input ends too early.
    private(set) var isCut = false

    /// Facts that a reader should know although the frames are valid, each with the offset of its frame.
    private(set) var notes: [String] = []

    /// `true` when all frames are whole and hold messages of their kinds, or compressed ones.
    var isComplete: Bool { fault == nil && !frames.isEmpty }

    /// Reads the frames.
    ///
    /// - Parameter stopsAtFault: `true` to stop at the first frame that is not in order, for detection.
    init(_ input: [UInt8], limits: WireLimits, stopsAtFault: Bool = false) {
        let bytes = input.rawSpan
        var offset = 0
        while offset < bytes.byteCount {
            if stopsAtFault && fault != nil { return }
            let rest = bytes.extracting(offset..<bytes.byteCount)
            // The first byte alone tells an unknown kind from a head that is not whole.
            let kind = FrameKind(rawValue: bytes.byte(at: offset))
            guard let type = MessageType(kind) else {
                note(
                    CaptureError(
                        .unknownFrameKind, "a frame of kind \(kind.rawValue), known are 1 to 8", offset: offset))
                return
            }
            guard let head = FrameHead(rest) else {
                cut(CaptureError(.truncated, "the input ends inside a frame's head", offset: offset))
                return
            }
            let start = offset + FrameHead.byteCount
            guard Int(head.length) <= limits.maxPayloadBytes else {
                note(
                    CaptureError(
                        .payloadTooLarge,
                        "a frame of \(head.length.counted("byte")), the limit is \(limits.maxPayloadBytes)",
                        offset: offset))
                return
            }
            guard Int(head.length) <= bytes.byteCount - start else {
                let payload = bytes.extracting(start..<bytes.byteCount)
                let signal = head.isCompressed ? nil : SignalScan(payload)
                if let other = signal?.fault(at: start) {
                    note(other)
                    frames.append(CapturedFrame(head: head, offset: offset, content: .malformed(other)))
                    return
                }
                if type == .batch, let signal { add(signal.notes(isCut: true), offset) }
                let part = head.isCompressed ? nil : CutMessage(payload, type, limits)
                cut(
                    CaptureError(
                        .truncated,
                        "a frame of \(head.length.counted("byte")) of which \(payload.byteCount) are there",
                        offset: offset, path: part?.path ?? ""))
                frames.append(CapturedFrame(head: head, offset: offset, content: .cut(part?.message)))
                return
            }
            let end = start + Int(head.length)
            frames.append(
                CapturedFrame(head: head, offset: offset, content: read(input, start..<end, head, type, limits)))
            offset = end
        }
    }

    private mutating func read(
        _ input: [UInt8], _ range: Range<Int>, _ head: FrameHead, _ type: MessageType, _ limits: WireLimits
    ) -> CapturedFrame.Content {
        if head.isCompressed {
            guard !head.kind.isCompressible else { return .compressed }
            let error = CaptureError(
                .unknownFrameKind, "a \(head.kind) is never compressed", offset: range.lowerBound - 5)
            note(error)
            return .malformed(error)
        }
        let signal = SignalScan(input.rawSpan.extracting(range))
        if let error = signal.fault(at: range.lowerBound) {
            note(error)
            return .malformed(error)
        }
        if type == .batch { add(signal.notes(), range.lowerBound - FrameHead.byteCount) }
        do throws(WireError) {
            return .message(try CapturedMessage(type, input, range, limits: limits))
        } catch {
            let located = CaptureError(error, at: range.lowerBound)
            note(located)
            return .malformed(located)
        }
    }

    private mutating func add(_ words: [String], _ offset: Int) {
        notes += words.map { "in the frame at byte \(offset): \($0)" }
    }

    private mutating func note(_ error: CaptureError) {
        if fault == nil { fault = error }
        isCut = false
    }

    private mutating func cut(_ error: CaptureError) {
        isCut = fault == nil
        if fault == nil { fault = error }
    }
}

extension RawSpan {
    /// Returns the byte at an offset within bounds.
    func byte(at position: Int) -> UInt8 {
        // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt8.
        unsafe unsafeLoad(fromByteOffset: position, as: UInt8.self)
    }
}
