import LogRecording
import Foundation
import NIOCore
import NIOPosix
import ProtoWire
import SpanModel
import SpanSession
import Testing

@testable import SpanTransport

/// Who gets in: limits, times, tokens.
@Suite(.timeLimit(.minutes(5))) struct AdmissionTests {
    static func server(_ log: RecordedLog, _ change: (inout SpanServerConfiguration) -> Void) -> SpanServer {
        let sink = HoldingSink()
        sink.answerFromNowOn()
        var configuration = SpanServerConfiguration.patient
        change(&configuration)
        return SpanServer(configuration: configuration, sink: sink, logger: log.logger)
    }

    /// A connection that has said nothing yet.
    static func connect(_ port: Int) async throws -> (any Channel, FrameReader) {
        let answers = FrameReader()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { $0.pipeline.addHandler(answers) }
            .connect(host: "127.0.0.1", port: port).get()
        return (channel, answers)
    }

    static func say(_ hello: Hello, on channel: any Channel) async throws {
        var bytes: [UInt8] = []
        OutgoingFrame(.hello, hello).append(to: &bytes)
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    @Test func `over the limit a sender is told to come back, and gets in once another has gone`() async throws {
        let log = RecordedLog()
        let server = Self.server(log) { $0.maxConnections = 2 }
        let port = try await server.start()
        var open: [any Channel] = []
        for _ in 0..<2 {
            let (channel, answers) = try await Self.connect(port)
            try await Self.say(Hello(senderID: .random()), on: channel)
            _ = await answers.next(.welcome)
            open.append(channel)
        }
        let (third, words) = try await Self.connect(port)
        // May be closed already, which does not keep the words from arriving.
        try? await Self.say(Hello(senderID: .random()), on: third)
        let goAway = try GoAway(decoding: await words.next(.goAway))
        #expect(goAway.code == .overloaded)
        #expect((5000...10_000).contains(goAway.retryAfterMilliseconds))
        #expect(goAway.message.contains("all the connections that it may have (2)"))
        try await third.closeFuture.get()
        #expect(log.lines.filter { $0.contains("no room for a connection") }.count == 1)

        try await open[0].close().get()
        // The server hears of it a moment later.
        var isIn = false
        for _ in 0..<200 where !isIn {
            let (channel, answers) = try await Self.connect(port)
            try? await Self.say(Hello(senderID: .random()), on: channel)
            isIn = await answers.first().kind == .welcome
            if isIn { open[0] = channel } else { try? await channel.close().get() }
        }
        #expect(isIn)
        for channel in open { try? await channel.close().get() }
        await server.shutdown(within: .seconds(5))
    }

    @Test func `of two connections of a sender the one with the higher number is the sender's, whichever greets last`()
        async throws
    {
        let log = RecordedLog()
        let server = Self.server(log) { _ in }
        let port = try await server.start()
        let sender = SenderID.random()
        let (newer, newerAnswers) = try await Self.connect(port)
        try await Self.say(Hello(senderID: sender, connection: 8), on: newer)
        _ = await newerAnswers.next(.welcome)
        // Its Hello was on its way for longer than its sender had patience.
        let (older, olderAnswers) = try await Self.connect(port)
        try await Self.say(Hello(senderID: sender, connection: 7), on: older)
        let away = try GoAway(decoding: await olderAnswers.next(.goAway))
        #expect(away.code == .overloaded && away.retryAfterMilliseconds == 1000)
        #expect(newer.isActive)
        let (newest, newestAnswers) = try await Self.connect(port)
        try await Self.say(Hello(senderID: sender, connection: 9), on: newest)
        _ = await newestAnswers.next(.welcome)
        #expect(try GoAway(decoding: await newerAnswers.next(.goAway)).code == .protocolError)
        // Who does not say a number is the newer by coming later.
        let (unknown, unknownAnswers) = try await Self.connect(port)
        try await Self.say(Hello(senderID: sender), on: unknown)
        _ = await unknownAnswers.next(.welcome)
        for channel in [newer, older, newest, unknown] { try? await channel.close().get() }
        await server.shutdown(within: .seconds(5))
    }

    @Test func `connections that are not welcomed are bounded on their own, and a welcome makes room`() async throws {
        let log = RecordedLog()
        let server = Self.server(log) { $0.maxHandshakes = 1 }
        let port = try await server.start()
        let (silent, silentAnswers) = try await Self.connect(port)
        // Connections are set up on several threads: the second must not overtake the first.
        while server.connectionCount < 1 { await Task.yield() }
        let (second, words) = try await Self.connect(port)
        #expect(try GoAway(decoding: await words.next(.goAway)).message.contains("not welcomed yet"))
        try await second.closeFuture.get()
        try await Self.say(Hello(senderID: .random()), on: silent)
        _ = await silentAnswers.next(.welcome)
        let (third, answers) = try await Self.connect(port)
        try await Self.say(Hello(senderID: .random()), on: third)
        _ = await answers.next(.welcome)
        for channel in [silent, third] { try await channel.close().get() }
        await server.shutdown(within: .seconds(5))
    }

    @Test func `a sender that is told to come back delivers everything in the end`() async throws {
        let log = RecordedLog()
        let server = Self.server(log) {
            $0.maxConnections = 1
            $0.retryAfterOverload = .milliseconds(1)
        }
        let port = try await server.start()
        let (first, answers) = try await Self.connect(port)
        try await Self.say(Hello(senderID: .random()), on: first)
        _ = await answers.next(.welcome)
        let clientLog = RecordedLog()
        let client = try SpanClient(
            configuration: SpanClientConfiguration(
                port: port, backoff: BackoffPolicy(shortest: .milliseconds(5), longest: .milliseconds(20))),
            logger: clientLog.logger)
        client.start()
        client.reporter().report(SpanRecord(traceID: .random(), spanID: .random(), name: "op", startTimeUnixNano: 1))
        await clientLog.line(with: "all the connections that it may have")
        try await first.close().get()
        #expect(await client.shutdown(within: .seconds(30)).storedSpans == 1)
        await server.shutdown(within: .seconds(5))
    }

    @Test func `tokens are changed while senders are connected: the new opens, the old does not, who is in stays`()
        async throws
    {
        let folder = try ScratchFolder()
        let path = folder.path + "/tokens"
        try "first-token-of-ours\nsecond-token-of-ours\n".write(toFile: path, atomically: true, encoding: .utf8)
        let log = RecordedLog()
        let server = Self.server(log) {
            $0.tokenFile = path
            $0.reloadInterval = .milliseconds(20)
        }
        let port = try await server.start()
        func answer(_ token: String) async throws -> (FrameKind, any Channel, FrameReader) {
            let (channel, answers) = try await Self.connect(port)
            try await Self.say(Hello(senderID: .random(), bearerToken: token), on: channel)
            return (await answers.first().kind, channel, answers)
        }
        let (welcome, old, oldAnswers) = try await answer("first-token-of-ours")
        #expect(welcome == .welcome)
        #expect(try await answer("second-token-of-ours").0 == .welcome)
        #expect(try await answer("third-token-of-ours").0 == .goAway)
        #expect(try await answer("").0 == .goAway)

        try "second-token-of-ours\nthird-token-of-ours\n".write(toFile: path, atomically: true, encoding: .utf8)
        await log.line(with: "read the tokens anew")
        #expect(try await answer("third-token-of-ours").0 == .welcome)
        #expect(try await answer("second-token-of-ours").0 == .welcome)
        #expect(try await answer("first-token-of-ours").0 == .goAway)
        // The connection of the token that is gone goes on.
        var bytes: [UInt8] = []
        OutgoingFrame(.ping, Ping(token: 7)).append(to: &bytes)
        try await old.writeAndFlush(ByteBuffer(bytes: bytes)).get()
        #expect(try Pong(decoding: await oldAnswers.next(.pong)).token == 7)

        try Data().write(to: URL(fileURLWithPath: path))
        server.reload()
        #expect(log.contains("holds no token"))
        // A fault in any line leaves the whole list as it was.
        try "fourth-token-of-ours\nnot a token\n".write(toFile: path, atomically: true, encoding: .utf8)
        server.reload()
        #expect(log.contains("line 2 has blanks inside"), "\(log.lines)")
        #expect(!log.contains("fourth") && !log.contains("not a token"))
        #expect(try await answer("fourth-token-of-ours").0 == .goAway)
        #expect(try await answer("third-token-of-ours").0 == .welcome)
        await server.shutdown(within: .seconds(5))
        #expect(!log.contains("-token"), "\(log.lines)")
    }

    @Test func `a client shows the token that its file has when it connects`() async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/token"
        try "right-token-of-ours\n".write(toFile: path, atomically: true, encoding: .utf8)
        let log = RecordedLog()
        let server = Self.server(log) { $0.session.bearerTokens = ["right-token-of-ours"] }
        let port = try await server.start()
        var configuration = SpanClientConfiguration(port: port, bearerToken: "wrong-token-of-ours")
        configuration.tokenFile = path
        let client = try SpanClient(configuration: configuration, logger: log.logger)
        client.start()
        client.reporter().report(SpanRecord(traceID: .random(), spanID: .random(), name: "op", startTimeUnixNano: 1))
        #expect(await client.shutdown(within: .seconds(20)).storedSpans == 1)
        await server.shutdown(within: .seconds(5))
        #expect(!log.contains("-token"), "\(log.lines)")
    }

    @Test(
        arguments: [
            (.tcp(host: "127.0.0.1", port: 1), false, true), (.tcp(host: "localhost", port: 1), false, true),
            (.tcp(host: "::1", port: 1), false, true), (.unix(path: "/tmp/s"), false, true),
            (.tcp(host: "collector.example", port: 1), false, false),
            (.tcp(host: "127.0.0.1.example", port: 1), false, false),
            (.tcp(host: "collector.example", port: 1), true, true),
        ] as [(TransportAddress, Bool, Bool)])
    func `a token goes to this machine, or is allowed by name, or does not go`(
        address: TransportAddress, isAllowed: Bool, goes: Bool
    ) throws {
        var configuration = SpanClientConfiguration(address: address)
        configuration.bearerToken = "secret-token"
        configuration.allowsTokenInClear = isAllowed
        do {
            _ = try SpanClient(configuration: configuration, logger: SpanServerTests.logger)
            #expect(goes)
        } catch {
            #expect(!goes)
            #expect(error.message.contains("in the clear"))
            #expect(!error.message.contains("secret"))
        }
    }

    @Test func `a connection that says nothing is closed after the time of a handshake`() async throws {
        let log = RecordedLog()
        let server = Self.server(log) { $0.session.timing.handshake = .milliseconds(50) }
        let port = try await server.start()
        let (channel, _) = try await Self.connect(port)
        try await channel.closeFuture.get()
        #expect(log.contains("no Hello in 0.05 seconds"))
        await server.shutdown(within: .seconds(5))
    }

    @Test func `a token file of a sender holds one token, beside comments`() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/token"
        func words(_ text: String) throws -> String {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            var configuration = SpanClientConfiguration()
            configuration.tokenFile = path
            do throws(TransportError) { _ = try configuration.validate() } catch { return error.message }
            return "fine"
        }
        #expect(try words("# ours\n\nright-token-of-ours\n") == "fine")
        #expect(try words("right-token-of-ours\nother-token-of-ours\n").contains("holds 2 tokens"))
        #expect(try words("right-token-of-ours # ours\n").contains("line 1 has blanks inside"))
        #expect(try words("# ours\n").contains("holds no token"))
    }

    @Test func `a token that was read when the sender was made is shown though its file is gone, as that of a pipe is`()
        async throws
    {
        let folder = try ScratchFolder()
        let path = folder.path + "/token"
        try "right-token-of-ours\n".write(toFile: path, atomically: true, encoding: .utf8)
        let log = RecordedLog()
        let server = Self.server(log) { $0.session.bearerTokens = ["right-token-of-ours"] }
        var configuration = SpanClientConfiguration(port: try await server.start())
        configuration.tokenFile = path
        let client = try SpanClient(configuration: configuration, logger: log.logger)
        try FileManager.default.removeItem(atPath: path)
        client.start()
        client.reporter().report(SpanRecord(traceID: .random(), spanID: .random(), name: "op", startTimeUnixNano: 1))
        #expect(await client.shutdown(within: .seconds(20)).storedSpans == 1)
        #expect(log.contains("the last one stays in use"))
        await server.shutdown(within: .seconds(5))
    }

    @Test func `the faults of strangers do not keep those of senders out of the log`() async throws {
        let log = RecordedLog()
        let server = Self.server(log) { _ in }
        let port = try await server.start()
        // A frame that only a collector sends, from a stranger and from a sender that was let in.
        func fault(_ hello: Hello?) async throws {
            let (channel, answers) = try await Self.connect(port)
            if let hello {
                try await Self.say(hello, on: channel)
                _ = await answers.next(.welcome)
            }
            var bytes: [UInt8] = []
            OutgoingFrame(.goAway, GoAway(.overloaded, "")).append(to: &bytes)
            try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
            try await channel.closeFuture.get()
        }
        for _ in 0..<3 { try await fault(nil) }
        try await fault(Hello(senderID: .random()))
        let lines = log.lines.filter { $0.hasPrefix("notice connection ends by a fault") }
        #expect(lines.contains { $0.contains("before Hello") }, "\(lines)")
        #expect(lines.contains { $0.contains("after Welcome") }, "\(lines)")
        await server.shutdown(within: .seconds(5))
    }

    @Test func `a file with tokens that others may read is told of at the start and when it is read anew, once each`()
        async throws
    {
        let folder = try ScratchFolder()
        let path = folder.path + "/tokens"
        func write(_ mode: Int) throws {
            try "first-token-of-ours\n".write(toFile: path, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
        let log = RecordedLog()
        func warnings() -> Int { log.lines.count { $0.hasPrefix("warning a secret is not kept") } }
        try write(0o600)
        let server = Self.server(log) {
            $0.tokenFile = path
            $0.reloadInterval = .zero
        }
        let port = try await server.start()
        #expect(warnings() == 0)
        for (count, mode) in [(1, 0o640), (2, 0o604), (3, 0o602), (3, 0o600)] {
            try write(mode)
            server.reload()
            #expect(warnings() == count, "\(String(mode, radix: 8)): \(log.lines)")
        }
        #expect(log.contains("the token file \(path) (mode 0640); chmod 600"))
        await server.shutdown(within: .seconds(5))

        try write(0o644)
        let (second, secondLog) = (RecordedLog(), RecordedLog())
        let open = Self.server(second) { $0.tokenFile = path }
        let openPort = try await open.start()
        #expect(second.lines.count { $0.hasPrefix("warning a secret is not kept") } == 1)
        // A sender reads its file with each connection, and tells of it once.
        var configuration = SpanClientConfiguration(
            port: openPort, backoff: BackoffPolicy(shortest: .milliseconds(5), longest: .milliseconds(20)))
        configuration.tokenFile = path
        let connector = ClientConnector(configuration: configuration, token: "", logger: secondLog.logger)
        for _ in 0..<3 {
            let link = try await connector.connect(on: MultiThreadedEventLoopGroup.singleton.next()) { _ in }.get()
            #expect(link.bearerToken == "first-token-of-ours")
            try await link.channel.close().get()
        }
        #expect(secondLog.lines.count { $0.hasPrefix("warning a secret is not kept") } == 1)
        #expect(port != openPort)
        await open.shutdown(within: .seconds(5))
    }

    @Test func `settings that make no sense are said before anything listens`() async throws {
        let log = RecordedLog()
        let changes: [(inout SpanServerConfiguration) -> Void] = [
            { $0.addresses = [] }, { $0.maxConnections = 0 }, { $0.maxHandshakes = 0 }, { $0.socketMode = 0o1777 },
            { $0.tokenFile = "/tmp/no-such-file" }, { $0.addresses = [.tcp(host: "", port: 0)] },
        ]
        for change in changes {
            let fault = await #expect(throws: TransportError.self) { try await Self.server(log, change).start() }
            #expect(fault?.code == .invalidSetting)
        }
    }
}
