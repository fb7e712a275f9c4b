import ProtoWire
import SpanModel
import SpanSession

extension Segment {
    /// The findings of a walk over a segment's heads.
    struct Survey: Sendable {
        /// Whole records of spans.
        var spans = 0
        /// Spans at or behind the place up to which all was cut.
        var unreadSpans = 0
        var origins: [UInt16: EncodedOrigin] = [:]
        /// Spans whose bits are wrong; looked for only if bodies are read.
        var damagedSpans = 0
        /// Spans whose bits are right and whose origin cannot be read.
        var spansWithoutOrigin = 0
        /// Both again, of the unread spans.
        var unreadDamagedSpans = 0
        var unreadWithoutOrigin = 0
        /// Behind the last record.
        var end = SpoolHeader.byteCount
        /// Bytes that are no record, and those of damaged copies of an origin.
        var damagedBytes = 0
        /// Bytes behind the last record: of one whose writing was cut short.
        var tornBytes = 0
        /// Spans that were in no batch and are not there any more: what the ledger says there were, and for what it
        /// does not know, one for a damaged place at the least.
        var lostSpans = 0
        /// Damaged places that may have held more, and nobody knows how many.
        var doubtfulPlaces = 0

        /// Spans are lost, or may be.
        var isDamaged: Bool { lostSpans > 0 || doubtfulPlaces > 0 }
    }

    /// - Parameters:
    ///   - readFrom: up to there all was cut.
    ///   - account: what the ledger knows of the records from there on.
    ///   - readsBodies: also of spans, to see whether their bits are right.
    static func survey(
        _ file: any SpoolFile, seed: UInt32, size: Int, readFrom: Int = 0, account: SpoolAccount? = nil,
        readsBodies: Bool = false
    ) throws(SpoolError) -> Survey {
        var survey = Survey()
        var hidden = HiddenSpans()
        var accounted = 0
        var whole: [UInt16: (spans: Int, unread: Int)] = [:]
        let accountEnd = Int(account?.end ?? 0)
        // Of a segment to which nothing was appended afterwards the ledger knows all that it held.
        let countsFrom = account?.isOfAll == true ? .max : max(readFrom, accountEnd)
        var walk = RecordWalk(file, seed: seed, range: SpoolHeader.byteCount..<max(size, SpoolHeader.byteCount))
        while let step = try walk.next({ readsBodies || $0.kind == originKind }) {
            switch step {
            case .gap(let gap):
                survey.damagedBytes += gap.count
                hidden.met(gap: gap, isTwin: try isTwin(file, gap), counts: gap.lowerBound >= countsFrom)
            case .record(let head, let offset, let body):
                hidden.met(head)
                if head.kind == spanKind {
                    let unread = offset >= readFrom ? 1 : 0
                    survey.spans += 1
                    survey.unreadSpans += unread
                    if offset < accountEnd { accounted += unread }
                    if body == nil {
                        survey.damagedSpans += 1
                        survey.unreadDamagedSpans += unread
                    } else {
                        whole[head.tag, default: (0, 0)].spans += 1
                        whole[head.tag, default: (0, 0)].unread += unread
                    }
                } else if head.kind == originKind, let body {
                    if survey.origins[head.tag] == nil { survey.origins[head.tag] = origin(body) }
                } else if head.kind == originKind {
                    survey.damagedBytes += head.bodyBytes
                }
            }
        }
        survey.end = walk.offset
        let tail = walk.offset..<max(size, walk.offset)
        if try isDamaged(file, tail: tail, seed: seed) {
            survey.damagedBytes += tail.count
            hidden.met(gap: tail, isTwin: false, counts: tail.lowerBound >= countsFrom)
        } else {
            survey.tornBytes = tail.count
        }
        hidden.metEnd()
        survey.lostSpans = hidden.count + max(Int(account?.spans ?? 0) - accounted, 0)
        survey.doubtfulPlaces = hidden.doubtfulPlaces
        // It had a header, or what was cut, and who knows what behind that.
        if let account, !account.isOfAll, size < account.start { survey.doubtfulPlaces += 1 }
        for (tag, count) in whole where survey.origins[tag] == nil {
            survey.spansWithoutOrigin += count.spans
            survey.unreadWithoutOrigin += count.unread
        }
        return survey
    }

    /// Whether a record was written there, and its head is damaged. What was cut short while it was written has no
    /// whole head, or one that is right; what a crash of the machine kept from the disk is zeros.
    private static func isDamaged(
        _ file: any SpoolFile, tail: Range<Int>, seed: UInt32
    ) throws(SpoolError) -> Bool {
        let bytes = try file.read(at: tail.lowerBound, upTo: RecordHead.byteCount)
        guard tail.count >= RecordHead.byteCount, bytes.count == RecordHead.byteCount else { return false }
        guard RecordHead(bytes.rawSpan, at: 0, seed: seed, offset: tail.lowerBound) == nil else { return false }
        return bytes.contains { $0 != 0 }
    }

    /// Whether bytes that are no record were two records with the same body, as the copies of an origin are: both heads
    /// say so by their lengths, or the bodies are equal.
    private static func isTwin(_ file: any SpoolFile, _ gap: Range<Int>) throws(SpoolError) -> Bool {
        let half = gap.count / 2
        guard gap.count % 2 == 0, half > RecordHead.byteCount, gap.count <= 1 << 20 else { return false }
        let bytes = try file.read(at: gap.lowerBound, upTo: gap.count)
        guard bytes.count == gap.count else { return false }
        var (first, second) = (SpoolReader(bytes), SpoolReader(bytes, at: half))
        let bodyBytes = UInt32(half - RecordHead.byteCount)
        if first.uint32() == bodyBytes, second.uint32() == bodyBytes { return true }
        return bytes[RecordHead.byteCount..<half] == bytes[(half + RecordHead.byteCount)...]
    }
}
