import LogRecording
import Foundation
import NIOCore
import NIOPosix
import SpanModel
import SpanSession
import Testing

@testable import SpanTransport

/// What is done to a connection before it is used.
@Suite(.timeLimit(.minutes(5))) struct ConnectionSetUpTests {
    /// What no system does for everybody.
    struct Refusal: Error, CustomStringConvertible {
        var description: String { "this system refuses" }
    }

    struct RefusingLayer: ServerSecurityLayer {
        var exposures: [String] { [] }
        func addHandlers(to channel: any Channel) throws { throw Refusal() }
        func words(for error: any Error, on channel: any Channel) -> String? { nil }
        func reload(_ occasion: ReloadOccasion) -> ReloadOutcome { .unchanged }
    }

    /// Whether small writes go out at once, and whether an option of the socket's own level was set in place of that: number
    /// 1 of TCP is "no delay", number 1 of the socket is "debug", which only root may set.
    static func options(of channel: any Channel) async throws -> (noDelay: Int, debug: Int) {
        (
            try await channel.getOption(.tcpOption(.tcp_nodelay)),
            try await channel.getOption(.socketOption(NIOBSDSocket.Option(rawValue: SO_DEBUG)))
        )
    }

    @Test func `both ends of a TCP connection send at once, and neither asks for what only root may have`() async throws
    {
        let log = RecordedLog()
        let server = AdmissionTests.server(log) { _ in }
        let port = try await server.start()
        let connector = ClientConnector(
            configuration: SpanClientConfiguration(port: port), token: "", logger: log.logger)
        let link = try await connector.connect(on: MultiThreadedEventLoopGroup.singleton.next()) { _ in }.get()
        let client = try await Self.options(of: link.channel)
        #expect(client.noDelay != 0 && client.debug == 0)
        try await AdmissionTests.say(Hello(senderID: .random()), on: link.channel)
        // Accepted a moment after the sender's own connect has succeeded.
        while server.connectionCount == 0 { await Task.yield() }
        let accepted = try #require(server.directory.all().first).channel
        let collector = try await Self.options(of: accepted)
        #expect(collector.noDelay != 0 && collector.debug == 0)
        try await link.channel.close().get()
        await server.shutdown(within: .seconds(5))
    }

    @Test
    func `a connection that cannot be set up is in the log with the reason, now and then, and its place is free again`()
        async throws
    {
        let log = RecordedLog()
        let server = AdmissionTests.server(log) {
            $0.security = ServerSecurity(RefusingLayer())
            // A place is free a moment after the sender has seen its connection closed.
            $0.maxConnections = 8
        }
        let port = try await server.start()
        for _ in 0..<40 {
            let (channel, _) = try await AdmissionTests.connect(port)
            // Closed by the server.
            try await channel.closeFuture.get()
        }
        await log.line(with: "cannot set up a connection")
        let lines = log.lines.filter { $0.contains("cannot set up a connection") }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("this system refuses") == true, "\(lines)")
        #expect(!log.contains("no room for a connection"), "\(log.lines)")
        await server.shutdown(within: .seconds(5))
    }
}
