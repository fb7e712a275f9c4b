import SpanModel
import ProtoWire
import Testing

@testable import SpanSession

struct HostileBytesTests {
    /// Frames of a good conversation with bytes changed, or nothing but noise.
    static func noise(_ random: inout SplitMix64, _ good: [[UInt8]]) -> [UInt8] {
        var bytes = (0..<Int.random(in: 1...6, using: &random)).flatMap { _ in good.randomElement(using: &random)! }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) }
        case 1: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
        case 2: break
        default:
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
        }
        return bytes
    }

    @Test func `no bytes make a collector trap, hold much, or go on after it closed`() {
        for seed in seeds(4000) {
            var random = SplitMix64(seed: seed)
            let good = [
                frame(.hello, Hello(senderID: aliceID)), batchFrame(UInt64.random(in: 0...9, using: &random)),
                batchFrame(UInt64.random(in: 0...99, using: &random), 0..<5), frame(.ping, Ping(token: 1)),
                frame(7, []),
            ]
            var server = ServerSession(
                settings: ServerSettings(maxFrameBytes: 4096, creditBytes: 2000), now: .at(.zero))
            var isClosed = false
            if Bool.random(using: &random) { server = welcomedServer(server.settings) }
            for step in 0..<8 {
                let now = SessionInstant.at(.seconds(step * 3))
                var actions = server.received(HostileBytesTests.noise(&random, good).rawSpan, now: now)
                if isClosed { #expect(actions.isEmpty, "SEED=\(seed)") }
                actions += server.senderFound(storedSequence: 3, now: now)
                if Bool.random(using: &random) {
                    actions += server.batchesStored(actions.stores.map { StoredBatch(sequence: $0.sequence) }, now: now)
                }
                actions += server.timeout(now: now)
                isClosed = isClosed || actions.outcome != nil
                #expect(server.heldBytes <= 2 * 4096 + 2000 + (256 << 10), "SEED=\(seed)")
            }
        }
    }

    @Test func `no bytes make a sender trap or lose a batch`() {
        for seed in seeds(4000) {
            var random = SplitMix64(seed: seed)
            let good = [
                frame(.welcome, Welcome(storedSequence: UInt64.random(in: 0...2, using: &random), creditBytes: .max)),
                frame(.ack, Ack(sequence: UInt64.random(in: 0...3, using: &random), creditBytes: .max)),
                frame(.ping, Ping(token: 1)), frame(.pong, Pong(token: 1)),
                frame(.goAway, GoAway(.overloaded, retryAfterMilliseconds: 1)),
            ]
            var client = ClientSession(settings: ClientSettings(senderID: aliceID, seed: seed))
            var actions = client.start(now: .at(.zero))
            for step in 0..<8 {
                let now = SessionInstant.at(.seconds(step * 3))
                actions += client.send(encodedBatch(0..<2, ordinal: UInt64(step)), now: now)
                actions += client.connectionOpened(client.lastConnection, now: now)
                actions += client.received(
                    HostileBytesTests.noise(&random, good).rawSpan, on: client.lastConnection, now: now)
                actions += client.timeout(now: now)
            }
            actions += client.abandon(.shutdown, now: .at(.seconds(60)))
            #expect(actions.receipts.reduce(0) { $0 + $1.spans } == 16, "SEED=\(seed)")
        }
    }
}
