import ProtoWire
import SpanCompression
import SpanModel
import Testing

@testable import SpanSession

/// Sessions that compress.
struct CompressionTests {
    let now = SessionInstant.at(.zero)
    static let codec = SystemCompression()

    /// A collector past its welcome with a sender that offered all.
    func compressingServer(
        _ compressions: [Compression], maxFrameBytes: UInt32 = 1 << 20, creditBytes: UInt64 = 1 << 20
    ) -> ServerSession {
        var server = ServerSession(
            settings: ServerSettings(
                maxFrameBytes: maxFrameBytes, creditBytes: creditBytes, compressions: compressions,
                codec: Self.codec, windowLog: 18), now: now)
        _ = server.receives(
            frame(.hello, Hello(senderID: aliceID, compressions: Compression.all)), now: now)
        _ = server.senderFound(storedSequence: 0, now: now)
        return server
    }

    /// A sender past its welcome.
    func compressingClient(
        _ compression: Compression, windowLog: UInt32 = 18, maxFrameBytes: UInt32 = 1 << 20,
        creditBytes: UInt64 = 1 << 20
    ) -> ClientSession {
        welcomedClient(
            Welcome(
                compression: compression, maxFrameBytes: maxFrameBytes, creditBytes: creditBytes, windowLog: windowLog),
            settings: ClientSettings(senderID: aliceID, codec: Self.codec, seed: 1))
    }

    /// A compressed frame as a foreign sender would write it.
    func compressed(_ compression: Compression, _ payload: [UInt8], _ kind: FrameKind = .batch) -> [UInt8] {
        let compressor = Self.codec.makeCompressor(compression, windowLog: 18)!
        return frame(0x80 | kind.rawValue, compressor.compress(payload, [])!)
    }

    @Test(arguments: [
        ([Compression.gzip, .zstd], [Compression.zstd, .gzip], Compression.gzip, UInt32(0)),
        ([.zstdStream, .zstd], [.zstd, .zstdStream], .zstdStream, 19),
        ([.zstdStream, .zstd], [.gzip], .identity, 0), ([], [.gzip], .identity, 0),
        ([Compression(rawValue: 77), .zstd], [.zstd], .zstd, 0),
    ])
    func `the collector takes the first of the offered that it accepts`(
        offered: [Compression], accepted: [Compression], agreed: Compression, windowLog: UInt32
    ) throws {
        var server = ServerSession(
            settings: ServerSettings(compressions: accepted, codec: Self.codec, windowLog: 19), now: now)
        _ = server.receives(frame(.hello, Hello(senderID: aliceID, compressions: offered)), now: now)
        let answer = try #require(server.senderFound(storedSequence: 0, now: now).sent.first)
        let welcome = try Welcome(decoding: answer.payload)
        #expect(welcome.compression == agreed)
        #expect(welcome.windowLog == windowLog)
    }

    @Test(arguments: Compression.all)
    func `batches arrive compressed as they were, at any cut, and credit counts what is on the wire`(
        compression: Compression
    ) throws {
        var client = compressingClient(compression)
        let sent = (0..<3).flatMap { client.send(encodedBatch($0 * 40..<$0 * 40 + 40), now: now).sent }
        #expect(sent.count == 3)
        #expect(sent.allSatisfy { $0.head.isCompressed && $0.head.kind == .batch && $0.trailer.isEmpty })
        #expect(client.outbox.held.outstandingBytes == sent.reduce(0) { $0 + Int($1.head.length) })
        #expect(client.credit == 1 << 20 - client.outbox.held.outstandingBytes)
        let bytes = sent.flatMap(\.bytes)
        for cut in 0...bytes.count {
            var server = compressingServer([compression])
            var actions = server.receives(Array(bytes[..<cut]), now: now)
            actions += server.receives(Array(bytes[cut...]), now: now)
            #expect(actions.stores.map(\.spans) == (0..<3).map { spanBatch($0 * 40..<$0 * 40 + 40) })
            #expect(server.underWay.payloadBytes == client.outbox.held.outstandingBytes)
            let acks = server.batchesStored([StoredBatch(sequence: 3)], now: now).acks
            #expect(acks.map(\.creditBytes) == [UInt64(client.outbox.held.outstandingBytes)])
            #expect(server.heldBytes == 0)
        }
    }

    @Test func `a stream says the second batch shorter than the first`() {
        var client = compressingClient(.zstdStream)
        let first = client.send(encodedBatch(0..<10), now: now).sent
        let second = client.send(encodedBatch(10..<20), now: now).sent
        #expect(second[0].head.length * 3 < first[0].head.length * 2)
    }

    @Test func `frames without the bit between compressed ones leave the stream alone`() {
        var client = compressingClient(.zstdStream)
        var server = compressingServer([.zstdStream])
        let first = client.send(encodedBatch(0..<10), now: now).bytes
        let second = client.send(encodedBatch(10..<20), now: now).bytes
        let actions = server.receives((first + frame(.ping, Ping(token: 7)) + second), now: now)
        #expect(actions.stores.count == 2)
        #expect(actions.sent.map(\.head.kind) == [.pong])
    }

    @Test(arguments: Compression.all)
    func `a sender compresses batches alone, and a collector nothing`(compression: Compression) {
        var client = compressingClient(compression)
        var server = compressingServer([compression])
        var said = client.send(encodedBatch(0..<20), now: now).sent
        said += client.timeout(now: .at(.seconds(15))).sent
        said += client.goodbye(now: now).sent
        #expect(said.map(\.head.kind) == [.batch, .ping, .goodbye])
        #expect(said.map(\.head.isCompressed) == [true, false, false])
        var answers = server.receives(said.flatMap(\.bytes), now: now)
        let reason = String(repeating: "late ", count: 99)
        answers += server.batchesStored([StoredBatch(sequence: 1, message: reason)], now: now)
        #expect(answers.sent.map(\.head.kind) == [.pong, .ack])
        #expect(answers.sent.allSatisfy { !$0.head.isCompressed })
    }

    @Test(arguments: [FrameKind.hello, .welcome, .goAway, .batch])
    func `the compressed bit before the welcome is a fault`(kind: FrameKind) {
        var server = ServerSession(settings: ServerSettings(codec: Self.codec), now: now)
        let actions = server.receives(compressed(.gzip, [UInt8](repeating: 8, count: 90), kind), now: now)
        #expect(actions.faults.map(\.code) == [.unexpectedCompression])
        #expect(actions.goAway?.code == .protocolError)
    }

    @Test func `the compressed bit is a fault where identity was agreed, and on frames that never have it`() {
        var plain = compressingServer([])
        #expect(
            plain.receives(compressed(.gzip, batchPayload(0..<9)), now: now).faults.map(\.code) == [
                .unexpectedCompression
            ])
        var server = compressingServer([.gzip])
        let hello = compressed(.gzip, [UInt8](repeating: 8, count: 90), .hello)
        #expect(server.receives(hello, now: now).faults.map(\.code) == [.unexpectedCompression])
        var sender = compressingClient(.gzip)
        let goAway = compressed(.gzip, [UInt8](repeating: 8, count: 90), .goAway)
        let actions = sender.receives(goAway, on: firstConnection, now: now)
        #expect(actions.errors.map(\.code) == [.unexpectedCompression])
    }

    @Test(arguments: Compression.all)
    func `a bomb ends the connection with GoAway, after what came before is acknowledged`(
        compression: Compression
    ) {
        var server = compressingServer([compression])
        #expect(server.receives(batchFrame(1), now: now).stores.count == 1)
        let bomb = compressed(compression, [UInt8](repeating: 0, count: 100_000_000))
        let actions = server.receives(bomb, now: now)
        #expect(actions.faults.map(\.code) == [.frameTooLarge])
        let end = server.batchesStored([StoredBatch(sequence: 1)], now: now)
        #expect(end.acks.map(\.sequence) == [1])
        #expect(end.goAway?.code == .frameTooLarge)
        let length = bomb.count - 5
        #expect(
            end.goAway?.message
                == "frame_too_large in frame 3: Batch of \(length) compressed bytes is larger than 1048576 bytes "
                + "decompressed")
        #expect(server.heldBytes == 0)
    }

    @Test(arguments: Compression.all)
    func `control frames are bounded decompressed too`(compression: Compression) {
        var server = compressingServer([compression])
        let ping = compressed(compression, [UInt8](repeating: 0x10, count: 70_000), .ping)
        #expect(server.receives(ping, now: now).goAway?.code == .frameTooLarge)
        var client = compressingClient(compression)
        let ack = compressed(compression, [UInt8](repeating: 0x10, count: 70_000), .ack)
        let actions = client.receives(ack, on: firstConnection, now: now)
        #expect(actions.errors.map(\.code) == [.frameTooLarge])
    }

    @Test(arguments: Compression.all)
    func `damaged payloads are answered with GoAway that says what is wrong`(compression: Compression) {
        let good = compressed(compression, batchPayload(0..<20)).dropFirst(5)
        for payload in [Array(good.dropLast(9)), [1, 2, 3], Array(good) + [9, 9, 9, 9]] {
            var server = compressingServer([compression])
            let actions = server.receives(frame(0x83, payload), now: now)
            #expect(actions.stores.isEmpty)
            #expect(actions.faults.map(\.code) == [.malformedCompression])
            #expect(actions.goAway?.code == .protocolError)
            let start = "malformed_compression in frame 2: Batch of \(payload.count) compressed bytes "
            #expect(actions.goAway?.message.hasPrefix(start) == true)
        }
    }

    @Test(arguments: Compression.all)
    func `compressed acks and pings of a collector are understood`(compression: Compression) {
        var sender = compressingClient(compression)
        _ = sender.send(encodedBatch(0..<10), now: now)
        let reason = String(repeating: "no trace id ", count: 30)
        let ack = Ack(sequence: 1, creditBytes: 1, partialSuccess: .init(rejectedSpans: 1, errorMessage: reason))
        let actions = sender.receives(
            compressed(compression, ack.encoded(), .ack), on: firstConnection, now: now)
        #expect(actions.receipts.map(\.spans) == [10])
    }

    @Test(arguments: [Compression.zstdStream, .zstd, .gzip, .identity])
    func `after a reconnect a stream starts anew, and another compression may be agreed on`(second: Compression) {
        var client = compressingClient(.zstdStream)
        for number in 0..<3 { _ = client.send(encodedBatch(number * 10..<number * 10 + 10), now: now) }
        _ = client.connectionClosed(firstConnection, now: now)
        let later = now.advanced(by: .seconds(60))
        _ = client.timeout(now: later)
        _ = client.connectionOpened(client.lastConnection, now: later)
        let welcome = Welcome(compression: second, storedSequence: 1, creditBytes: 1 << 20, windowLog: 17)
        let again = client.receives(frame(.welcome, welcome), on: client.lastConnection, now: later).sent
        #expect(again.map(\.head.isCompressed) == [second != .identity, second != .identity])
        #expect(client.outbox.held.outstandingBytes == again.reduce(0) { $0 + Int($1.head.length) })
        var server = compressingServer([second])
        let stored = server.receives(again.flatMap(\.bytes), now: now).stores
        #expect(stored.map(\.sequence) == [2, 3])
        #expect(stored.map(\.spans) == [spanBatch(10..<20), spanBatch(20..<30)])
    }

    @Test func `a compressed batch that finds no credit waits and is not compressed twice`() {
        var client = compressingClient(.zstdStream, creditBytes: 300)
        var server = compressingServer([.zstdStream], creditBytes: 300)
        var sent = client.send(encodedBatch(0..<5), now: now).sent
        sent += client.send(encodedBatch(100..<140), now: now).sent
        #expect(sent.count == 1)
        #expect(client.open?.compressedNext != nil)
        sent += client.send(encodedBatch(200..<201), now: now).sent
        #expect(sent.count == 1)
        var spans = 0
        for _ in 0..<3 {
            let stores = server.receives(sent.flatMap(\.bytes), now: now).stores
            spans += stores.reduce(0) { $0 + $1.spans.spanCount }
            let acks = server.batchesStored(stores.map { StoredBatch(sequence: $0.sequence) }, now: now).bytes
            sent = client.receives(acks, on: firstConnection, now: now).sent
        }
        #expect(spans == 46)
        #expect(client.isIdle)
    }

    @Test func `what does not fit under the limit should it grow goes out as it is`() {
        var client = compressingClient(.zstdStream, maxFrameBytes: 1024)
        let batch = encodedBatch(0..<12)
        #expect(batch.payload.count > 600 && batch.payload.count < 1000)
        let sent = client.send(batch, now: now).sent
        #expect(sent.map(\.head.isCompressed) == [false])
        var server = compressingServer([.zstdStream], maxFrameBytes: 1024)
        #expect(server.receives(sent.flatMap(\.bytes), now: now).stores.count == 1)
    }

    @Test func `few bytes that become many are read no faster than the store takes them`() {
        var server = compressingServer([.zstd], creditBytes: 100_000)
        let name = String(repeating: "n", count: 900_000)
        let frames = (1...5).flatMap { number in
            let batch = SpanBatch(resourceSpans: [
                ResourceSpans(resource: nil, scopeSpans: [ScopeSpans(scope: nil, spans: [span(number, name: name)])])
            ])
            return compressed(.zstd, Batch(spans: batch, sequence: UInt64(number)).encoded())
        }
        #expect(frames.count < 2000)
        var taken = server.receives(frames, now: now).stores.map(\.sequence)
        #expect(taken == [1, 2])
        #expect(!server.wantsBytes)
        #expect(server.heldBytes < 2_000_000)
        // The store takes its time, and the sender, who is not listened to, is not asked and not given up.
        #expect(server.nextDeadline == nil)
        let later = now.advanced(by: .seconds(600))
        #expect(server.timeout(now: later).isEmpty)
        while let next = taken.last, next < 5 {
            let actions = server.batchesStored([StoredBatch(sequence: next)], now: later)
            #expect(actions.acks.map(\.sequence) == [next])
            taken += actions.stores.map(\.sequence)
        }
        #expect(taken == [1, 2, 3, 4, 5])
        _ = server.batchesStored([StoredBatch(sequence: 5)], now: later)
        #expect(server.wantsBytes)
        #expect(server.timeout(now: later).isEmpty)
        #expect(server.heldBytes == 0)
    }

    @Test(arguments: [(Compression.gzip, UInt32(0)), (.zstdStream, 16), (.zstdStream, 24), (.zstdStream, 0)])
    func `a welcome with what was not offered, or an impossible window, is a fault`(
        compression: Compression, windowLog: UInt32
    ) {
        var client = ClientSession(
            settings: ClientSettings(senderID: aliceID, compressions: [.zstdStream], codec: Self.codec, seed: 1))
        _ = client.start(now: now)
        _ = client.connectionOpened(firstConnection, now: now)
        let welcome = Welcome(compression: compression, creditBytes: 1, windowLog: windowLog)
        let actions = client.receives(frame(.welcome, welcome), on: firstConnection, now: now)
        #expect(actions.errors.map(\.code) == [.invalidField])
    }

    @Test(arguments: Compression.all)
    func `bytes changed at random end the connection or arrive whole, within the memory of the limits`(
        compression: Compression
    ) {
        var client = compressingClient(compression)
        let good = (0..<6).flatMap { client.send(encodedBatch($0 * 9..<$0 * 9 + 9), now: now).bytes }
        for seed in seeds(400) {
            var random = SplitMix64(seed: seed)
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            var server = compressingServer([compression], maxFrameBytes: 4096)
            var actions: [ServerAction] = []
            while !bytes.isEmpty {
                let count = Int.random(in: 1...bytes.count, using: &random)
                actions += server.receives(Array(bytes.prefix(count)), now: now)
                bytes.removeFirst(count)
                #expect(server.heldBytes < 40_000, "SEED=\(seed)")
            }
            #expect(actions.stores.count <= 6, "SEED=\(seed)")
            #expect(actions.faults.count <= 1, "SEED=\(seed)")
        }
    }

    func batchPayload(_ numbers: Range<Int>) -> [UInt8] {
        Batch(spans: spanBatch(numbers), sequence: 1).encoded()
    }
}

// Temporary arrays are not passed by their spans here: in some of the functions above the compiler (6.3.1) breaks off over
// when to release them.
extension ServerSession {
    fileprivate mutating func receives(_ bytes: [UInt8], now: SessionInstant) -> [ServerAction] {
        received(bytes.rawSpan, now: now)
    }
}

extension ClientSession {
    fileprivate mutating func receives(
        _ bytes: [UInt8], on connection: ClientConnectionID, now: SessionInstant
    ) -> [ClientAction] {
        received(bytes.rawSpan, on: connection, now: now)
    }
}
