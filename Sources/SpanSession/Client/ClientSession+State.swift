import ProtoWire
import SpanModel

// The states of a sender. Each has what is valid in it and nothing else; an event takes a state out of the session, and
// gives the next one. What outlives a connection is in the session.
extension ClientSession {
    /// The state of a sender.
    enum State: Sendable {
        /// Not started. To `connecting`.
        case fresh
        /// `connect` was asked for. To `greeting`, `waiting`.
        case connecting(deadline: SessionInstant)
        /// `Hello` is sent. To `open`, `waiting`, `finished`.
        case greeting(Greeting)
        /// `Welcome` came. To `waiting`, `finished`.
        case open(Open)
        /// Between two attempts. To `connecting`, `finished`.
        case waiting(until: SessionInstant)
        /// Over.
        case finished(ClientOutcome)
    }

    /// The state of a connection on which no `Welcome` came yet.
    struct Greeting: Sendable {
        let deadline: SessionInstant
        var decoder: FrameDecoder

        init(settings: ClientSettings, now: SessionInstant) {
            deadline = now.advanced(by: settings.timing.handshake)
            // Nothing larger than a control frame ever comes from a collector.
            decoder = FrameDecoder(maxBatchBytes: min(Int(settings.maxFrameBytes), FrameDecoder.controlLimit))
        }
    }

    /// The state of a connection on which `Welcome` came.
    struct Open: Sendable {
        var decoder: FrameDecoder
        var liveness: Liveness
        /// Bytes that may still be sent; negative after a frame larger than all of the credit.
        var credit: Int
        /// The largest payload that the collector accepts.
        let maxFrameBytes: Int
        /// The heaviest batch that the collector accepts, in sixteenths of a smallest span.
        let maxBatchSixteenths: Int
        /// The highest number sent or known to be stored.
        var highestSequence: UInt64
        /// Whether `Goodbye` is sent.
        var saidGoodbye = false
        /// Compresses batches; `nil` when they go out as they are.
        let compressor: (any FrameCompressor)?
        /// Decompresses the collector's frames; `nil` when none may be compressed.
        let decompressor: (any FrameDecompressor)?
        /// The next batch in its compressed form, when it has to wait for credit: it has its place in the stream, and
        /// nothing compressed may go out before it.
        var compressedNext: OutgoingFrame?
    }
}

extension ClientSession.State {
    /// Whether there is a connection that the driver would have to close.
    var hasConnection: Bool {
        switch self {
        case .connecting, .greeting, .open: true
        case .fresh, .waiting, .finished: false
        }
    }
}

extension ClientSession.Open {
    /// Sets the connection up as `Welcome` says; another connection may have had another compression.
    ///
    /// - Throws: `invalid_field` for a compression that cannot be.
    init(
        _ welcome: Welcome, _ decoder: consuming FrameDecoder, _ settings: ClientSettings, now: SessionInstant
    ) throws(SessionError) {
        let compression = welcome.compression
        if compression == .identity {
            compressor = nil
            decompressor = nil
        } else {
            guard settings.offeredCompressions.contains(compression), let codec = settings.codec else {
                throw decoder.fault(
                    .invalidField, "the collector chose compression \(compression), which was not offered")
            }
            guard compression != .zstdStream || Compression.windowLogs.contains(welcome.windowLog) else {
                throw decoder.fault(
                    .invalidField, "window_log is \(welcome.windowLog), 17 to 23 are possible")
            }
            compressor = codec.makeCompressor(compression, windowLog: welcome.windowLog)
            decompressor = codec.makeDecompressor(compression, windowLog: welcome.windowLog)
            decoder.allowsCompressed = decompressor != nil
        }
        self.decoder = decoder
        liveness = Liveness(timing: settings.timing, now: now)
        credit = Int(clamping: min(welcome.creditBytes, Self.maxCredit))
        maxFrameBytes = welcome.maxFrameBytes == 0 ? 64 << 20 : Int(welcome.maxFrameBytes)
        let weight = welcome.maxBatchWeight == 0 ? Welcome.defaultBatchWeight : welcome.maxBatchWeight
        // Rounded down, a weight that is less than one more is the limit at the most.
        maxBatchSixteenths = 16 * Int(min(weight, Self.maxBatchWeight)) + 15
        highestSequence = welcome.storedSequence
    }

    /// Takes an ack's credit.
    ///
    /// - Throws: `invalid_sequence` for an ack of what was not sent.
    mutating func acknowledged(_ ack: Ack) throws(SessionError) {
        guard ack.sequence <= highestSequence else {
            throw decoder.fault(.invalidSequence, "an ack of \(ack.sequence), which was not sent")
        }
        let granted = Int(clamping: min(ack.creditBytes, Self.maxCredit))
        credit = min(credit + granted, Int(Self.maxCredit))
    }

    /// Whatever a collector says, no batch weighs as much.
    private static let maxBatchWeight = UInt64(1) << 53

    /// More credit than this is as good as this.
    private static let maxCredit = UInt64(1) << 53
}
