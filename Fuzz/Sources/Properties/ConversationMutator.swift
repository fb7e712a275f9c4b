import ProtoWire
import SpanModel
import SpanSession

/// Changes an input of `SessionProperties.hold` frame by frame: frames are removed, repeated, moved, cut, given another kind
/// or another length, and their messages changed as trees. Compressed payloads are changed inside, and compressed again as
/// the changed greeting agrees on, or outside, as damage would.
public struct ConversationMutator<Generator: RandomNumberGenerator> {
    public var messages: MessageMutator<Generator>

    public init(messages: MessageMutator<Generator>) { self.messages = messages }

    private struct Frame {
        var firstByte: UInt8
        var payload: [UInt8]
        /// Whether the payload is plain and is to be compressed before it is written.
        var isUnpacked = false
        /// What the head says, when it is not the truth.
        var length: UInt32?

        var kind: FrameKind { FrameKind(rawValue: firstByte) }
        var isCompressed: Bool { firstByte & 0x80 != 0 }
    }

    /// One change.
    public mutating func mutate(_ input: [UInt8]) -> [UInt8] {
        var control = input.first ?? 0
        var (frames, rest) = Self.frames(of: Array(input.dropFirst()))
        if below(4) > 0 { Self.unpack(&frames) }
        if let index = frames.indices.randomElement(using: &messages.generator) {
            switch below(16) {
            case 0: frames.remove(at: index)
            case 1: frames.insert(frames[index], at: below(frames.count + 1))
            case 2: frames.swapAt(index, below(frames.count))
            case 3: control = UInt8(below(256))
            case 4: frames[index].firstByte = UInt8(below(12)) | (below(4) == 0 ? 0x80 : 0)
            case 5: pack(&frames[index])
            case 6: frames[index].length = otherLength(frames[index].payload.count)
            case 7: frames[index].payload.removeLast(below(frames[index].payload.count + 1))
            case 8 where frames[index].isUnpacked:
                // A bomb, or at least a cracker.
                frames[index].payload += [UInt8](repeating: UInt8(below(3)), count: 1 << (6 + below(14)))
            default: change(&frames[index])
            }
        } else {
            messages.changeBytes(&rest)
        }
        let payloads = Payloads(frames.first.map { Payloads.agreed($0.kind, $0.payload) } ?? .identity)
        return [control] + frames.flatMap { Self.bytes($0, payloads) } + rest
    }

    private mutating func change(_ frame: inout Frame) {
        if let schema = Self.schema(of: frame.kind), frame.isUnpacked || !frame.isCompressed {
            frame.payload = messages.mutate(frame.payload, schema: schema)
        } else {
            messages.changeBytes(&frame.payload)
        }
    }

    /// Sets or clears the compressed bit, in truth.
    private func pack(_ frame: inout Frame) {
        guard frame.isUnpacked || !frame.isCompressed else { return }
        frame.firstByte ^= 0x80
        frame.isUnpacked = frame.isCompressed
    }

    private mutating func otherLength(_ count: Int) -> UInt32 {
        switch below(4) {
        case 0: UInt32(clamping: count + 1 + below(9))
        case 1: UInt32(clamping: max(count - 1 - below(9), 0))
        case 2: UInt32(1) << below(32)
        default: .max
        }
    }

    private static func frames(of bytes: [UInt8]) -> (frames: [Frame], rest: [UInt8]) {
        var frames: [Frame] = []
        var rest = bytes[...]
        while let head = FrameHead(Array(rest.prefix(FrameHead.byteCount)).rawSpan),
            Int(head.length) <= rest.count - FrameHead.byteCount, let firstByte = rest.first
        {
            let payload = rest.dropFirst(FrameHead.byteCount).prefix(Int(head.length))
            frames.append(Frame(firstByte: firstByte, payload: Array(payload)))
            rest = rest.dropFirst(FrameHead.byteCount + payload.count)
        }
        return (frames, Array(rest))
    }

    /// Decompresses what can be.
    private static func unpack(_ frames: inout [Frame]) {
        guard let first = frames.first else { return }
        let payloads = Payloads(Payloads.agreed(first.kind, first.payload))
        for index in frames.indices where frames[index].isCompressed && frames[index].kind.isCompressible {
            guard let plain = payloads.decompressed(frames[index].payload) else { return }
            frames[index].payload = plain
            frames[index].isUnpacked = true
        }
    }

    private static func bytes(_ frame: Frame, _ payloads: Payloads) -> [UInt8] {
        var frame = frame
        if frame.isUnpacked {
            if let compressed = payloads.compressed(frame.payload) {
                frame.payload = compressed
            } else {
                frame.firstByte &= 0x7F
            }
        }
        let head = FrameHead(frame.kind, length: frame.length ?? UInt32(frame.payload.count))
        return [frame.firstByte] + head.bytes.dropFirst() + frame.payload
    }

    private static func schema(of kind: FrameKind) -> MessageSchema? {
        switch kind {
        case .hello: Hello.schema
        case .welcome: Welcome.schema
        case .batch: Batch.schema
        case .ack: Ack.schema
        case .ping: Ping.schema
        case .pong: Pong.schema
        case .goAway: GoAway.schema
        default: nil
        }
    }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &messages.generator) }
}
