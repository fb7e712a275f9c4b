import NIOCore
import ProtoWire
import SpanSession
import SpanTransport
import Testing

extension SpanServerConfiguration {
    /// A server that gives peers which are tests all the time they need: where tests are many and cores few, minutes may
    /// pass between two lines of one.
    static var patient: SpanServerConfiguration {
        var configuration = SpanServerConfiguration(port: 0)
        configuration.session.timing.handshake = .seconds(300)
        configuration.session.timing.silence = .seconds(300)
        return configuration
    }
}

/// What a server says, frame by frame.
final class FrameReader: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    // Used on the event loop alone.
    private var decoder = FrameDecoder(maxBatchBytes: 1 << 20)
    private let frames: AsyncStream<(kind: FrameKind, payload: [UInt8])>
    private let frame: AsyncStream<(kind: FrameKind, payload: [UInt8])>.Continuation

    init() { (frames, frame) = AsyncStream.makeStream() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        decoder.append(bytes.readableBytesSpan)
        while let head = try? decoder.nextFrame() { frame.yield((head.kind, [UInt8](copying: decoder.payload))) }
    }

    func channelInactive(context: ChannelHandlerContext) { frame.finish() }

    /// The next frame; an empty one of no kind when the connection ends.
    func first() async -> (kind: FrameKind, payload: [UInt8]) {
        for await frame in frames { return frame }
        return (FrameKind(rawValue: 0), [])
    }

    /// The payload of the next frame of that kind; others are passed over. Empty when the connection ends.
    func next(_ kind: FrameKind) async -> [UInt8] {
        for await frame in frames where frame.kind == kind { return frame.payload }
        Issue.record("the connection ended before \(kind)")
        return []
    }
}
