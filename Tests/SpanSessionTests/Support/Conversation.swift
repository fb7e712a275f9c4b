import ProtoWire
import SpanModel

@testable import SpanSession

/// A sender and a collector that talk to each other through bytes, with everything that happens written down.
struct Conversation {
    var now = SessionInstant.at(.zero)
    var client: ClientSession
    var server: ServerSession?
    var serverSettings: ServerSettings
    /// A connection that the sender has lost and the collector has not.
    private var unnoticed: ServerSession?
    /// What the collector has to store, in order.
    var storing: [ReceivedBatch] = []
    private(set) var lines: [String] = []

    init(
        _ title: String, client settings: ClientSettings = ClientSettings(senderID: aliceID, agent: "shop/1", seed: 1),
        server: ServerSettings = ServerSettings(agent: "collector/1", creditBytes: 4096)
    ) {
        client = ClientSession(settings: settings)
        serverSettings = server
        lines = ["# \(title)"]
    }

    var text: String { lines.joined(separator: "\n") + "\n" }

    mutating func note(_ text: String) {
        let milliseconds = now.nanoseconds / 1_000_000
        let fraction = String(milliseconds % 1000)
        let padded = String(repeating: "0", count: 3 - fraction.count) + fraction
        lines.append("\(milliseconds / 1000).\(padded) \(text)")
    }

    mutating func wait(_ duration: Duration) { now = now.advanced(by: duration) }

    mutating func start() { perform(client.start(now: now)) }

    /// The connection asked for opens, and the collector finds what it has stored.
    mutating func connect(storedSequence: UInt64 = 0) {
        note("network: connection \(client.lastConnection.rawValue) opens")
        server = ServerSession(settings: serverSettings, now: now)
        perform(client.connectionOpened(client.lastConnection, now: now))
        note("store: has \(storedSequence)")
        perform(server!.senderFound(storedSequence: storedSequence, now: now))
    }

    mutating func send(_ spans: Range<Int>, ordinal: UInt64) {
        note("sender: hands over batch \(ordinal) of \(spans.count) spans")
        perform(client.send(encodedBatch(spans, ordinal: ordinal), now: now))
    }

    mutating func commit(_ count: Int) {
        let batches = Array(storing.prefix(count))
        storing.removeFirst(batches.count)
        note("store: committed \(batches.map { String($0.sequence) }.joined(separator: ", "))")
        perform(server!.batchesStored(batches.map { StoredBatch(sequence: $0.sequence) }, now: now))
    }

    mutating func lose() {
        note("network: the connection is lost")
        server = nil
        storing = []
        perform(client.connectionClosed(client.lastConnection, now: now))
    }

    /// The sender alone sees the connection end.
    mutating func loseUnnoticed() {
        note("network: the sender loses the connection, the collector does not notice")
        unnoticed = server
        server = nil
        perform(client.connectionClosed(client.lastConnection, now: now))
    }

    /// The connection asked for opens; the older one is superseded, and `count` of its batches are committed before the
    /// sender is looked up.
    mutating func connectAgain(committing count: Int) {
        note("network: connection \(client.lastConnection.rawValue) opens")
        server = ServerSession(settings: serverSettings, now: now)
        perform(client.connectionOpened(client.lastConnection, now: now))
        for action in unnoticed?.superseded(now: now) ?? [] {
            switch action {
            case .send(let frame): note("  ⇠ \(frameLine(frame.bytes)) (on the older connection)")
            case .close(let outcome): note("collector: close the older connection, \(describe(outcome))")
            default: break
            }
        }
        let batches = storing.prefix(count)
        storing = []
        note("store: committed \(batches.map { String($0.sequence) }.joined(separator: ", ")) of the older connection")
        let stored = batches.last?.sequence ?? 0
        note("store: has \(stored)")
        perform(server!.senderFound(storedSequence: stored, now: now))
    }

    /// Bytes of a sender that is not ours.
    mutating func foreign(_ bytes: [UInt8]) {
        note("  ⇢ \(frameLine(bytes))")
        perform(server!.received(bytes.rawSpan, now: now))
    }

    /// Lets time pass to the next deadline of the sender.
    mutating func passToDeadline() {
        guard let deadline = client.nextDeadline else { return note("sender: waits for nothing") }
        now = max(now, deadline)
        perform(client.timeout(now: now))
    }

    mutating func perform(_ actions: [ClientAction]) {
        for action in actions {
            switch action {
            case .connect(let number): note("sender: connect \(number.rawValue)")
            case .send(let frame):
                note("  → \(frameLine(frame.bytes))")
                if server != nil { perform(server!.received(frame.bytes.rawSpan, now: now)) }
            case .close(let number): note("sender: close \(number.rawValue)")
            case .numbered(let batch):
                note("sender: writes down \(batch.sequence), batch \(batch.ordinal), \(batch.spanCount) spans")
            case .unnumbered(let sequence): note("sender: writes down that \(sequence) is skipped")
            case .acknowledged(let sequence): note("sender: writes down that \(sequence) is stored")
            case .welcomed: note("sender: welcomed")
            case .settled(let receipt):
                let end = receipt.dropReason.map { "given up, \($0)" } ?? "stored"
                note("sender: batch \(receipt.ordinal): \(receipt.spans) spans \(end)")
            case .partialSuccess(let partial):
                note("sender: \(partial.rejectedSpans) refused: \(partial.errorMessage)")
            case .disconnected(let error): note("sender: disconnected, \(error)")
            case .finished(let outcome): note("sender: finished, \(describe(outcome))")
            }
        }
    }

    mutating func perform(_ actions: [ServerAction]) {
        for action in actions {
            switch action {
            case .lookUpSender(let sender, _): note("collector: look up \(sender)")
            case .store(let batch):
                note("collector: store \(batch.sequence), \(batch.spans.spanCount) spans")
                storing.append(batch)
            case .send(let frame):
                note("  ← \(ackLine(frame) ?? frameLine(frame.bytes))")
                perform(client.received(frame.bytes.rawSpan, on: client.lastConnection, now: now))
            case .fault(let error): note("collector: \(error)")
            case .close(let outcome): note("collector: close, \(describe(outcome))")
            }
        }
    }

    /// Where payloads are compressed: an ack without its credit, which is the library's affair.
    private func ackLine(_ frame: OutgoingFrame) -> String? {
        guard serverSettings.codec != nil, frame.head.kind == .ack, let ack = try? Ack(decoding: frame.payload) else {
            return nil
        }
        return "Ack sequence \(ack.sequence), with the compressed bytes as credit"
    }

    private func describe(_ outcome: ClientOutcome) -> String {
        switch outcome {
        case .saidGoodbye: "said goodbye"
        case .refused(let goAway): "refused: \(goAway.message)"
        case .abandoned: "abandoned"
        }
    }

    private func describe(_ outcome: ServerOutcome) -> String {
        switch outcome {
        case .saidGoodbye: "said goodbye"
        case .sentAway(let goAway): "sent away with \(goAway.code)"
        case .timedOut: "timed out"
        }
    }
}

/// One frame in a line, read back from its bytes.
func frameLine(_ bytes: [UInt8]) -> String {
    guard let (head, payload) = frames(in: bytes).first else { return "no frame" }
    let size = "\(head.kind) [\(head.length)]"
    switch head.kind {
    case .hello: return "\(size) \((try? Hello(decoding: payload)).map { "\($0)" } ?? "?")"
    case .welcome:
        guard let welcome = try? Welcome(decoding: payload) else { return size }
        return "\(size) stored \(welcome.storedSequence), max_frame_bytes \(welcome.maxFrameBytes), "
            + "max_batch_weight \(welcome.maxBatchWeight), credit \(welcome.creditBytes), compression \(welcome.compression)"
    case .batch:
        // How small it becomes is the library's affair.
        if head.isCompressed { return "Batch, compressed" }
        guard let batch = try? Batch(decoding: payload) else { return size }
        let drops = batch.dropped.map { ", dropped \($0.spans) \($0.reason)" }.joined()
        return "\(size) sequence \(batch.sequence), \(batch.spans.spanCount) spans\(drops)"
    case .ack:
        guard let ack = try? Ack(decoding: payload) else { return size }
        let partial = ack.partialSuccess.map { ", rejected \($0.rejectedSpans): \($0.errorMessage)" } ?? ""
        return "\(size) sequence \(ack.sequence), credit \(ack.creditBytes)\(partial)"
    case .goAway:
        guard let goAway = try? GoAway(decoding: payload) else { return size }
        return "\(size) \(goAway.code), retry_after_ms \(goAway.retryAfterMilliseconds): \(goAway.message)"
    default: return size
    }
}
