import ProtoWire
import SpanModel

extension ServerSession {
    /// The state of a connection whose sender is looked up. What the sender sends ahead waits unread.
    struct LookingUp: ReadsFrames, Sendable {
        let peer: Peer
        let hello: Hello
        var decoder: FrameDecoder

        /// Bytes that a sender may send ahead without waiting for `Welcome`.
        static let maxBytesBeforeWelcome = 256 << 10

        /// Keeps bytes until the look-up has ended.
        consuming func received(_ bytes: borrowing RawSpan, _ actions: inout [ServerAction]) -> State {
            let limit = LookingUp.maxBytesBeforeWelcome
            guard decoder.bufferedBytes + bytes.byteCount <= limit else {
                return .failed(
                    SessionError(.unexpectedFrame, "more than \(limit) bytes before Welcome"), peer, &actions)
            }
            decoder.append(bytes)
            return .lookingUp(self)
        }

        /// Welcomes the sender, and reads what it sent ahead.
        consuming func found(
            storedSequence: UInt64, _ settings: ServerSettings, now: SessionInstant, _ actions: inout [ServerAction]
        ) -> State {
            decoder.maxBatchBytes = Int(settings.maxFrameBytes)
            var compression = Compression.agreed(
                offered: hello.compressions, supported: settings.supportedCompressions)
            let decompressor = settings.codec?.makeDecompressor(compression, windowLog: settings.windowLog)
            if decompressor != nil { decoder.allowsCompressed = true } else { compression = .identity }
            let welcome = Welcome(
                compression: compression, storedSequence: storedSequence, maxFrameBytes: settings.maxFrameBytes,
                creditBytes: settings.creditBytes, agent: settings.agent.bounded(toUTF8Bytes: 256),
                windowLog: compression == .zstdStream ? settings.windowLog : 0,
                maxBatchWeight: UInt64(settings.maxBatchWeight))
            actions.append(.send(OutgoingFrame(.welcome, welcome)))
            // The store may have taken its time: the silence begins now.
            let open = Open(
                peer: peer, decoder: decoder, liveness: Liveness(timing: settings.timing, now: now),
                decompressor: decompressor, storedSequence: storedSequence,
                credit: Int(clamping: settings.creditBytes))
            return (consume open).readFrames(settings, now: now, &actions)
        }
    }
}
