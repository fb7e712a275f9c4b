import ProtoWire
import SpanModel
import SpanSession

/// Conversations to begin with: what a sender or a collector that follows the protocol may say, as inputs of
/// `SessionProperties.hold`.
public enum Conversations {
    /// One of them, with one of the compressions or none.
    public static func conversation(_ random: inout SmallGenerator) -> [UInt8] {
        let compression = ([.identity] + Compression.all).randomElement(using: &random) ?? .identity
        let payloads = Payloads(compression)
        let isSender = Int.random(in: 0..<3, using: &random) > 0
        let messages = isSender ? sender(compression, &random) : collector(compression, &random)
        var bytes = [UInt8.random(in: .min ... .max, using: &random)]
        for (kind, payload) in messages {
            let mayCompress = kind.isCompressible && Int.random(in: 0..<4, using: &random) > 0
            let compressed = mayCompress ? payloads.compressed(payload) : nil
            let head = FrameHead(
                kind, length: UInt32((compressed ?? payload).count), isCompressed: compressed != nil)
            bytes += head.bytes + (compressed ?? payload)
        }
        return bytes
    }

    /// One of them, changed up to five times.
    public static func malformed(seed: UInt64) -> [UInt8] {
        var mutator = ConversationMutator(messages: MessageMutator(generator: SmallGenerator(seed: seed)))
        var input = conversation(&mutator.messages.generator)
        for _ in 0..<Int.random(in: 0...5, using: &mutator.messages.generator) {
            // What has grown by bombs is not made larger still.
            guard input.count < 64 << 10 else { break }
            input = mutator.mutate(input)
        }
        return input
    }

    /// `SessionProperties` has sequence 1 stored already.
    private static func sender(
        _ compression: Compression, _ random: inout SmallGenerator
    ) -> [(FrameKind, [UInt8])] {
        let hello = Hello(senderID: SenderID(high: 7, low: 7), agent: "fuzz", compressions: [compression])
        var messages: [(FrameKind, [UInt8])] = [(.hello, hello.encoded())]
        var sequence: UInt64 = 0
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: messages.append((.ping, Ping(token: random.next()).encoded()))
            case 1: messages.append((.pong, Pong(token: 1).encoded()))
            default:
                sequence += UInt64.random(in: 1...3, using: &random)
                var batch = Batch(spans: spans(&random), sequence: sequence)
                if Bool.random(using: &random) { batch.dropped = [DropCount(reason: "queue_full", spans: 3)] }
                messages.append((.batch, batch.encoded()))
            }
        }
        if Bool.random(using: &random) { messages.append((.goodbye, [])) }
        return messages
    }

    private static func collector(
        _ compression: Compression, _ random: inout SmallGenerator
    ) -> [(FrameKind, [UInt8])] {
        let welcome = Welcome(
            compression: compression, storedSequence: UInt64.random(in: 0...1, using: &random),
            maxFrameBytes: [0, 200, 4096].randomElement(using: &random) ?? 0,
            creditBytes: [0, 300, 1 << 20].randomElement(using: &random) ?? 0,
            windowLog: compression == .zstdStream ? Payloads.windowLog : 0)
        var messages: [(FrameKind, [UInt8])] = [(.welcome, welcome.encoded())]
        var sequence = welcome.storedSequence
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: messages.append((.ping, Ping(token: random.next()).encoded()))
            case 1: messages.append((.pong, Pong(token: 1).encoded()))
            case 2:
                let goAway = GoAway(.overloaded, "later", retryAfterMilliseconds: 1)
                messages.append((.goAway, goAway.encoded()))
            default:
                sequence += UInt64.random(in: 0...2, using: &random)
                let reason = String(repeating: "no trace id ", count: Int.random(in: 0...20, using: &random))
                let ack = Ack(
                    sequence: sequence, creditBytes: 500,
                    partialSuccess: ExportPartialSuccess(rejectedSpans: 1, errorMessage: reason))
                messages.append((.ack, ack.encoded()))
            }
        }
        return messages
    }

    private static func spans(_ random: inout SmallGenerator) -> SpanBatch {
        let spans = (0..<Int.random(in: 0...8, using: &random)).map { _ in
            let number = UInt64.random(in: 0...99, using: &random)
            // Now and then one that fills a frame, and is small when compressed.
            let length = number == 0 ? Int.random(in: 0...3900, using: &random) : 0
            return SpanRecord(
                traceID: TraceID(high: 7, low: number + 1), spanID: SpanID(number),
                name: "GET /cart/\(number)" + String(repeating: "x", count: length),
                startTimeUnixNano: number,
                attributes: [Attribute("http.response.status_code", .int(200)), Attribute("route", .string("/cart"))])
        }
        let resource = Resource(attributes: [Attribute("service.name", .string("shop"))])
        return SpanBatch(resourceSpans: [
            ResourceSpans(resource: resource, scopeSpans: [ScopeSpans(scope: nil, spans: spans)])
        ])
    }
}
