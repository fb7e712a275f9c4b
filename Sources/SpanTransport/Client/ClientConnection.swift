import NIOCore
import SpanSession

/// Passes what one connection brings to the client's driver.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let driver: ClientDriver
    private let number: ClientConnectionID

    init(driver: ClientDriver, number: ClientConnectionID) {
        self.driver = driver
        self.number = number
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        driver.received(unwrapInboundIn(data), on: number)
    }

    func channelInactive(context: ChannelHandlerContext) {
        driver.closed(number)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        driver.failed(error, on: number, context.channel)
        context.close(promise: nil)
    }
}
