import SpanModel
import SpanSession

/// What a spool's directory holds, for people; found without changing it, even while a process writes to it.
public struct SpoolInspection: Sendable, Hashable {
    /// A file of spans.
    public struct Segment: Sendable, Hashable {
        /// The file's name in the directory.
        public var name: String
        /// Its size.
        public var bytes: Int
        /// Spans whose records are there, stored ones included.
        public var spans: Int
        /// Of these, spans that were put into no batch yet.
        public var unsentSpans: Int
        /// Of these, spans whose bits are wrong.
        public var damagedSpans: Int
        /// Bytes between records that are none.
        public var damagedBytes: Int
        /// Bytes behind the last record: of one that was never finished.
        public var tornBytes: Int
        /// The file's first bytes are wrong; its name stands for them.
        public var isHeaderDamaged: Bool
    }

    /// A batch that was sent, or was about to be, and is not known to be stored.
    public struct Batch: Sendable, Hashable {
        /// Its number.
        public var sequence: UInt64
        /// How many spans it has.
        public var spans: Int
        /// Drop counts that it tells of.
        public var dropped: [DropCount]
    }

    /// `nil` when nothing that is there says so.
    public var sender: SenderID?
    /// A process has the directory; the numbers may be those of different moments.
    public var isInUse: Bool
    /// No number up to this one is given anew.
    public var highestSequence: UInt64
    /// What is known of numbers cannot be relied upon: all that is there is sent anew.
    public var isLedgerDamaged: Bool
    /// In order.
    public var segments: [Segment]
    /// In order.
    public var batches: [Batch]
    /// Spans of batches without a number that is in force.
    public var unnumberedSpans: Int
    /// Drops that no batch tells of yet.
    public var dropped: [DropCount]

    /// Looks into a directory. Reads all of it.
    ///
    /// - Throws: `cannot_open`, `unknown_version`, `foreign_file`, `io_failed`.
    public init(of directory: String) throws(SpoolError) {
        let storage = ReadOnlyDirectory(directory)
        isInUse = storage.isInUse
        let contents = try SpoolContents(of: storage, readsBodies: true)
        let state = contents.ledger.isDamaged ? contents.ledger.state.withoutNumbers : contents.ledger.state
        sender = contents.sender
        highestSequence = state.highestSequence
        isLedgerDamaged = contents.ledger.isDamaged
        segments = contents.segments.map { found in
            Segment(
                name: SpanSpool.segmentName(found.number), bytes: found.size, spans: found.survey.spans,
                unsentSpans: found.survey.unreadSpans, damagedSpans: found.survey.damagedSpans,
                damagedBytes: found.survey.damagedBytes, tornBytes: found.survey.tornBytes,
                isHeaderDamaged: found.isHeaderDamaged)
        }
        batches = state.numbered.map {
            Batch(sequence: $0.sequence, spans: Int($0.run?.count ?? 0), dropped: $0.dropped)
        }
        let open = state.open.values.reduce(0) { sum, batch in
            sum + Int(batch.batchSpans) - batch.done.reduce(0) { $0 + $1.count }
        }
        unnumberedSpans = max(open - batches.reduce(0) { $0 + $1.spans }, 0)
        dropped = state.untold.counts
    }

    /// Spans that the next process with this directory sends.
    public var waitingSpans: Int {
        segments.reduce(0) { $0 + $1.unsentSpans } + batches.reduce(0) { $0 + $1.spans } + unnumberedSpans
    }
}

extension SpanSpool {
    static func segmentName(_ number: UInt64) -> String { Segment.name(number) }
}
