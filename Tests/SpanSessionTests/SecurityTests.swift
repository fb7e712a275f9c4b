import ProtoWire
import SpanModel
import Testing

@testable import SpanSession

/// What the machines have of tokens and of TLS.
struct SecurityTests {
    let start = SessionInstant.at(.zero)

    @Test func `a token given for a connection is shown in place of the settings' one`() throws {
        var client = ClientSession(settings: ClientSettings(senderID: aliceID, bearerToken: "old", seed: 1))
        _ = client.start(now: start)
        let opened = client.connectionOpened(firstConnection, now: start, bearerToken: "new")
        #expect(try Hello(decoding: #require(opened.sent.first).payload).bearerToken == "new")
    }

    @Test func `why a connection was lost is told in the driver's words`() {
        var client = ClientSession(settings: ClientSettings(senderID: aliceID, seed: 1))
        _ = client.start(now: start)
        let actions = client.connectionClosed(firstConnection, now: start, reason: "the name is not known")
        #expect(actions == [.disconnected(SessionError(.connectionLost, "the name is not known"))])
    }

    @Test func `tokens may change until the greeting, and not for who is in`() {
        var server = ServerSession(settings: ServerSettings(bearerTokens: ["old"]), now: start)
        server.admit(bearerTokens: ["new"])
        #expect(
            server.received(frame(.hello, Hello(senderID: aliceID, bearerToken: "new")).rawSpan, now: start).count == 1)
        server.admit(bearerTokens: ["newest"])
        #expect(server.senderFound(storedSequence: 0, now: start).count == 1)
        #expect(server.received(batchFrame(1).rawSpan, now: start).stores.count == 1)

        var other = ServerSession(settings: ServerSettings(bearerTokens: ["old"]), now: start)
        other.admit(bearerTokens: ["new"])
        let refused = other.received(frame(.hello, Hello(senderID: aliceID, bearerToken: "old")).rawSpan, now: start)
        #expect(refused.goAway?.code == .unauthenticated)
    }

    @Test(
        arguments: [
            ([0x16, 3, 1, 2, 0], "TLS on both sides or on none"), ([0x15, 3, 3, 0, 2], "use TLS here too"),
            ([0x15, 0, 0, 0, 2], nil), ([0x17, 3, 3, 0, 2], nil),
        ] as [([UInt8], String?)])
    func `the first bytes of TLS are known for what they are, later ones are not taken for it`(
        head: [UInt8], words: String?
    ) {
        var decoder = FrameDecoder(maxBatchBytes: 1000)
        decoder.append(head.rawSpan)
        let fault = #expect(throws: SessionError.self) { try decoder.nextFrame() }
        #expect(fault?.code == .unknownKind)
        #expect(fault?.message.contains(words ?? "is no frame of version 1") == true)
        #expect((fault?.message.contains("TLS") == true) == (words != nil))

        var later = FrameDecoder(maxBatchBytes: 1000)
        later.append((frame(.ping, Ping(token: 1)) + head).rawSpan)
        #expect(throws: Never.self) { try later.nextFrame() }
        let laterFault = #expect(throws: SessionError.self) { try later.nextFrame() }
        #expect(laterFault?.message.contains("TLS") == false)
    }
}
