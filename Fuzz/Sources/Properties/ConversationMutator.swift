import ProtoWire
import SpanModel
import SpanSession

/// Changes an input of `SessionProperties.hold` frame by frame: frames are removed, repeated, moved, and their messages
/// changed as trees.
public struct ConversationMutator<Generator: RandomNumberGenerator> {
    public var messages: MessageMutator<Generator>

    public init(messages: MessageMutator<Generator>) { self.messages = messages }

    private struct Frame {
        var firstByte: UInt8
        var payload: [UInt8]
    }

    /// One change.
    public mutating func mutate(_ input: [UInt8]) -> [UInt8] {
        var control = input.first ?? 0
        var (frames, rest) = Self.frames(of: Array(input.dropFirst()))
        if let index = frames.indices.randomElement(using: &messages.generator) {
            switch below(10) {
            case 0: frames.remove(at: index)
            case 1: frames.insert(frames[index], at: below(frames.count + 1))
            case 2: frames.swapAt(index, below(frames.count))
            case 3: control = UInt8(below(256))
            case 4: frames[index].firstByte = UInt8(below(12)) | (below(8) == 0 ? 0x80 : 0)
            default:
                let kind = FrameKind(rawValue: frames[index].firstByte)
                if let schema = Self.schema(of: kind) {
                    frames[index].payload = messages.mutate(frames[index].payload, schema: schema)
                } else {
                    messages.changeBytes(&frames[index].payload)
                }
            }
        } else {
            messages.changeBytes(&rest)
        }
        return [control] + frames.flatMap { Self.bytes($0) } + rest
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

    private static func bytes(_ frame: Frame) -> [UInt8] {
        let head = FrameHead(FrameKind(rawValue: frame.firstByte), length: UInt32(frame.payload.count))
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
