import ProtoWire
import SpanSession

/// One connection: two streams of bytes and the collector's session. Bytes arrive in order and in any pieces, or not at all.
struct Connection {
    let id: Int
    let sender: Int
    let number: ClientConnectionID
    /// A copy of what was said on another connection, with nobody at its end.
    var isCopy = false
    /// The collector's settings for it.
    let settings: ServerSettings
    /// `nil`: not accepted yet, or over.
    var session: ServerSession?
    var wasAccepted = false

    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    /// The stream ends behind the bytes that are in it.
    var serverSeesEnd = false
    var clientSeesEnd = false
    /// Nothing arrives any more, not even an end.
    var isSwallowed = false
    var delayedUntil: SessionInstant?
    /// When the collector began to drain it.
    var drained: SessionInstant?
    /// All that the sender said, where worlds have copies.
    var said: [UInt8] = []
    var watch = ConnectionWatch()

    init(id: Int, sender: Int, number: ClientConnectionID, settings: ServerSettings) {
        self.id = id
        self.sender = sender
        self.number = number
        self.settings = settings
    }

    /// Whether what is written now goes nowhere.
    var isCut: Bool { isSwallowed || serverSeesEnd || clientSeesEnd || isCopy }

    /// Whether the collector has nothing to expect from it any more.
    var isOverForServer: Bool {
        session == nil && (wasAccepted || isSwallowed || serverSeesEnd && toServer.isEmpty)
    }
}

/// Holds what both sides of a connection say about batches against the protocol's rules on credit and acks, by the frames
/// alone.
struct ConnectionWatch {
    /// The lengths of the batches in the order of the connection, and the sequences as far as the collector has read them.
    private var lengths: [Int] = []
    private var sequences: [UInt64] = []
    /// How many of them are acknowledged in the collector's frames, and in those that reached the sender.
    private var acknowledged = 0
    private var settled = 0
    /// What the collector has granted in frames that reached the sender, less what the sender took.
    private(set) var credit = 0
    private var initialCredit = 0
    private(set) var isWelcomed = false
    /// Frames under way to the sender: where they end in the stream, and what they say.
    private var underWay: [(end: Int, kind: Kind)] = []
    private var written = 0
    private var arrived = 0

    private enum Kind {
        case welcome(credit: Int)
        case ack(sequence: UInt64, credit: Int)
        case other
    }

    /// Whether every batch that the collector handed to the store is acknowledged, so that an ack is of one that was stored
    /// on an earlier connection.
    var answersAtOnce: Bool { acknowledged == sequences.count }

    /// Whether the sender has to wait for an ack before it may send on.
    var isOutOfCredit: Bool { isWelcomed && credit <= 0 && settled < lengths.count }

    /// A copy of another connection's beginning.
    mutating func repeats(_ other: ConnectionWatch) { lengths = other.lengths }

    // MARK: The sender's frames

    /// - Returns: whether the batch went over the credit, as it may with nothing outstanding.
    mutating func sent(_ frame: OutgoingFrame) throws(World.Failure) -> Bool {
        guard frame.head.kind == .batch else { return false }
        guard isWelcomed else { throw World.Failure(description: "a batch is sent before the welcome") }
        let length = Int(frame.head.length)
        let isOver = length > credit
        if isOver, settled < lengths.count {
            throw World.Failure(
                description: "a batch of \(length) bytes is sent with \(lengths.count - settled) outstanding and a "
                    + "credit of \(credit)")
        }
        credit -= length
        lengths.append(length)
        return isOver
    }

    /// Bytes reached the sender, which is about to be told.
    mutating func arrived(_ count: Int) throws(World.Failure) {
        arrived += count
        while let first = underWay.first, first.end <= arrived {
            underWay.removeFirst()
            switch first.kind {
            case .other: break
            case .welcome(let granted):
                isWelcomed = true
                credit = granted
                initialCredit = granted
            case .ack(let sequence, let granted):
                credit += granted
                while settled < sequences.count, sequences[settled] <= sequence { settled += 1 }
                if settled == lengths.count, credit != initialCredit {
                    throw World.Failure(
                        description:
                            "with nothing outstanding the credit is \(credit), at first it was \(initialCredit)"
                    )
                }
            }
        }
    }

    // MARK: The collector's frames

    /// The collector read the next batch.
    mutating func read(_ sequence: UInt64) throws(World.Failure) {
        sequences.append(sequence)
        guard sequences.count <= lengths.count else {
            throw World.Failure(description: "batch \(sequence) was read and never sent")
        }
    }

    /// The collector wrote a frame.
    ///
    /// - Parameter storedSequence: what the store has of the sender.
    mutating func answered(_ frame: OutgoingFrame, storedSequence: UInt64) throws(World.Failure) {
        written += frame.byteCount
        var kind = Kind.other
        switch frame.head.kind {
        case .welcome:
            guard let welcome = try? Welcome(decoding: frame.payload), welcome.storedSequence == storedSequence else {
                throw World.Failure(description: "a welcome does not say \(storedSequence), which is stored")
            }
            kind = .welcome(credit: Int(welcome.creditBytes))
        case .ack:
            guard let ack = try? Ack(decoding: frame.payload), ack.sequence <= storedSequence else {
                throw World.Failure(description: "an ack says more than \(storedSequence), which is stored")
            }
            // One at or below what was stored at first stands alone.
            if acknowledged == sequences.count { sequences.append(ack.sequence) }
            var credit = 0
            while acknowledged < sequences.count, sequences[acknowledged] <= ack.sequence {
                guard acknowledged < lengths.count else { break }
                credit += lengths[acknowledged]
                acknowledged += 1
            }
            guard credit == Int(ack.creditBytes) else {
                throw World.Failure(
                    description: "an ack of \(ack.sequence) gives \(ack.creditBytes) bytes back, \(credit) were taken")
            }
            kind = .ack(sequence: ack.sequence, credit: credit)
        default: break
        }
        underWay.append((written, kind))
    }
}
