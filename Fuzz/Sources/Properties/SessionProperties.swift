import ProtoWire
import SpanModel
import SpanSession

/// What must hold of frames and sessions for any bytes from a peer. Each property answers `nil`, or says in a sentence
/// what does not hold.
public enum SessionProperties {
    /// All of them. The first byte of the input decides how the rest is cut and what happens between the pieces; what
    /// follows comes from the peer.
    public static func hold(_ input: [UInt8]) -> String? {
        var census = Census()
        return hold(input, census: &census)
    }

    /// The same, counting what the sessions came to.
    public static func hold(_ input: [UInt8], census: inout Census) -> String? {
        guard let control = input.first else { return nil }
        let pieces = Pieces(of: Array(input.dropFirst()), seed: control)
        return frames(pieces) ?? cutting(pieces) ?? collector(pieces, seed: control, &census)
            ?? sender(pieces, seed: control, &census)
    }

    /// What sessions came to: shows that conversations reach the places that they are meant for.
    public struct Census: Sendable, Equatable {
        /// How often a session ended a connection for each fault of its peer, `side: code`.
        public var faults: [String: Int] = [:]
        /// Batches that a collector took.
        public var batches = 0
        /// Spans that a sender's session reported as stored.
        public var settledSpans = 0
        public var actions = 0
        /// The most that a session has held.
        public var peakHeldBytes = 0

        public init() {}

        /// Sums, and the greater peak.
        public mutating func add(_ other: Census) {
            faults.merge(other.faults, uniquingKeysWith: +)
            batches += other.batches
            settledSpans += other.settledSpans
            actions += other.actions
            peakHeldBytes = max(peakHeldBytes, other.peakHeldBytes)
        }

        mutating func count(_ actions: [ServerAction]) {
            self.actions += actions.count
            for action in actions {
                switch action {
                case .fault(let error): faults["collector: \(error.code.rawValue)", default: 0] += 1
                case .store: batches += 1
                default: break
                }
            }
        }

        mutating func count(_ actions: [ClientAction]) {
            self.actions += actions.count
            for action in actions {
                switch action {
                case .disconnected(let error): faults["sender: \(error.code.rawValue)", default: 0] += 1
                case .settled(let receipt) where receipt.dropReason == nil: settledSpans += receipt.spans
                default: break
                }
            }
        }
    }

    static let maxFrameBytes = 4096
    static let settings = ServerSettings(
        maxFrameBytes: UInt32(maxFrameBytes), creditBytes: 2000, codec: Payloads.codec, windowLog: Payloads.windowLog)

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
        guard whole != parts else { return nil }
        let (first, second) = zip(whole, parts).first { $0 != $1 } ?? (whole.last, parts.last)
        return
            "\(whole.count) actions, in pieces \(parts.count); they differ in \(describe(first)), in pieces \(describe(second))"
    }

    private static func describe(_ action: ServerAction?) -> String {
        String("\(action.map { "\($0)" } ?? "nothing")".prefix(600))
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
    private static func collector(_ pieces: Pieces, seed: UInt8, _ census: inout Census) -> String? {
        var random = SmallGenerator(seed: seed)
        var now = SessionInstant(nanoseconds: 0)
        var session = ServerSession(settings: settings, now: now)
        var watch = CollectorWatch()
        // A batch or two on the way to the store, and what was not read: of all that came, no more.
        let heldBound = 2 * maxFrameBytes + pieces.bytes.count
        // A frame has at least five bytes, and leads to a fault, an answer and a close at the most.
        let actionBound = census.actions + 3 * (pieces.bytes.count / FrameHead.byteCount) + pieces.parts.count * 4 + 32
        func observe(_ actions: [ServerAction]) -> String? {
            census.count(actions)
            census.peakHeldBytes = max(census.peakHeldBytes, session.heldBytes)
            if session.heldBytes > heldBound { return "a collector holds \(session.heldBytes) bytes" }
            if census.actions > actionBound { return "a collector does more than \(actionBound) things" }
            return watch.observe(actions)
        }
        for part in pieces.parts {
            now = now.advanced(by: .seconds(Int(random.next() % 4)))
            var actions = session.received(part.rawSpan, now: now)
            if watch.isToLookUp(actions) { actions += session.senderFound(storedSequence: 1, now: now) }
            if let fault = observe(actions) { return fault }
            if random.next() % 2 == 0 {
                let stored = watch.takeStored(Int(random.next() % 3))
                if let fault = observe(session.batchesStored(stored, now: now)) { return fault }
            }
            if random.next() % 4 == 0, let fault = observe(session.timeout(now: now)) { return fault }
        }
        // What waited for the store is read, and stored in its turn.
        for _ in 0...pieces.bytes.count {
            let stored = watch.takeStored(.max)
            if stored.isEmpty { break }
            if let fault = observe(session.batchesStored(stored, now: now)) { return fault }
        }
        // Nothing comes any more.
        for _ in 0..<4 {
            guard let deadline = session.nextDeadline else { break }
            now = max(now, deadline)
            if let fault = observe(session.timeout(now: now)) { return fault }
        }
        if session.nextDeadline != nil || !watch.isOver { return "a silent sender is kept for ever" }
        return session.heldBytes == 0 ? nil : "\(session.heldBytes) bytes are held after the end"
    }

    // MARK: A sender

    /// A sender settles each batch once, whatever its collector says.
    private static func sender(_ pieces: Pieces, seed: UInt8, _ census: inout Census) -> String? {
        var random = SmallGenerator(seed: seed)
        var now = SessionInstant(nanoseconds: 0)
        var session = ClientSession(
            settings: ClientSettings(
                senderID: SenderID(high: 1, low: 2), maxFrameBytes: UInt32(maxFrameBytes), codec: Payloads.codec,
                seed: UInt64(seed)))
        var connection: ClientConnectionID?
        var (spans, settled) = (0, 0)
        var payloadBytes = 0
        var fault: String?
        func observe(_ actions: [ClientAction]) {
            census.count(actions)
            census.peakHeldBytes = max(census.peakHeldBytes, session.heldBytes)
            // Each batch may go out twice, whole and in parts, and each frame may bring an answer.
            if actions.count > 8 * maxBatches + 3 * (pieces.bytes.count / FrameHead.byteCount) + 8 {
                fault = "a sender does \(actions.count) things at once"
            }
            // Parts of a batch repeat what stands around the spans, and a compressed batch may stand beside its plain form.
            if session.heldBytes > 3 * payloadBytes + pieces.bytes.count {
                fault = "a sender holds \(session.heldBytes) bytes"
            }
            for action in actions {
                switch action {
                case .connect(let number): connection = number
                case .settled(let receipt): settled += receipt.spans
                default: break
                }
            }
        }
        observe(session.start(now: now))
        for (ordinal, part) in pieces.parts.enumerated() {
            now = now.advanced(by: .seconds(Int(random.next() % 4)))
            if let connection {
                observe(session.connectionOpened(connection, now: now))
                if ordinal < maxBatches {
                    let encoded = EncodedBatch(batch, ordinal: UInt64(ordinal))
                    spans += batch.spanCount
                    payloadBytes += encoded.payload.count
                    observe(session.send(encoded, now: now))
                }
                observe(session.received(part.rawSpan, on: connection, now: now))
                if random.next() % 8 == 0 { observe(session.connectionClosed(connection, now: now)) }
            }
            if random.next() % 4 == 0 { observe(session.timeout(now: now)) }
            if let fault { return fault }
        }
        observe(session.abandon(.shutdown, now: now))
        if let fault { return fault }
        return settled == spans ? nil : "\(spans) spans were sent, \(settled) were settled"
    }

    /// What a sender is given to send.
    private static let maxBatches = 8

    private static let batch: SpanBatch = {
        let spans = (1...2).map {
            SpanRecord(traceID: TraceID(high: 1, low: $0), spanID: SpanID($0), name: "GET /", startTimeUnixNano: $0)
        }
        let scope = ScopeSpans(scope: nil, spans: spans)
        return SpanBatch(resourceSpans: [ResourceSpans(resource: nil, scopeSpans: [scope])])
    }()
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
