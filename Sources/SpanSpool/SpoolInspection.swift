import SpanModel
import SpanSession

/// The contents of a spool's directory, for people; found without changing it, even while a process writes to it.
public struct SpoolInspection: Sendable, Hashable {
    /// A file of spans.
    public struct Segment: Sendable, Hashable {
        /// The file's name in the directory.
        public var name: String
        /// Its size.
        public var bytes: Int
        /// Spans whose records are there, stored ones included.
        public var spans: Int
        /// Spans that were put into no batch yet.
        public var unsentSpans: Int
        /// Spans whose bits are wrong.
        public var damagedSpans: Int
        /// Those of `unsentSpans` whose bits are wrong; they cannot be sent.
        public var unsentDamagedSpans: Int
        /// Spans that were in no batch, and are gone: so many at the least.
        public var lostSpans: Int
        /// Damaged places in which spans may have been lost, and nobody knows how many.
        public var uncountedLosses: Int
        /// Those of `spans` whose resource and scope cannot be read any more; they are sent without.
        public var spansWithoutResource: Int
        /// Those of `unsentSpans` whose resource and scope cannot be read any more.
        public var unsentSpansWithoutResource: Int
        /// Bytes between records that are none.
        public var damagedBytes: Int
        /// Bytes behind the last record: of one that was never finished.
        public var tornBytes: Int
        /// The file's first bytes are wrong; its name stands for them.
        public var isHeaderDamaged: Bool
        /// The file is gone.
        public var isMissing: Bool

        /// Nothing of it is damaged or lost; an unfinished record at the end is no damage.
        public var isSound: Bool {
            damagedSpans == 0 && lostSpans == 0 && uncountedLosses == 0 && spansWithoutResource == 0
                && damagedBytes == 0 && !isHeaderDamaged && !isMissing
        }
    }

    /// A batch that was sent, or was about to be, and is not known to be stored.
    public struct Batch: Sendable, Hashable {
        /// Its number.
        public var sequence: UInt64
        /// The number of spans in the batch.
        public var spans: Int
        /// Drop counts that it tells of.
        public var dropped: [DropCount]
    }

    /// `nil` when nothing that is there says so.
    public var sender: SenderID?
    /// A process has the directory; the numbers may be those of different moments.
    public var isInUse: Bool
    /// The highest number given: none up to it is given anew.
    public var highestSequence: UInt64
    /// Whether what is known of numbers cannot be relied upon: then all that is there is sent anew.
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
        segments = contents.segments.map { Segment($0) }
        // A process that has the spool may have settled and removed one since its ledger was read.
        if !isInUse { segments += contents.missing.map { Segment(missing: $0) } }
        segments += contents.unreadable.map { Segment(unreadable: $0) }
        batches = state.numbered.map {
            Batch(sequence: $0.sequence, spans: Int($0.part?.count ?? 0), dropped: $0.dropped)
        }
        let open = state.open.values.reduce(0) { sum, batch in
            sum + Int(batch.batchSpans) - batch.done.reduce(0) { $0 + $1.count }
        }
        unnumberedSpans = max(open - batches.reduce(0) { $0 + $1.spans }, 0)
        dropped = state.untold.counts
    }

    /// Whether nothing of it is damaged or lost.
    public var isSound: Bool { !isLedgerDamaged && segments.allSatisfy(\.isSound) }

    /// Spans that the next process with this directory sends; those in no batch whose bits are wrong are not counted.
    public var waitingSpans: Int {
        segments.reduce(0) { $0 + $1.unsentSpans - $1.unsentDamagedSpans } + batches.reduce(0) { $0 + $1.spans }
            + unnumberedSpans
    }
}

extension SpanSpool {
    static func segmentName(_ number: UInt64) -> String { Segment.name(number) }
}

extension SpoolInspection.Segment {
    /// One of which nothing is known but its name.
    private init(number: UInt64) {
        name = SpanSpool.segmentName(number)
        (bytes, spans, unsentSpans, damagedSpans, unsentDamagedSpans, lostSpans) = (0, 0, 0, 0, 0, 0)
        (uncountedLosses, spansWithoutResource, unsentSpansWithoutResource) = (0, 0, 0)
        (damagedBytes, tornBytes, isHeaderDamaged, isMissing) = (0, 0, false, false)
    }

    fileprivate init(_ found: SpoolContents.Found) {
        self.init(number: found.number)
        let survey = found.survey
        (bytes, spans, unsentSpans) = (found.size, survey.spans, survey.unreadSpans)
        (damagedSpans, unsentDamagedSpans) = (survey.damagedSpans, survey.unreadDamagedSpans)
        (lostSpans, uncountedLosses) = (survey.lostSpans, survey.doubtfulPlaces)
        (spansWithoutResource, unsentSpansWithoutResource) = (survey.spansWithoutOrigin, survey.unreadWithoutOrigin)
        (damagedBytes, tornBytes) = (survey.damagedBytes, survey.tornBytes)
        // One that was made just before a crash never had any.
        isHeaderDamaged = found.isHeaderDamaged && !(found.isShort && !survey.isDamaged)
    }

    fileprivate init(missing account: SpoolAccount) {
        self.init(number: account.segment)
        (lostSpans, isMissing) = (Int(account.spans), true)
    }

    fileprivate init(unreadable found: UInt64) {
        self.init(number: found)
        (uncountedLosses, isHeaderDamaged) = (1, true)
    }
}
