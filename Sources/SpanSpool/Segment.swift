import ProtoWire
import SpanModel
import SpanSession

/// A file of spans, as far as the spool knows it.
struct Segment: Sendable {
    let number: UInt64
    let seed: UInt32
    /// Behind the last whole record.
    var end: Int
    /// Before this place everything was cut into batches.
    var readFrom: Int
    /// Spans from there on.
    var unreadSpans = 0
    /// Batches of it that are not settled.
    var flights = 0
    var origins: [UInt16: EncodedOrigin] = [:]
    /// Up to here it is on the disk for certain.
    var syncedEnd = 0

    /// Kind 1: an origin, which the spans behind it name by its tag. Kind 2: a span.
    static let originKind: UInt8 = 1
    static let spanKind: UInt8 = 2

    /// `00000000000004d2.spans`
    static func name(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + suffix
    }

    private static let suffix = ".spans"

    /// `nil` for a name that is no segment's.
    static func number(of name: String) -> UInt64? {
        guard name.utf8.count == 16 + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        return UInt64(name.prefix(16), radix: 16).flatMap { self.name($0) == name ? $0 : nil }
    }

    static func originBody(_ origin: EncodedOrigin) -> [UInt8] {
        let (resource, scope) = (origin.resourceFields, origin.scopeFields)
        var writer = WireAppender(capacity: 512)
        writer.appendFixed32(UInt32(resource.count))
        writer.append(copying: resource.rawSpan)
        writer.append(copying: scope.rawSpan)
        return writer.byteArray()
    }

    static func origin(_ body: [UInt8]) -> EncodedOrigin? {
        var reader = SpoolReader(body)
        let count = Int(reader.uint32())
        guard count <= body.count - 4, !reader.isShort else { return nil }
        return EncodedOrigin(resourceFields: Array(body[4..<4 + count]), scopeFields: Array(body[(4 + count)...]))
    }

    /// What a walk over a segment's heads shows.
    struct Survey: Sendable {
        /// Whole records of spans.
        var spans = 0
        /// Of those, at or behind `readFrom`.
        var unreadSpans = 0
        var origins: [UInt16: EncodedOrigin] = [:]
        /// Of the spans, those whose bits are wrong; looked for only if bodies are read.
        var damagedSpans = 0
        /// Behind the last record.
        var end = SpoolHeader.byteCount
        /// Bytes between records that are no record.
        var damagedBytes = 0
        /// Bytes behind the last record: of one whose writing was cut short.
        var tornBytes = 0
        /// Spans that damaged places at or behind `readFrom` hid, at the least.
        var hiddenSpans = 0
        /// Of the damaged bytes, those behind the last record: of one that was written, and cannot be read.
        var damagedTailBytes = 0
    }

    /// - Parameter readsBodies: also of spans, to see whether their bits are right.
    static func survey(
        _ file: any SpoolFile, seed: UInt32, size: Int, readFrom: Int = 0, readsBodies: Bool = false
    ) throws(SpoolError) -> Survey {
        var survey = Survey()
        var hidden = HiddenSpans()
        var walk = RecordWalk(file, seed: seed, range: SpoolHeader.byteCount..<max(size, SpoolHeader.byteCount))
        while let step = try walk.next({ readsBodies || $0.kind == originKind }) {
            switch step {
            case .gap(let gap):
                survey.damagedBytes += gap.count
                hidden.met(gap: gap, counts: gap.lowerBound >= readFrom)
            case .record(let head, let offset, let body):
                hidden.met(head)
                if head.kind == spanKind {
                    survey.spans += 1
                    if body == nil { survey.damagedSpans += 1 }
                    if offset >= readFrom { survey.unreadSpans += 1 }
                } else if head.kind == originKind, let body, survey.origins[head.tag] == nil {
                    survey.origins[head.tag] = origin(body)
                }
            }
        }
        survey.end = walk.offset
        let tail = walk.offset..<max(size, walk.offset)
        if try isDamaged(file, tail: tail, seed: seed) {
            survey.damagedTailBytes = tail.count
            survey.damagedBytes += tail.count
            hidden.met(gap: tail, counts: tail.lowerBound >= readFrom)
        } else {
            survey.tornBytes = tail.count
        }
        hidden.metEnd()
        survey.hiddenSpans = hidden.count
        return survey
    }

    /// Whether a record was written there, and its head is damaged. What was cut short while it was written has no whole
    /// head, or one that is right; what a crash of the machine kept from the disk is zeros.
    private static func isDamaged(
        _ file: any SpoolFile, tail: Range<Int>, seed: UInt32
    ) throws(SpoolError) -> Bool {
        let bytes = try file.read(at: tail.lowerBound, upTo: RecordHead.byteCount)
        guard tail.count >= RecordHead.byteCount, bytes.count == RecordHead.byteCount else { return false }
        guard RecordHead(bytes.rawSpan, at: 0, seed: seed, offset: tail.lowerBound) == nil else { return false }
        return bytes.contains { $0 != 0 }
    }
}
