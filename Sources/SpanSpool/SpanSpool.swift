import ProtoWire
import SpanModel
import SpanSession

/// A queue of spans on disk: what is appended to it survives the process, and comes out in batches that have the same
/// spans under the same number in the next one.
///
/// No clock inside; a driver guards it by a lock, and reads, syncs and writes the ledger outside of that.
///
/// ```
///  segments   [ settled | in batches, not settled | unread )      appended to by `append`
///  journal    what is to be written in the ledger: which numbers the batches have, what is stored, what was dropped
/// ```
///
/// ```swift
/// var spool = try SpanSpool.open(in: try DirectoryStorage(path), configuration, batching: limits, newSender: .random())
/// session.restore(spool.takeRestored(), …)
/// _ = try spool.append(bytes, origin: origin, now: now)        // on any thread, under the lock
/// if let read = spool.nextRead(now: now) {                     // on the driver's
///     if let batch = spool.finish(try read.perform(), now: now) { perform(session.send(batch, now: now)) }
/// }
/// ```
package struct SpanSpool: ~Copyable, Sendable {
    /// The outcome of offering a span.
    package enum Outcome: Sendable, Hashable {
        /// The span is taken, and survives the process.
        case taken
        /// There is no room for the span. Nothing was counted.
        case full
        /// The span is larger than a batch may be, or than a spool of this size has room for: it is dropped and
        /// counted.
        case tooLarge
    }

    /// A batch that is not settled.
    struct Flight: Sendable {
        var range: SpoolRange
        var spans: Int
        var remaining: Int
        /// The number of the first of its spans, counted over all that were cut.
        var position: Int
        /// The ledger knows, or was told, that it was cut.
        var isWritten = false
    }

    let storage: any SpoolStorage
    let configuration: SpanSpoolConfiguration
    let batching: SpanQueueLimits
    /// The records that are to be written in the ledger, and the segments that are to be removed.
    package let journal: SpoolJournal
    /// Whether what is told to the journal is left for `takeWork`; at the start, and where nobody asks for it, it is
    /// done at once.
    private var defersWrites = false
    /// Whether something was told to the journal that nobody does yet.
    package private(set) var hasWork = false
    /// Whether somebody does what the journal was told.
    private var isWorking = false
    /// The segments in order; the last is the one that is written to, if `active` is there.
    var segments: [Segment] = []
    var active: ActiveSegment?
    var flights: [UInt64: Flight] = [:]
    private var nextOrdinal: UInt64 = 1
    var nextSegment: UInt64 = 1

    /// Spans on disk that are not settled.
    package internal(set) var heldSpans = 0
    /// The bytes that the segments take on disk.
    package internal(set) var diskBytes = 0
    var unreadSpans = 0
    /// Spans that were cut into batches, in this life.
    private var cutSpans = 0
    private var flushPosition = 0
    /// Whether somebody waits for what is unread.
    var isFlushing: Bool { cutSpans < flushPosition }
    /// The moment at which the first of the unread spans came.
    var opened = SessionInstant(nanoseconds: 0)
    private var readAgain = SessionInstant(nanoseconds: 0)

    /// Drop counts that are not in the hands of a session yet.
    var unreported = DropLedger()
    var dropped = DropLedger()
    private var storedSpans = 0
    /// Spans that an earlier process left.
    package internal(set) var recoveredSpans = 0
    /// The damage found at the start, in words; empty if there was none.
    package internal(set) var findings: [String] = []
    /// Spans in batches of this life whose origin could not be read: they go without resource and scope.
    package internal(set) var spansWithoutOrigin = 0
    /// Damaged places in which spans may have been lost, and nobody knows how many.
    package internal(set) var uncountedLosses = 0
    var restored: [RestoredBatch] = []
    var restoredDrops: [DropCount] = []
    var problem: SpoolError?

    /// Whether a job is out that was not told by `synced` yet.
    var isSyncing = false
    var unsyncedBytes = 0
    var unsyncedSince = SessionInstant(nanoseconds: 0)
    /// Segments that are full and not synced.
    var unsynced: [(segment: UInt64, file: any SpoolFile)] = []

    /// The identity under which batches are numbered: that of the first process, and of all that followed it.
    package let sender: SenderID

    /// The highest number given: none up to it may be given anew.
    package private(set) var highestSequence: UInt64

    /// Takes a directory over, with what an earlier process left in it; makes it ready if it is empty.
    ///
    /// - Parameters:
    ///   - newSender: of a spool that is new.
    ///   - ledgerBytes: the size of either ledger.
    ///   - defersWrites: what is to be written in the ledger is left for `takeWork`; else it is written at once.
    /// - Throws: `unknown_version`, `foreign_file`, and what the storage throws. Damage is no error: `findings`.
    package static func open(
        in storage: any SpoolStorage, _ configuration: SpanSpoolConfiguration, batching: SpanQueueLimits,
        newSender: SenderID, ledgerBytes: Int = 64 << 10, defersWrites: Bool = false
    ) throws(SpoolError) -> SpanSpool {
        let contents = try SpoolContents(of: storage)
        let ledger = try Ledger(
            storage, contents.ledger, sender: contents.sender ?? newSender, fileBytes: max(ledgerBytes, 256))
        var spool = SpanSpool(storage, configuration, batching, ledger)
        try spool.takeOver(contents)
        spool.defersWrites = defersWrites
        return spool
    }

    private init(
        _ storage: any SpoolStorage, _ configuration: SpanSpoolConfiguration, _ batching: SpanQueueLimits,
        _ ledger: Ledger
    ) {
        self.storage = storage
        self.configuration = configuration
        self.batching = batching
        sender = ledger.sender
        highestSequence = ledger.state.highestSequence
        journal = SpoolJournal(storage, ledger)
    }

    /// Takes out what the earlier process held, for `ClientSession.restore`; once.
    package mutating func takeRestored() -> (batches: [RestoredBatch], dropped: [DropCount]) {
        defer { (restored, restoredDrops) = ([], []) }
        return (restored, restoredDrops)
    }

    /// Takes out what went wrong since the last call, such as a ledger that could not be written; what had to be done
    /// was done in memory, and is written later.
    package mutating func takeProblem() -> SpoolError? {
        defer { problem = nil }
        return problem ?? journal.takeProblem()
    }

    /// Gives what is to be written in the ledger or removed, for somebody who may be kept waiting by the disk:
    /// `perform` it outside the lock, then tell by `worked`. `nil` when there is nothing, or somebody is at it.
    package mutating func takeWork() -> SpoolJournal? {
        guard hasWork, !isWorking else { return nil }
        (hasWork, isWorking) = (false, true)
        return journal
    }

    /// Notes that what `takeWork` gave is done.
    package mutating func worked() { isWorking = false }

    // MARK: Batches

    /// Whether `nextRead` has something.
    package func hasBatch(now: SessionInstant) -> Bool { readable(now: now) != nil }

    /// Whether `nextRead` has something, no delay being over.
    package var hasClosedBatch: Bool { hasBatch(now: SessionInstant(nanoseconds: 0)) }

    /// The moment at which the delay of the unread spans is over; `nil` when there are none.
    package var nextDeadline: SessionInstant? {
        // With `everyBatch`, what waits to be synced is due when that is done.
        guard let segment = segments.first(where: { $0.unreadSpans > 0 }), segment.readFrom < readableEnd(segment)
        else { return nil }
        return max(opened.advanced(by: batching.maxBatchDelay), readAgain)
    }

    /// Whether everything was cut into batches.
    package var isDrained: Bool { unreadSpans == 0 }

    /// Gives what is to be read for the next batch, if one is due.
    package func nextRead(now: SessionInstant) -> SpoolRead? {
        guard let index = readable(now: now) else { return nil }
        let segment = segments[index]
        return SpoolRead(
            storage: storage, segment: segment.number, seed: segment.seed,
            range: segment.readFrom..<readableEnd(segment), origins: segment.origins,
            maxBatchSpans: batching.maxBatchSpans, maxBatchBytes: batching.maxBatchBytes)
    }

    /// The segment from which the next batch comes.
    private func readable(now: SessionInstant) -> Int? {
        guard unreadSpans > 0, now >= readAgain else { return nil }
        guard let index = segments.firstIndex(where: { $0.unreadSpans > 0 }) else { return nil }
        let segment = segments[index]
        guard segment.readFrom < readableEnd(segment) else { return nil }
        let isDue =
            index < segments.count - 1 || active == nil || isFlushing
            || unreadSpans >= batching.maxBatchSpans || segment.end - segment.readFrom >= batching.maxBatchBytes
            || now >= opened.advanced(by: batching.maxBatchDelay)
        return isDue ? index : nil
    }

    /// The place up to which a segment may be read: with `everyBatch`, nothing is sent that is not on the disk.
    private func readableEnd(_ segment: Segment) -> Int {
        configuration.sync == .everyBatch ? min(segment.end, segment.syncedEnd) : segment.end
    }

    /// Takes a batch over that was read.
    ///
    /// - Returns: `nil` when nothing of it could be read, or its segment was given up meanwhile.
    package mutating func finish(_ read: SpoolRead.Result, now: SessionInstant) -> EncodedBatch? {
        guard let index = segments.firstIndex(where: { $0.number == read.segment }) else { return nil }
        segments[index].readFrom = read.range.upperBound
        // What was there when the segment was taken over, or written, and is not any more.
        let isThrough = read.range.upperBound >= segments[index].end
        let missing = isThrough ? max(segments[index].unreadSpans - read.spans - read.damagedSpans, 0) : 0
        let lost = read.damagedSpans + missing
        let counted = min(read.spans + lost, segments[index].unreadSpans)
        segments[index].unreadSpans -= counted
        unreadSpans -= counted
        cutSpans += counted
        heldSpans -= counted - min(read.spans, counted)
        opened = now
        let range = SpoolRange(
            segment: read.segment, start: UInt32(read.range.lowerBound), end: UInt32(read.range.upperBound))
        guard read.spans > 0 else {
            let cut = LedgerRecord.done(SpoolPart(range: range, batchSpans: 0, first: 0, count: 0))
            drop(.spoolDamaged, lost, with: unwrittenCuts + [cut] + account(of: index))
            cutsAreWritten()
            removeIfSettled(read.segment)
            return nil
        }
        segments[index].flights += 1
        spansWithoutOrigin += read.spansWithoutOrigin
        let flight = Flight(
            range: range, spans: read.spans, remaining: read.spans, position: cutSpans - counted, isWritten: lost > 0)
        if lost > 0 {
            // In one piece with the batch, so that the next process does not read there and count it again.
            let cut = LedgerRecord.cut(SpanSpool.part(flight, 0, flight.spans))
            drop(.spoolDamaged, lost, with: unwrittenCuts + [cut] + account(of: index))
            cutsAreWritten()
        }
        return batch(read.payload, flight)
    }

    /// The account of what a segment has left, for a ledger that would count with the lost ones else.
    private func account(of index: Int) -> [LedgerRecord] {
        let segment = segments[index]
        guard segment.accountEnd > 0 else { return [] }
        // Of one that was read to its end nothing is left, whatever stands behind its last record.
        return [.held(segment.unreadSpans > 0 ? segment.account : .none(of: segment.number))]
    }

    /// The batches that were cut and have no number yet, for the ledger: before the place up to which all is cut moves
    /// past them for another reason.
    var unwrittenCuts: [LedgerRecord] {
        flights.values.filter { !$0.isWritten }.map { flight in
            .cut(SpanSpool.part(flight, 0, flight.spans))
        }
    }

    /// The ledger was told of all of them.
    mutating func cutsAreWritten() {
        for (ordinal, flight) in flights where !flight.isWritten { flights[ordinal]?.isWritten = true }
    }

    /// Reading failed: it is tried again after a while, unless its segment was given up meanwhile.
    package mutating func readFailed(_ read: SpoolRead, _ error: SpoolError, now: SessionInstant) {
        guard segments.contains(where: { $0.number == read.segment }) else { return }
        problem = error
        readAgain = now.advanced(by: .seconds(1))
    }

    mutating func batch(_ payload: [UInt8], _ flight: Flight) -> EncodedBatch {
        let ordinal = nextOrdinal
        nextOrdinal += 1
        flights[ordinal] = flight
        return EncodedBatch(
            payload: payload, spanCount: flight.spans, queuedBytes: payload.count, source: .spool, ordinal: ordinal)
    }

    /// Makes what is unread due at once.
    ///
    /// - Returns: a position for `isSettled`.
    package mutating func flush() -> Int {
        flushPosition = cutSpans + unreadSpans
        return flushPosition
    }

    /// Whether everything that was appended before that `flush` is settled, or given up.
    package func isSettled(through position: Int) -> Bool {
        cutSpans >= position && !flights.values.contains { $0.position < position }
    }

    /// Spans that left unread, by being given up.
    mutating func skipUnread(_ spans: Int) {
        unreadSpans -= spans
        heldSpans -= spans
        cutSpans += spans
    }

    // MARK: What the session says

    /// Tells the journal a number, and what goes out under it: written before the batch is sent.
    ///
    /// - Returns: the place up to which the journal must have come by then.
    @discardableResult
    package mutating func numbered(_ batch: NumberedBatch) -> UInt64 {
        highestSequence = max(highestSequence, batch.sequence)
        var part: SpoolPart?
        // The session numbers batches of the queue and drop counts too.
        if batch.source == .spool, let flight = flights[batch.ordinal] {
            part = SpanSpool.part(flight, batch.firstSpan, batch.spanCount)
            flights[batch.ordinal]?.isWritten = true
        }
        return write([.numbered(sequence: batch.sequence, part: part, dropped: batch.dropped)])
    }

    /// Tells the journal that a number is skipped: written before anything else is sent.
    ///
    /// - Returns: the place up to which the journal must have come by then.
    @discardableResult
    package mutating func unnumbered(_ sequence: UInt64) -> UInt64 { write([.unnumbered(sequence: sequence)]) }

    /// Tells the journal that everything up to a number is stored.
    package mutating func acknowledged(through sequence: UInt64) {
        highestSequence = max(highestSequence, sequence)
        write([.stored(through: sequence)])
    }

    /// A receipt for a batch of this spool: stored, or given up for what it is. Not for what `abandon` gives back; that
    /// stays.
    package mutating func settle(_ receipt: BatchReceipt) {
        guard receipt.source == .spool, var flight = flights[receipt.ordinal] else { return }
        if let reason = receipt.dropReason {
            // The session tells of it, under a number that it will name.
            let count = DropCount(reason: reason.rawValue, spans: UInt64(clamping: receipt.spans))
            dropped.add([count])
            write([.done(SpanSpool.part(flight, receipt.firstSpan, receipt.spans)), .dropped([count])])
            flight.isWritten = true
        } else {
            storedSpans += receipt.spans
        }
        flight.remaining -= receipt.spans
        heldSpans -= receipt.spans
        guard flight.remaining <= 0 else {
            flights[receipt.ordinal] = flight
            return
        }
        flights[receipt.ordinal] = nil
        guard let index = segments.firstIndex(where: { $0.number == flight.range.segment }) else { return }
        segments[index].flights -= 1
        removeIfSettled(flight.range.segment)
    }

    private static func part(_ flight: Flight, _ first: Int, _ count: Int) -> SpoolPart {
        SpoolPart(
            range: flight.range, batchSpans: UInt32(flight.spans), first: UInt32(first), count: UInt32(count))
    }

    /// The collector refused some of the spans that receipts called stored.
    ///
    /// - Returns: how many were of this spool.
    package mutating func rejected(_ spans: Int) -> Int {
        let count = min(max(spans, 0), storedSpans)
        storedSpans -= count
        return count
    }

    // MARK: Drops

    /// Counts spans that this spool gives up, and writes it down.
    ///
    /// - Parameter records: written in one piece with it.
    mutating func drop(_ reason: DropReason, _ spans: Int, with records: [LedgerRecord] = []) {
        let count = DropCount(reason: reason.rawValue, spans: UInt64(clamping: spans))
        dropped.add([count])
        unreported.add([count])
        write([.dropped([count])] + records)
    }

    /// Gives spans up like `drop`, but at once, and none that cannot be written down.
    mutating func dropIfWritten(_ reason: DropReason, _ spans: Int, with records: [LedgerRecord]) -> Bool {
        let count = DropCount(reason: reason.rawValue, spans: UInt64(clamping: spans))
        guard journal.writeOrLeave([.dropped([count])] + records) else { return false }
        dropped.add([count])
        unreported.add([count])
        return true
    }

    /// Counts a span for which there was no room.
    package mutating func dropForRoom() { drop(.spoolFull, 1) }

    /// Writes down what others gave up and the session is told of, so that the next process tells it if this one
    /// cannot.
    package mutating func recordDropped(_ counts: [DropCount]) {
        if !counts.isEmpty { write([.dropped(counts)]) }
    }

    /// Whether `takeDropped` has something.
    package var hasDropped: Bool { !unreported.isEmpty }

    /// Takes out the counts of what this spool gave up since the last call, for `ClientSession.reportDropped`.
    package mutating func takeDropped() -> [DropCount] { unreported.take() }

    /// The fate of the spans of this spool, in this life.
    package var report: DeliveryReport {
        var report = DeliveryReport()
        report.storedSpans = storedSpans
        report.dropped = dropped.counts
        report.spooledSpans = heldSpans
        report.recoveredSpans = recoveredSpans
        report.spansWithoutResource = spansWithoutOrigin
        report.uncountedLosses = uncountedLosses
        return report
    }

    /// What cannot be written is written with the next.
    ///
    /// - Returns: the place up to which the journal has come when it is written.
    @discardableResult
    mutating func write(_ records: [LedgerRecord]) -> UInt64 {
        let place = journal.write(records)
        workIsTold()
        return place
    }

    /// Removes a segment's file, but not while that would hide a drop from the next process.
    mutating func removeFile(_ number: UInt64) {
        journal.remove(number)
        workIsTold()
    }

    private mutating func workIsTold() {
        if defersWrites { hasWork = true } else { journal.perform() }
    }
}
