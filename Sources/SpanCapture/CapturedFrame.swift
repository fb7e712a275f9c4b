import ProtoWire
import SpanModel
import SpanSession

/// One frame of a captured session.
public struct CapturedFrame: Sendable {
    /// What stood in the frame.
    public enum Content: Sendable {
        case message(CapturedMessage)
        /// Compressed by a method that the capture does not tell; not looked into.
        case compressed
        /// A whole frame whose payload is no message of its kind.
        case malformed(CaptureError)
        /// The input ends inside the payload; of a batch, the spans that are whole.
        case cut(CapturedMessage?)
    }

    public var head: FrameHead
    /// Where the head starts: bytes from the start of the input.
    public var offset: Int
    public var content: Content

    /// The message, where there is one.
    public var message: CapturedMessage? {
        switch content {
        case .message(let message): message
        case .cut(let message): message
        case .compressed, .malformed: nil
        }
    }
}

/// The frames of captured bytes, one after the other.
struct FrameScan {
    private(set) var frames: [CapturedFrame] = []
    /// The first thing that is wrong.
    private(set) var fault: CaptureError?
    /// The only fault is that the input ends too early.
    private(set) var isCut = false

    /// What a reader should know although the frames are valid, each with the byte at which its frame starts.
    private(set) var notes: [String] = []

    /// All frames are whole and hold messages of their kinds, or compressed ones.
    var isComplete: Bool { fault == nil && !frames.isEmpty }

    /// - Parameter stopsAtFault: leave off at the first frame that is not in order, for detection.
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
    /// The byte at a position within bounds.
    func byte(at position: Int) -> UInt8 {
        // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt8.
        unsafe unsafeLoad(fromByteOffset: position, as: UInt8.self)
    }
}
