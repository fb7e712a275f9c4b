import ProtoWire
import SpanModel
import SpanSession

/// What must hold of frames and sessions for any bytes from a peer. Each property answers `nil`, or says in a sentence
/// what does not hold.
public enum SessionProperties {
    /// All of them. The first byte of the input decides how the rest is cut and what happens between the pieces; what
    /// follows comes from the peer.
    public static func hold(_ input: [UInt8]) -> String? {
        guard let control = input.first else { return nil }
        let pieces = Pieces(of: Array(input.dropFirst()), seed: control)
        return frames(pieces) ?? cutting(pieces) ?? collector(pieces, seed: control) ?? sender(pieces, seed: control)
    }

    static let settings = ServerSettings(maxFrameBytes: 4096, creditBytes: 2000)

    // MARK: Frames

    private struct Frame: Equatable {
        var head: FrameHead
        var payload: [UInt8]
    }

    /// Frames do not depend on how their bytes are cut, and neither does the fault that ends them.
    private static func frames(_ pieces: Pieces) -> String? {
        let whole = read([pieces.bytes])
        let parts = read(pieces.parts)
        if whole.frames != parts.frames { return "\(whole.frames.count) frames, \(parts.frames.count) in pieces" }
        if whole.error != parts.error {
            return "\(describe(whole.error)) at once, \(describe(parts.error)) in pieces"
        }
        let bytes = parts.frames.flatMap { $0.head.bytes + $0.payload }
        return pieces.bytes.starts(with: bytes) ? nil : "frames are not what came"
    }

    private static func read(_ parts: [[UInt8]]) -> (frames: [Frame], error: SessionError?) {
        var decoder = FrameDecoder(maxBatchBytes: 4096, maxControlBytes: 256)
        decoder.allowsCompressed = true
        var frames: [Frame] = []
        do throws(SessionError) {
            for part in parts {
                decoder.append(part.rawSpan)
                while let head = try decoder.nextFrame() {
                    frames.append(Frame(head: head, payload: [UInt8](copying: decoder.payload)))
                }
            }
            return (frames, nil)
        } catch {
            return (frames, error)
        }
    }

    private static func describe(_ error: SessionError?) -> String { error.map(\.description) ?? "no fault" }

    // MARK: A collector

    /// What a collector does with a conversation does not depend on how it is cut, as long as nothing is stored meanwhile.
    private static func cutting(_ pieces: Pieces) -> String? {
        let whole = actions(on: [pieces.bytes])
        let parts = actions(on: pieces.parts)
        return whole == parts ? nil : "\(whole.count) actions, in pieces \(parts.count), or others"
    }

    private static func actions(on parts: [[UInt8]]) -> [ServerAction] {
        let now = SessionInstant(nanoseconds: 0)
        var session = ServerSession(settings: settings, now: now)
        var actions: [ServerAction] = []
        for part in parts {
            let done = session.received(part.rawSpan, now: now)
            actions += done
            if done.contains(where: { if case .lookUpSender = $0 { true } else { false } }) {
                actions += session.senderFound(storedSequence: 1, now: now)
            }
        }
        return actions
    }

    /// A collector answers any sender in order and within bounds, and is done with it in the end.
    private static func collector(_ pieces: Pieces, seed: UInt8) -> String? {
        var random = SmallGenerator(seed: seed)
        var now = SessionInstant(nanoseconds: 0)
        var session = ServerSession(settings: settings, now: now)
        var watch = CollectorWatch()
        for part in pieces.parts {
            now = now.advanced(by: .seconds(Int(random.next() % 4)))
            var actions = session.received(part.rawSpan, now: now)
            if watch.isToLookUp(actions) { actions += session.senderFound(storedSequence: 1, now: now) }
            if let fault = watch.observe(actions) { return fault }
            if session.heldBytes > 2 * 4096 + 2000 + (256 << 10) { return "\(session.heldBytes) bytes are held" }
            if random.next() % 2 == 0 {
                let stored = watch.takeStored(Int(random.next() % 3))
                if let fault = watch.observe(session.batchesStored(stored, now: now)) { return fault }
            }
            if random.next() % 4 == 0, let fault = watch.observe(session.timeout(now: now)) { return fault }
        }
        if let fault = watch.observe(session.batchesStored(watch.takeStored(.max), now: now)) { return fault }
        // Nothing comes any more.
        for _ in 0..<4 {
            guard let deadline = session.nextDeadline else { break }
            now = max(now, deadline)
            if let fault = watch.observe(session.timeout(now: now)) { return fault }
        }
        if session.nextDeadline != nil || !watch.isOver { return "a silent sender is kept for ever" }
        return nil
    }

    // MARK: A sender

    /// A sender settles each batch once, whatever its collector says.
    private static func sender(_ pieces: Pieces, seed: UInt8) -> String? {
        var random = SmallGenerator(seed: seed)
        var now = SessionInstant(nanoseconds: 0)
        var session = ClientSession(
            settings: ClientSettings(senderID: SenderID(high: 1, low: 2), maxFrameBytes: 4096, seed: UInt64(seed)))
        var actions = session.start(now: now)
        var spans = 0
        for (ordinal, part) in pieces.parts.enumerated() {
            now = now.advanced(by: .seconds(Int(random.next() % 4)))
            if let connection = actions.lastConnection {
                actions += session.connectionOpened(connection, now: now)
                if ordinal < 8 {
                    spans += batch.spanCount
                    actions += session.send(EncodedBatch(batch, ordinal: UInt64(ordinal)), now: now)
                }
                actions += session.received(part.rawSpan, on: connection, now: now)
                if random.next() % 8 == 0 { actions += session.connectionClosed(connection, now: now) }
            }
            if random.next() % 4 == 0 { actions += session.timeout(now: now) }
        }
        actions += session.abandon(.shutdown, now: now)
        var settled = 0
        for action in actions { if case .settled(let receipt) = action { settled += receipt.spans } }
        return settled == spans ? nil : "\(spans) spans were sent, \(settled) were settled"
    }

    private static let batch: SpanBatch = {
        let spans = (1...2).map {
            SpanRecord(traceID: TraceID(high: 1, low: $0), spanID: SpanID($0), name: "GET /", startTimeUnixNano: $0)
        }
        let scope = ScopeSpans(scope: nil, spans: spans)
        return SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])])
    }()
}

extension [ClientAction] {
    /// The connection that was asked for last.
    fileprivate var lastConnection: ConnectionNumber? {
        for action in reversed() { if case .connect(let connection) = action { return connection } }
        return nil
    }
}

/// Bytes cut at places that follow from a seed; 0: at every byte.
struct Pieces {
    var bytes: [UInt8]
    var parts: [[UInt8]] = []

    init(of bytes: [UInt8], seed: UInt8) {
        self.bytes = bytes
        var random = SmallGenerator(seed: seed)
        var start = 0
        while start < bytes.count {
            let longest = [1, 1, 2, 8, 64, 512, 4096, 65536][seed == 0 ? 0 : Int(random.next() % 8)]
            let end = min(start + 1 + Int(random.next() % UInt64(longest)), bytes.count)
            parts.append(Array(bytes[start..<end]))
            start = end
        }
    }
}
