import NIOCore
import SpanSession

/// Tells a sender for which there is no room that it may come back, and closes.
///
/// It reads, and throws away, what the sender says: bytes that lie unread make TCP reset the connection, and the words
/// may be lost with it. After a second it closes in any case.
final class TurnedAwayConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let goAway: GoAway
    private var closing: Scheduled<Void>?

    init(_ goAway: GoAway) { self.goAway = goAway }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        channel.writeFrame(OutgoingFrame(.goAway, goAway))
        channel.flush()
        channel.close(mode: .output, promise: nil)
        closing = channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        closing?.cancel()
        closing = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
