import ProtoWire
import SpanModel
import SpanSession

/// The contents of a spool, found without changing anything.
package struct SpoolContents: Sendable {
    /// A segment as it was found.
    struct Found: Sendable {
        var number: UInt64
        var seed: UInt32
        var survey: Segment.Survey
        var size: Int
        /// Its header is damaged; the name of the file stands for it.
        var isHeaderDamaged: Bool
        /// Before this place everything was cut, as the ledger has it.
        var cutEnd: Int
        /// The ledger knows of all spans that are there, of no other, and that none was appended afterwards.
        var isAccounted: Bool
        /// All of it was cut, and of a later segment too.
        var isCut: Bool

        /// Before this place, which is in the file, everything was cut.
        var readFrom: Int {
            min(max(cutEnd, SpoolHeader.byteCount), max(survey.end, SpoolHeader.byteCount))
        }
        /// Too short to have held anything but a header.
        var isShort: Bool { size < SpoolHeader.byteCount }
    }

    var ledger: Ledger.Found
    /// `nil` for a spool that is new, or of which nothing can be read.
    var sender: SenderID?
    var segments: [Found] = []
    /// Segments that held spans, and are not there.
    var missing: [SpoolAccount] = []
    /// Segments of which nothing can be read, for nothing that is there names the sender.
    var unreadable: [UInt64] = []

    /// - Throws: `unknown_version`, `foreign_file`, and what the storage throws.
    init(of storage: any SpoolStorage, readsBodies: Bool = false) throws(SpoolError) {
        let names = Set(try storage.names())
        ledger = try Ledger.find(in: storage, names: names)
        sender = ledger.header?.sender
        let state = ledger.isDamaged ? LedgerState() : ledger.state
        let numbers = names.compactMap(Segment.number).sorted()
        var headers: [UInt64: SpoolHeader] = [:]
        for number in numbers {
            let path = "\(storage.place)/\(Segment.name(number))"
            guard number > 0, number < .max else {
                throw SpoolError(.foreignFile, "\(path) has a number that no spool gives; move it out")
            }
            let file = try storage.open(Segment.name(number), creates: false)
            switch SpoolHeader.read(.segment, try file.read(at: 0, upTo: SpoolHeader.byteCount)) {
            case .unknownVersion(let version): throw Ledger.unknownVersion(path, version)
            case .damaged: break
            case .valid(let header):
                guard header.sender == sender ?? header.sender, header.number == number else {
                    throw SpoolError(
                        .foreignFile,
                        "\(path) was moved there from another spool; move it out, and give it a directory of its own")
                }
                sender = header.sender
                headers[number] = header
            }
        }
        guard let sender else {
            unreadable = numbers
            return
        }
        missing = state.held.values.filter { $0.spans > 0 && !numbers.contains($0.segment) }
            .sorted { $0.segment < $1.segment }
        for number in numbers {
            // What nobody could read when this spool began is not of its sender, and stays as it is.
            if let account = state.held[number], account.isUnreadable {
                unreadable.append(number)
                continue
            }
            let file = try storage.open(Segment.name(number), creates: false)
            let size = try file.size()
            let seed = SpoolHeader(.segment, sender: sender, number: number).seed
            let cut = state.cut
            let isCut = number < cut.segment
            let readFrom = isCut ? size : number == cut.segment ? Int(cut.end) : SpoolHeader.byteCount
            // One that begins elsewhere speaks of records that are sent anew, or were cut since.
            let account = state.held[number].flatMap { Int($0.start) == readFrom ? $0 : nil }
            var survey = try Segment.survey(
                file, seed: seed, size: size, readFrom: readFrom, account: account, readsBodies: readsBodies)
            // A segment has spans before the next begins; the last may have been made just before a crash.
            if account == nil, size < SpoolHeader.byteCount, number != numbers.last, !isCut {
                survey.doubtfulPlaces += 1
            }
            segments.append(
                Found(
                    number: number, seed: seed, survey: survey, size: size, isHeaderDamaged: headers[number] == nil,
                    cutEnd: readFrom,
                    isAccounted: account?.isOfAll == true && account.map { Int($0.spans) } == survey.unreadSpans,
                    isCut: isCut))
        }
    }
}

extension SpoolContents {
    /// The damage of the segments, in words.
    var findings: [String] {
        var findings: [String] = []
        for found in segments {
            let (name, survey) = (Segment.name(found.number), found.survey)
            if found.isShort {
                if survey.isDamaged { findings.append("\(name) is cut before its first record; what it held is lost") }
                continue
            }
            if found.isHeaderDamaged { findings.append("the header of \(name) is damaged; its records are read") }
            if survey.damagedBytes > 0 {
                findings.append("\(survey.damagedBytes.counted("byte")) of \(name) damaged and left out")
            }
            if survey.tornBytes > 0 {
                findings.append("\(survey.tornBytes.counted("byte")) at the end of \(name) cut: no whole record")
            }
            if survey.lostSpans > 0, survey.damagedBytes + survey.tornBytes == 0 {
                findings.append("\(name) ends before its last record; what stood behind is lost")
            }
        }
        let spans = segments.reduce(0) { $0 + $1.survey.unreadWithoutOrigin }
        if spans > 0 {
            findings.append(
                "resource and scope of \(spans.counted("span")) are damaged; sent without")
        }
        for account in missing { findings.append("\(Segment.name(account.segment)) is missing; what it held is lost") }
        for number in unreadable {
            findings.append("\(Segment.name(number)) cannot be read, its header and the ledger being lost; move it out")
        }
        return findings
    }
}

// A process takes over what another left.
extension SpanSpool {
    mutating func takeOver(_ contents: SpoolContents) throws(SpoolError) {
        if contents.ledger.isDamaged {
            findings.append("the ledger is damaged; spans that were sent and not acknowledged are sent again")
        }
        let last = max(contents.segments.last?.number ?? 0, contents.unreadable.last ?? 0)
        nextSegment = max(journal.state.cut.segment, last) + 1
        for found in contents.segments {
            let end = found.survey.end
            let segment = Segment(
                number: found.number, seed: found.seed, end: end, readFrom: found.readFrom,
                unreadSpans: found.survey.unreadSpans, origins: found.survey.origins, syncedEnd: end)
            segments.append(segment)
            diskBytes += segment.end
            unreadSpans += segment.unreadSpans
        }
        heldSpans = unreadSpans
        // Before the spool itself gives something up, which it tells by `takeDropped`.
        restoredDrops = journal.state.untold.counts
        findings += contents.findings
        countLosses(contents)
        try restoreBatches()
        // Of an earlier process's are also those that are lost.
        recoveredSpans = heldSpans + report.droppedSpans
        for number in segments.map(\.number) { removeIfSettled(number) }
    }

    /// Counts what was in no batch and is not there any more: once, for the ledger knows afterwards what is left.
    private mutating func countLosses(_ contents: SpoolContents) {
        for account in contents.missing {
            drop(.spoolDamaged, Int(account.spans), with: [.held(.none(of: account.segment))])
        }
        for (index, found) in contents.segments.enumerated()
        where found.survey.unreadSpans > 0 || found.survey.isDamaged || !found.isCut && !found.isAccounted {
            uncountedLosses += found.survey.doubtfulPlaces
            let end = max(found.size, found.survey.end, found.cutEnd)
            segments[index].accountEnd = end
            if found.isAccounted, !found.survey.isDamaged { continue }
            let left = SpoolAccount(
                segment: found.number, start: found.cutEnd, end: end, spans: found.survey.unreadSpans)
            if found.survey.lostSpans > 0 {
                drop(.spoolDamaged, found.survey.lostSpans, with: [.held(left)])
            } else {
                write([.held(left)])
            }
        }
        uncountedLosses += contents.unreadable.count
        let known = journal.state.held
        for number in contents.unreadable where known[number]?.isUnreadable != true {
            write([.held(.unreadable(number))])
        }
    }

    /// Rebuilds the batches that were cut: numbered parts under their numbers, the rest of them behind.
    private mutating func restoreBatches() throws(SpoolError) {
        let state = journal.state
        var whole: [SpoolRange: EncodedBatch] = [:]
        var skipped: Set<UInt64> = []
        var unnumbered: [RestoredBatch] = []
        for (range, open) in state.open.sorted(by: { ($0.key.segment, $0.key.start) < ($1.key.segment, $1.key.start) })
        {
            let numbered = state.numbered.filter { $0.part?.range == range }
            let known = open.done + numbered.compactMap(\.part?.spans)
            let expected = Int(open.batchSpans)
            guard let payload = try rebuild(range) else {
                giveUp(range, open)
                continue
            }
            let isInParts = !open.done.isEmpty || numbered.contains { $0.part?.count != open.batchSpans }
            if payload.spans == expected || !isInParts {
                let done = open.done.reduce(0) { $0 + $1.count }
                let batch = restore(payload, range, remaining: payload.spans - done)
                whole[range] = batch
                for spans in SpanSpool.gaps(between: known, count: payload.spans) {
                    unnumbered.append(RestoredBatch(batch: batch.part(spans), sequence: 0))
                }
            } else {
                // Spans are missing, so nobody knows which of the others a part meant: all come under new numbers.
                skipped.formUnion(numbered.map(\.sequence))
                write(numbered.map { .unnumbered(sequence: $0.sequence) })
                for entry in numbered { unreported.add(entry.dropped) }
                unnumbered.append(
                    RestoredBatch(batch: restore(payload, range, remaining: payload.spans), sequence: 0))
            }
            spansWithoutOrigin += payload.spansWithoutOrigin
            if payload.spans < expected {
                drop(.spoolDamaged, expected - payload.spans)
                let count = UInt32(payload.spans)
                write([.cut(SpoolPart(range: range, batchSpans: count, first: 0, count: count))])
            }
        }
        // What was found to be missing was written down just now.
        let open = journal.state.open
        for entry in state.numbered where !skipped.contains(entry.sequence) {
            var restoredBatch = EncodedBatch(payload: [], spanCount: 0, queuedBytes: 0, ordinal: 0)
            if let part = entry.part, let batch = whole[part.range] {
                restoredBatch = part.count == open[part.range]?.batchSpans ? batch : batch.part(part.spans)
            }
            restored.append(RestoredBatch(batch: restoredBatch, sequence: entry.sequence, dropped: entry.dropped))
        }
        restored += unnumbered
    }

    /// Nothing of a batch can be read any more.
    private mutating func giveUp(_ range: SpoolRange, _ open: LedgerState.Open) {
        let lost = Int(open.batchSpans) - open.done.reduce(0) { $0 + $1.count }
        drop(.spoolDamaged, lost)
        write([.done(SpoolPart(range: range, batchSpans: open.batchSpans, first: 0, count: open.batchSpans))])
    }

    private mutating func restore(_ read: SpoolRead.Result, _ range: SpoolRange, remaining: Int) -> EncodedBatch {
        heldSpans += remaining
        return batch(
            read.payload,
            Flight(range: range, spans: read.spans, remaining: remaining, position: 0, isWritten: true))
    }

    /// - Returns: `nil` when nothing of it can be read.
    private mutating func rebuild(_ range: SpoolRange) throws(SpoolError) -> SpoolRead.Result? {
        guard let index = segments.firstIndex(where: { $0.number == range.segment }) else { return nil }
        let segment = segments[index]
        let end = min(Int(range.end), segment.end)
        guard Int(range.start) < end else { return nil }
        let read = SpoolRead(
            storage: storage, segment: segment.number, seed: segment.seed, range: Int(range.start)..<end,
            origins: segment.origins, maxBatchSpans: .max, maxBatchBytes: .max)
        let result = try read.perform()
        guard result.spans > 0 else { return nil }
        segments[index].flights += 1
        return result
    }

    /// The ranges of `0 ..< count` that no other covers.
    private static func gaps(between known: [Range<Int>], count: Int) -> [Range<Int>] {
        var gaps: [Range<Int>] = []
        var position = 0
        for range in known.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > position { gaps.append(position..<min(range.lowerBound, count)) }
            position = max(position, range.upperBound)
        }
        if position < count { gaps.append(position..<count) }
        return gaps.filter { !$0.isEmpty }
    }
}
