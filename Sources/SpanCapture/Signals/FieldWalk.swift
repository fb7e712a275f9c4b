import ProtoWire

/// Walk over the fields of one encoded message in a part of a payload, without a schema and without limits: for looking
/// at unknown bytes.
///
/// A field in which the payload ends is returned as far as it exists; `isClean` is `false` once something stood there
/// that no message has.
struct FieldWalk: ~Escapable {
    /// One field.
    struct Field {
        var number: UInt32
        var wireType: WireType
        /// Range of the content in the payload; for a varint, of its bytes.
        var content: Range<Int>
    }

    private let payload: RawSpan
    private var cursor: Int
    private let end: Int
    /// `true` while nothing but fields was met.
    private(set) var isClean = true
    /// `true` when the last field returned ends behind the payload.
    private(set) var isCut = false

    @_lifetime(copy payload)
    init(_ payload: RawSpan, _ range: Range<Int>) {
        self.payload = payload
        cursor = range.lowerBound
        end = range.upperBound
    }

    /// Returns the next field; `nil` at the end, and when no field stands here.
    mutating func next() -> Field? {
        guard isClean, !isCut, cursor < end else { return nil }
        guard let key = varint() else { return stop() }
        guard key >> 3 > 0, key <= UInt64(UInt32.max), let wireType = WireType(rawValue: UInt8(key & 7)) else {
            return fail()
        }
        let number = UInt32(key >> 3)
        let start = cursor
        switch wireType {
        case .varint:
            guard varint() != nil else { return stop() }
        case .fixed64: cursor += 8
        case .fixed32: cursor += 4
        case .lengthDelimited:
            guard let length = varint() else { return stop() }
            guard length <= UInt64(Int32.max) else { return fail() }
            let contentStart = cursor
            cursor += Int(length)
            return field(number, wireType, contentStart)
        case .startGroup:
            guard skipGroup() else { return nil }
        case .endGroup: return fail()
        }
        return field(number, wireType, start)
    }

    /// Moves behind the end of the group that was opened; `false` when it has none.
    private mutating func skipGroup() -> Bool {
        var depth = 1
        while depth > 0, cursor < end {
            guard let key = varint() else { break }
            switch WireType(rawValue: UInt8(key & 7)) {
            case .varint: _ = varint()
            case .fixed64: cursor += 8
            case .fixed32: cursor += 4
            case .lengthDelimited:
                guard let length = varint(), length <= UInt64(Int32.max) else { return fail() != nil }
                cursor += Int(length)
            case .startGroup: depth += 1
            case .endGroup: depth -= 1
            case nil: return fail() != nil
            }
        }
        return depth == 0 || stop() != nil
    }

    private mutating func field(_ number: UInt32, _ wireType: WireType, _ start: Int) -> Field? {
        if cursor > end {
            // Past the message around it, but not past the payload: that is no field.
            guard end == payload.byteCount else { return fail() }
            isCut = true
            cursor = end
        }
        return Field(number: number, wireType: wireType, content: min(start, end)..<cursor)
    }

    /// Notes that the end came inside a key, a length or a varint.
    private mutating func stop() -> Field? {
        if cursor >= end, end == payload.byteCount { isCut = true } else { isClean = false }
        return nil
    }

    private mutating func fail() -> Field? {
        isClean = false
        return nil
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while cursor < end, shift < 70 {
            let byte = payload.byte(at: cursor)
            cursor += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
