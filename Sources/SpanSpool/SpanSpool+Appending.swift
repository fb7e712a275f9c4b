import ProtoWire
import SpanModel
import SpanSession

/// The segment that is written to.
struct ActiveSegment: Sendable {
    let file: any SpoolFile
    var tags: [EncodedOrigin: UInt16] = [:]
    /// Spans of one origin mostly come in a row.
    var latest: (origin: EncodedOrigin, tag: UInt16)?
}

// Spans go in.
extension SpanSpool {
    /// Offers a span: when this returns `taken`, the operating system has it. One system call as a rule.
    ///
    /// - Parameters:
    ///   - span: an encoded `Span` message, without key and length.
    ///   - waits: the caller waits for room, so nothing older is given up for this span.
    ///   - writer: for the record; what it holds is forgotten.
    /// - Throws: `disk_full`, `io_failed`, `forked`; nothing was taken then.
    package mutating func append(
        _ span: borrowing RawSpan, origin: EncodedOrigin, waits: Bool = false, writer: inout WireAppender,
        now: SessionInstant
    ) throws(SpoolError) -> Outcome {
        let byteCount = span.byteCount
        guard BatchAssembler.soleCost(of: byteCount, origin: origin) <= batching.maxBatchBytes else {
            drop(.spanTooLarge, 1)
            return .tooLarge
        }
        var tag = knownTag(of: origin)
        let originBytes = RecordHead.byteCount + origin.resourceFields.count + origin.scopeFields.count + 4
        var needed = RecordHead.byteCount + byteCount + (tag == nil ? 2 * originBytes : 0)
        if active == nil || isFull(for: needed, isNewOrigin: tag == nil) {
            tag = nil
            needed = RecordHead.byteCount + byteCount + 2 * originBytes + SpoolHeader.byteCount
        }
        // All that is there given up would not make enough room.
        guard needed <= configuration.maxBytes - configuration.segmentBytes else {
            drop(.spanTooLarge, 1)
            return .tooLarge
        }
        while diskBytes + needed > configuration.maxBytes {
            guard !waits, configuration.whenFull == .dropOldest, giveUpOldest() else { return .full }
        }
        if active == nil || isFull(for: needed, isNewOrigin: tag == nil) { try beginSegment() }
        let named = if let tag { tag } else { try define(origin, &writer) }
        try write(span, Segment.spanKind, named, &writer)
        segments[segments.count - 1].unreadSpans += 1
        if unreadSpans == 0 { opened = now }
        unreadSpans += 1
        heldSpans += 1
        if unsyncedBytes == 0 { unsyncedSince = now }
        unsyncedBytes += RecordHead.byteCount + byteCount
        return .taken
    }

    private func isFull(for bytes: Int, isNewOrigin: Bool) -> Bool {
        guard let active, let last = segments.last else { return true }
        if isNewOrigin, active.tags.count > Int(UInt16.max) { return true }
        return last.end + bytes > configuration.segmentBytes && last.end > SpoolHeader.byteCount
    }

    private mutating func knownTag(of origin: EncodedOrigin) -> UInt16? {
        guard let active else { return nil }
        if let latest = active.latest, latest.origin === origin { return latest.tag }
        guard let tag = active.tags[origin] else { return nil }
        self.active?.latest = (origin, tag)
        return tag
    }

    /// Writes an origin twice, so that one damaged place does not take it from all its spans.
    private mutating func define(
        _ origin: EncodedOrigin, _ writer: inout WireAppender
    ) throws(SpoolError) -> UInt16 {
        let tag = UInt16(truncatingIfNeeded: active?.tags.count ?? 0)
        let body = Segment.originBody(origin)
        try write(body.rawSpan, Segment.originKind, tag, &writer)
        try write(body.rawSpan, Segment.originKind, tag, &writer)
        active?.tags[origin] = tag
        active?.latest = (origin, tag)
        segments[segments.count - 1].origins[tag] = origin
        return tag
    }

    private mutating func write(
        _ body: borrowing RawSpan, _ kind: UInt8, _ tag: UInt16, _ writer: inout WireAppender
    ) throws(SpoolError) {
        guard let active, let last = segments.last else { return }
        writer.reset()
        RecordHead.append(body, kind: kind, tag: tag, seed: last.seed, offset: last.end, to: &writer)
        do throws(SpoolError) {
            try active.file.write(writer.bytes, at: last.end)
        } catch {
            // Gives back what was half written; if that fails too, the next record is written over it.
            try? active.file.truncate(to: last.end)
            throw error
        }
        segments[segments.count - 1].end += writer.count
        diskBytes += writer.count
    }

    private mutating func beginSegment() throws(SpoolError) {
        endSegment()
        let number = nextSegment
        let header = SpoolHeader(.segment, sender: sender, number: number)
        let file = try storage.open(Segment.name(number), creates: true)
        do throws(SpoolError) {
            try file.write(header.bytes.rawSpan, at: 0)
        } catch {
            try? storage.remove(Segment.name(number))
            throw error
        }
        nextSegment += 1
        segments.append(
            Segment(number: number, seed: header.seed, end: SpoolHeader.byteCount, readFrom: SpoolHeader.byteCount))
        active = ActiveSegment(file: file)
        diskBytes += SpoolHeader.byteCount
        // A file that is shorter than its header from now on was cut by somebody.
        write([.held(segments[segments.count - 1].account)])
    }

    /// Nothing more is written to the segment.
    private mutating func endSegment() {
        guard let active, let last = segments.last else { return }
        if configuration.sync != .never, last.syncedEnd < last.end { unsynced.append((last.number, active.file)) }
        self.active = nil
        // One of which nothing is left goes.
        if last.unreadSpans > 0 || last.flights > 0 {
            write(unwrittenCuts + [.held(last.account)])
            cutsAreWritten()
            segments[segments.count - 1].accountEnd = last.end
        }
        removeIfSettled(last.number)
    }

    /// Removes the oldest segment of which nothing is on its way, and counts its spans as given up.
    ///
    /// - Returns: `false` when there is none but the one that is written to.
    private mutating func giveUpOldest() -> Bool {
        let candidates = active == nil ? segments[...] : segments.dropLast()
        guard let index = candidates.firstIndex(where: { $0.flights == 0 }) else { return false }
        let segment = segments[index]
        let spans = segment.unreadSpans
        if spans > 0 {
            // Both in one record, so that what is counted does not come back. Where an older segment has unread spans, the
            // place up to which all is cut cannot be moved past them.
            let isFirst = segments.firstIndex { $0.unreadSpans > 0 } == index
            let range = SpoolRange(
                segment: segment.number, start: UInt32(segment.readFrom), end: UInt32(segment.end))
            let cut = LedgerRecord.done(SpoolPart(range: range, batchSpans: 0, first: 0, count: 0))
            // With the cut too: the ledger may know of bytes behind the last record.
            let records = (isFirst ? unwrittenCuts + [cut] : []) + [.held(.none(of: segment.number))]
            guard dropIfWritten(.spoolFull, spans, with: records) else { return false }
            if isFirst { cutsAreWritten() }
            skipUnread(spans)
        }
        remove(at: index)
        // At once: where the ledger could not say that they were cut, spans that are counted come back with the file.
        journal.perform()
        return true
    }

    // MARK: Segments go

    /// Removes a segment all of whose spans are settled.
    mutating func removeIfSettled(_ number: UInt64) {
        guard let index = segments.firstIndex(where: { $0.number == number }) else { return }
        let segment = segments[index]
        guard segment.flights == 0, segment.unreadSpans == 0 else { return }
        if active != nil, index == segments.count - 1 { return }
        remove(at: index)
    }

    private mutating func remove(at index: Int) {
        let segment = segments.remove(at: index)
        diskBytes -= segment.end
        unsynced.removeAll { $0.segment == segment.number }
        removeFile(segment.number)
    }

    /// Nothing more is appended: a segment without spans that are held is removed.
    package mutating func close() {
        let cuts = unwrittenCuts
        if !cuts.isEmpty {
            write(cuts)
            cutsAreWritten()
        }
        endSegment()
    }

    /// The next client may have the spool, though a job of this one, such as a sync, has its files yet. It is not used
    /// afterwards.
    package func release() { journal.release() }
}
