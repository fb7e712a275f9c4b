import ProtoWire
import SpanModel

@testable import SpanSession

let aliceID = SenderID(high: 0xA11C_E000_0000_0000, low: 1)

func span(_ number: Int, name: String = "GET /cart") -> SpanRecord {
    SpanRecord(
        traceID: TraceID(high: 7, low: UInt64(number) + 1), spanID: SpanID(UInt64(number) + 1), name: name,
        startTimeUnixNano: 1_700_000_000_000_000_000 + UInt64(number), endTimeUnixNano: 1_700_000_001_000_000_000)
}

func spanBatch(_ numbers: some Sequence<Int>, service: String = "shop") -> SpanBatch {
    let resource = Resource(attributes: [Attribute("service.name", .string(service))])
    let scope = InstrumentationScope(name: "http")
    return SpanBatch(resourceSpans: [
        ResourceSpans(resource: resource, scopeSpans: [ScopeSpans(scope: scope, spans: numbers.map { span($0) })])
    ])
}

func encodedBatch(_ numbers: some Sequence<Int>, ordinal: UInt64 = 0) -> EncodedBatch {
    EncodedBatch(spanBatch(numbers), ordinal: ordinal)
}

/// A frame as a foreign sender would write it.
func frame(_ kind: FrameKind, _ message: some WireMessage) -> [UInt8] {
    frame(kind.rawValue, message.encoded())
}

func frame(_ firstByte: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let length = UInt32(payload.count)
    return [firstByte, UInt8(length >> 24), UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255)]
        + payload
}

func batchFrame(_ sequence: UInt64, _ numbers: some Sequence<Int> = 0..<1, dropped: [DropCount] = []) -> [UInt8] {
    frame(.batch, Batch(spans: spanBatch(numbers), sequence: sequence, dropped: dropped))
}

/// All whole frames in bytes.
func frames(in bytes: [UInt8]) -> [(head: FrameHead, payload: [UInt8])] {
    var decoder = FrameDecoder(maxBatchBytes: .max, maxControlBytes: .max)
    decoder.allowsCompressed = true
    decoder.append(bytes.rawSpan)
    var found: [(FrameHead, [UInt8])] = []
    while let head = try? decoder.nextFrame() { found.append((head, [UInt8](copying: decoder.payload))) }
    return found
}

extension [ServerAction] {
    var sent: [OutgoingFrame] { compactMap { if case .send(let frame) = $0 { frame } else { nil } } }
    var stores: [ReceivedBatch] { compactMap { if case .store(let batch) = $0 { batch } else { nil } } }
    var faults: [SessionError] { compactMap { if case .fault(let error) = $0 { error } else { nil } } }
    var outcome: ServerOutcome? { compactMap { if case .close(let outcome) = $0 { outcome } else { nil } }.first }
    var goAway: GoAway? { sent.first { $0.head.kind == .goAway }.flatMap { try? GoAway(decoding: $0.payload) } }
    var acks: [Ack] { sent.filter { $0.head.kind == .ack }.compactMap { try? Ack(decoding: $0.payload) } }
    var bytes: [UInt8] { sent.flatMap(\.bytes) }
}

extension ClientSession {
    /// The connection that is open; `nil` in every other state.
    var open: Open? { if case .open(let open) = state { open } else { nil } }
}

extension [ClientAction] {
    var sent: [OutgoingFrame] { compactMap { if case .send(let frame) = $0 { frame } else { nil } } }
    var batches: [Batch] {
        sent.filter { $0.head.kind == .batch }.compactMap { try? Batch(decoding: $0.payload + $0.trailer) }
    }
    var receipts: [BatchReceipt] { compactMap { if case .settled(let receipt) = $0 { receipt } else { nil } } }
    var outcome: ClientOutcome? { compactMap { if case .finished(let outcome) = $0 { outcome } else { nil } }.first }
    var errors: [SessionError] { compactMap { if case .disconnected(let error) = $0 { error } else { nil } } }
    var bytes: [UInt8] { sent.flatMap(\.bytes) }
    var isClosing: Bool { contains { if case .close = $0 { true } else { false } } }
}

/// A server past its welcome.
func welcomedServer(
    _ settings: ServerSettings = ServerSettings(), storedSequence: UInt64 = 0, at now: SessionInstant = .at(.zero)
) -> ServerSession {
    var server = ServerSession(settings: settings, now: now)
    _ = server.received(frame(.hello, Hello(senderID: aliceID)).rawSpan, now: now)
    _ = server.senderFound(storedSequence: storedSequence, now: now)
    return server
}

let firstConnection = ClientConnectionID(rawValue: 1)

/// A client past its welcome on its first connection.
func welcomedClient(
    _ welcome: Welcome = Welcome(creditBytes: 1 << 20),
    settings: ClientSettings = ClientSettings(senderID: aliceID, seed: 1)
) -> ClientSession {
    var client = ClientSession(settings: settings)
    _ = client.start(now: .at(.zero))
    _ = client.connectionOpened(firstConnection, now: .at(.zero))
    _ = client.received(frame(.welcome, welcome).rawSpan, on: firstConnection, now: .at(.zero))
    return client
}

let origin = EncodedOrigin(
    resource: Resource(attributes: [Attribute("service.name", .string("shop"))]),
    scope: InstrumentationScope(name: "http"))

extension ReceivedBatch {
    /// As records; a batch that cannot be decoded has none.
    var spans: SpanBatch { (try? decoded()) ?? SpanBatch() }
}
