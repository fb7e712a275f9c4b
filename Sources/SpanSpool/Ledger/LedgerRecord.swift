import ProtoWire
import SpanModel
import SpanSession

/// Records of one segment that make up a batch: where the first begins and the last ends.
package struct SpoolRange: Sendable, Hashable {
    /// The number of the segment.
    package var segment: UInt64
    /// The offset in the segment at which the records begin.
    package var start: UInt32
    /// The offset in the segment at which the records end.
    package var end: UInt32

    /// Makes a range of records.
    package init(segment: UInt64, start: UInt32, end: UInt32) {
        self.segment = segment
        self.start = start
        self.end = end
    }
}

/// A part of a batch as it was cut from a segment: some of its spans that stand side by side, or all of them.
package struct SpoolPart: Sendable, Hashable {
    /// The records of the batch in its segment.
    package var range: SpoolRange
    /// The number of spans of the whole batch.
    package var batchSpans: UInt32
    /// The index of the part's first span, in the order of the batch's payload.
    package var first: UInt32
    /// The number of spans of the part.
    package var count: UInt32

    var spans: Range<Int> { Int(first)..<Int(first) + Int(count) }
}

/// Records of a segment that were in no batch yet when the ledger was told of them.
package struct SpoolAccount: Sendable, Hashable {
    /// The number of the segment.
    package var segment: UInt64
    /// The places in the segment at which they begin and end.
    package var start: UInt32
    /// The offset in the segment at which the records end.
    package var end: UInt32
    /// The number of spans among them.
    package var spans: UInt32

    /// Makes an account; what is out of range is clamped.
    package init(segment: UInt64, start: Int, end: Int, spans: Int) {
        self.segment = segment
        self.start = UInt32(clamping: start)
        self.end = UInt32(clamping: end)
        self.spans = UInt32(clamping: spans)
    }

    /// Returns the account of a segment of which nothing is known any more.
    static func none(of segment: UInt64) -> SpoolAccount { SpoolAccount(segment: segment, start: 0, end: 0, spans: 0) }

    /// Returns the account of a segment of which nothing can be read, not even who wrote it: no segment's records begin
    /// at 0.
    static func unreadable(_ segment: UInt64) -> SpoolAccount {
        SpoolAccount(segment: segment, start: 0, end: .max, spans: 0)
    }

    var isUnreadable: Bool { start == 0 && end > 0 }

    /// `true` when the account was told when the segment was written to its end; else it only tells that the segment was
    /// begun.
    var isOfAll: Bool { end > SpoolHeader.byteCount && end >= start }
}

/// A record of a ledger. docs/spool.md has the bytes.
package enum LedgerRecord: Sendable, Hashable {
    /// Kind 1. A part got a number, or without one, drop counts did.
    case numbered(sequence: UInt64, part: SpoolPart?, dropped: [DropCount])
    /// Kind 2. The number is skipped; its part comes again under others.
    case unnumbered(sequence: UInt64)
    /// Kind 3. Everything up to this number is stored.
    case stored(through: UInt64)
    /// Kind 4. The part is done without a number; the drop that it may be is a record of its own.
    case done(SpoolPart)
    /// Kind 5. Spans were given up, and no number tells of it yet.
    case dropped([DropCount])
    /// Kind 6. The part's batch was cut; of what the earlier records of this ledger say, this is the shortest form.
    case cut(SpoolPart)
    /// Kind 7. No number up to this one is free; everything before the place was cut.
    case position(sequence: UInt64, segment: UInt64, offset: UInt32)
    /// Kind 8. So many spans were there, so that the next process knows how many it misses.
    case held(SpoolAccount)

    var kind: UInt8 {
        switch self {
        case .numbered: 1
        case .unnumbered: 2
        case .stored: 3
        case .done: 4
        case .dropped: 5
        case .cut: 6
        case .position: 7
        case .held: 8
        }
    }

    var body: [UInt8] {
        var writer = WireAppender(capacity: 128)
        switch self {
        case .numbered(let sequence, let part, let dropped):
            writer.appendFixed64(sequence)
            LedgerRecord.append(part, to: &writer)
            LedgerRecord.append(dropped, to: &writer)
        case .unnumbered(let sequence), .stored(let sequence): writer.appendFixed64(sequence)
        case .done(let part), .cut(let part): LedgerRecord.append(part, to: &writer)
        case .dropped(let dropped): LedgerRecord.append(dropped, to: &writer)
        case .position(let sequence, let segment, let offset):
            writer.appendFixed64(sequence)
            writer.appendFixed64(segment)
            writer.appendFixed32(offset)
        case .held(let account):
            writer.appendFixed64(account.segment)
            for value in [account.start, account.end, account.spans] { writer.appendFixed32(value) }
        }
        return writer.byteArray()
    }

    /// `nil` for a kind or a length that this version does not know.
    init?(kind: UInt8, body: [UInt8]) {
        var reader = SpoolReader(body)
        switch kind {
        case 1:
            let sequence = reader.uint64()
            let part = LedgerRecord.part(&reader)
            self = .numbered(sequence: sequence, part: part, dropped: LedgerRecord.drops(&reader))
        case 2: self = .unnumbered(sequence: reader.uint64())
        case 3: self = .stored(through: reader.uint64())
        case 4, 6:
            guard let part = LedgerRecord.part(&reader) else { return nil }
            self = kind == 4 ? .done(part) : .cut(part)
        case 5: self = .dropped(LedgerRecord.drops(&reader))
        case 7:
            let (sequence, segment) = (reader.uint64(), reader.uint64())
            self = .position(sequence: sequence, segment: segment, offset: reader.uint32())
        case 8:
            var account = SpoolAccount(segment: reader.uint64(), start: 0, end: 0, spans: 0)
            (account.start, account.end, account.spans) = (reader.uint32(), reader.uint32(), reader.uint32())
            self = .held(account)
        default: return nil
        }
        guard !reader.isShort, reader.isAtEnd else { return nil }
    }

    /// 28 bytes; segment 0 for no part.
    private static func append(_ part: SpoolPart?, to writer: inout WireAppender) {
        writer.appendFixed64(part?.range.segment ?? 0)
        for value in [part?.range.start, part?.range.end, part?.batchSpans, part?.first, part?.count] {
            writer.appendFixed32(value ?? 0)
        }
    }

    private static func part(_ reader: inout SpoolReader) -> SpoolPart? {
        let segment = reader.uint64()
        let range = SpoolRange(segment: segment, start: reader.uint32(), end: reader.uint32())
        let part = SpoolPart(range: range, batchSpans: reader.uint32(), first: reader.uint32(), count: reader.uint32())
        return segment == 0 ? nil : part
    }

    /// Drop counts to the end of the body: count, length of the reason, reason.
    private static func append(_ dropped: [DropCount], to writer: inout WireAppender) {
        for count in dropped {
            writer.appendFixed64(count.spans)
            let reason = [UInt8](count.reason.utf8)
            writer.append(UInt8(truncatingIfNeeded: reason.count))
            writer.append(UInt8(truncatingIfNeeded: reason.count >> 8))
            writer.append(copying: reason.rawSpan)
        }
    }

    private static func drops(_ reader: inout SpoolReader) -> [DropCount] {
        var dropped: [DropCount] = []
        while !reader.isAtEnd, !reader.isShort {
            let spans = reader.uint64()
            dropped.append(DropCount(reason: reader.string(), spans: spans))
        }
        return dropped
    }
}
