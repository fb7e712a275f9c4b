import ProtoWire
import SpanModel

/// Evidence against an innermost record being a span, a log record, a metric or a profile, in points: the fewest points
/// win, and a tie goes to the span.
///
/// A span has ids of 16 and 8 bytes in its fields 1 and 2, a log record a time and a severity (fixed64, varint), a
/// metric two texts. Any of them may be absent, or wrong in a damaged span; so every field counts, not one rule.
///
/// Source: `trace.proto`, `logs.proto`, `metrics.proto` and `profiles.proto` of opentelemetry-proto 1.x.
struct RecordEvidence {
    private var points = (span: 0, log: 0, metric: 0, profile: 0)
    private var isDecided = false

    /// Signal with the fewest points; `nil` when the record is empty, or no message.
    var signal: Signal? {
        guard isDecided else { return nil }
        var best = (signal: Signal.traces, points: points.span)
        for (signal, points) in [(Signal.logs, points.log), (.metrics, points.metric), (.profiles, points.profile)]
        where points < best.points {
            best = (signal, points)
        }
        return best.signal
    }

    // What a fault of each kind weighs: a damaged span has some, a record of another signal has mostly heavier ones.
    private static let wrongType = 4
    private static let wrongContent = 4
    private static let unknownNumber = 3
    private static let oddContent = 2
    private static let missing = 1

    /// Weighs the fields of a record.
    ///
    /// - Parameter isCut: `true` when the record ends behind the payload.
    init(_ payload: RawSpan, _ record: Range<Int>, isCut: Bool) {
        var fields = FieldWalk(payload, record)
        var numbers: UInt32 = 0
        while let field = fields.next() {
            isDecided = true
            guard field.number <= 16 else { continue }
            numbers |= 1 << field.number
            points.span += Self.typePoints(Self.spanTypes, field)
            points.log += Self.typePoints(Self.logTypes, field)
            points.metric += Self.typePoints(Self.metricTypes, field)
            points.profile += Self.typePoints(Self.profileTypes, field)
            // Two ids and a start: no other record can have fewer points, whatever follows. So do nearly all spans end here.
            if field.number == 7, points.span == 0, numbers & 0b110 == 0b110 { return }
            // What is cut off cannot be held against anything.
            guard field.wireType == .lengthDelimited, !fields.isCut else { continue }
            weigh(field.number, Content(payload, field.content))
        }
        if !fields.isClean { isDecided = false }
        if isCut || fields.isCut {
            // What is missing may come behind the end: what is there has to speak for one signal and against all others.
            let others = min(points.log, points.metric, points.profile)
            isDecided = isDecided && (points.span < others || points.span >= others + Self.oddContent)
            return
        }
        let hasTraceID = numbers & 1 << 1 != 0
        points.span += hasTraceID ? 0 : Self.missing
        points.span += numbers & 1 << 2 != 0 ? 0 : Self.missing
        // Its name.
        points.metric += hasTraceID ? 0 : Self.oddContent
        // Its time.
        points.profile += numbers & 1 << 3 != 0 ? 0 : Self.unknownNumber
    }

    private mutating func weigh(_ number: UInt32, _ content: borrowing Content) {
        switch number {
        case 1, 2:
            let isID = content.count == (number == 1 ? 16 : 8)
            points.span += isID ? 0 : content.isEmpty || content.isHexID ? Self.missing : Self.oddContent
            points.metric += content.isText ? 0 : Self.wrongContent
            if content.isHexID || content.isEmpty && number == 1 { points.metric += Self.oddContent }
            points.profile += content.isMessage ? 0 : Self.oddContent
        case 3: points.metric += content.isText ? 0 : Self.wrongContent
        case 5:
            points.span += content.isText ? 0 : Self.oddContent
            points.log += content.isAnyValue ? 0 : Self.wrongContent
            points.metric += content.isEmpty || content.hasPoints ? 0 : Self.wrongContent
            points.profile += content.isMessage ? 0 : Self.oddContent
        case 6: points.log += content.isKeyValue ? 0 : Self.oddContent
        case 7:
            points.metric += content.isEmpty || content.hasPoints ? 0 : Self.oddContent
            points.profile += content.count == 16 ? 0 : Self.oddContent
        case 9:
            points.span += content.isKeyValue ? 0 : Self.oddContent
            points.log += (content.isEmpty || content.count == 16) && !content.isKeyValue ? 0 : Self.oddContent
            points.metric += content.hasPoints ? 0 : Self.oddContent
        case 10:
            points.log += content.isEmpty || content.count == 8 ? 0 : Self.oddContent
            points.metric += content.hasPoints ? 0 : Self.oddContent
        case 11:
            points.span += content.isEvent ? 0 : Self.oddContent
            points.metric += content.hasPoints ? 0 : Self.oddContent
        case 12: points.metric += content.isKeyValue ? 0 : Self.oddContent
        default: break
        }
    }

    // MARK: Wire types

    /// Wire types by field number from 1 on: v for a varint, 8 and 4 for fixed64 and fixed32, b for a length-delimited
    /// field, a blank for a number that the message does not have.
    private static let spanTypes: StaticString = "bbbbbv88bvbvbvb4"
    private static let logTypes: StaticString = "8vb bbv4bb8b    "
    private static let metricTypes: StaticString = "bbb b b bbbb    "
    private static let profileTypes: StaticString = "bb8vbvbvbbb     "

    private static func typePoints(_ types: StaticString, _ field: FieldWalk.Field) -> Int {
        // Proof: every table has 16 letters, and the number is one of 1 to 16 (0 is no field).
        let letter = unsafe types.utf8Start[Int(field.number) - 1]
        if letter == UInt8(ascii: " ") { return unknownNumber }
        let wireType: WireType =
            switch letter {
            case UInt8(ascii: "v"): .varint
            case UInt8(ascii: "8"): .fixed64
            case UInt8(ascii: "4"): .fixed32
            default: .lengthDelimited
            }
        return field.wireType == wireType ? 0 : wrongType
    }
}

/// Content of a field, with tests of what it may be.
private struct Content: ~Escapable {
    let payload: RawSpan
    let range: Range<Int>

    @_lifetime(copy payload)
    init(_ payload: RawSpan, _ range: Range<Int>) {
        self.payload = payload
        self.range = range
    }

    var count: Int { range.count }
    var isEmpty: Bool { range.isEmpty }

    /// `true` for UTF-8 without control characters.
    var isText: Bool {
        let bytes = payload.extracting(range)
        for position in 0..<bytes.byteCount where bytes.byte(at: position) < 0x20 { return false }
        return UTF8Validation.firstInvalidOffset(in: bytes) == nil
    }

    /// `true` for an id written as text, as some senders do by mistake.
    var isHexID: Bool {
        guard count == 32 || count == 16 else { return false }
        for position in range where payload.byte(at: position).hexDigitValue == nil { return false }
        return true
    }

    /// `true` when there are fields to the last byte.
    var isMessage: Bool {
        var fields = FieldWalk(payload, range)
        while fields.next() != nil {}
        return fields.isClean && !fields.isCut
    }

    /// `true` for one member of `AnyValue`'s oneof.
    var isAnyValue: Bool {
        if isEmpty { return true }
        var fields = FieldWalk(payload, range)
        guard let value = fields.next(), !fields.isCut, fields.next() == nil, fields.isClean else { return false }
        switch value.number {
        case 1, 5, 6, 7: return value.wireType == .lengthDelimited
        case 2, 3, 8: return value.wireType == .varint
        case 4: return value.wireType == .fixed64
        default: return false
        }
    }

    /// `true` for a key, mostly with a value.
    var isKeyValue: Bool {
        var fields = FieldWalk(payload, range)
        while let field = fields.next() {
            if field.number <= 2, field.wireType != .lengthDelimited { return false }
        }
        return fields.isClean && !fields.isCut && !isEmpty
    }

    /// `true` for a time, perhaps with a name.
    var isEvent: Bool {
        var fields = FieldWalk(payload, range)
        while let field = fields.next() {
            if field.number == 1, field.wireType != .fixed64 { return false }
        }
        return fields.isClean && !fields.isCut
    }

    /// `true` for a gauge, sum, histogram or summary: messages in field 1, then a temporality and a flag.
    var hasPoints: Bool {
        var fields = FieldWalk(payload, range)
        while let field = fields.next() {
            switch field.number {
            case 1:
                guard field.wireType == .lengthDelimited, Content(payload, field.content).isMessage else {
                    return false
                }
            case 2, 3: if field.wireType != .varint { return false }
            default: return false
            }
        }
        return fields.isClean && !fields.isCut && !isEmpty
    }
}
