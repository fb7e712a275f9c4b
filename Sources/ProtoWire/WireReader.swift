/// A cursor over the bytes of one protobuf message and the messages inside it.
///
/// Nothing is copied and nothing allocated by reading; a `string()` or `bytes()` allocates what it returns, never more
/// than the length that the input holds. Fields are read by a loop in the message that knows them:
///
/// ```swift
/// while let key = try reader.nextKey() {
///     switch key.rawValue {
///     case 0x0A: name = try reader.string()
///     case 0x10: count = try reader.varint()
///     default: try reader.unknownField(key, into: &unknownFields)
///     }
/// }
/// ```
///
/// What is accepted follows the reference runtime (upb, through google.protobuf for Python): a key and a length have at
/// most five bytes, another varint ten, of which the bits above the 64th are dropped.
public struct WireReader: ~Escapable {
    @usableFromInline let bytes: RawSpan
    /// The same, for short cuts that have compared their positions.
    @usableFromInline package let payload: PayloadBytes
    @usableFromInline var end: Int
    @usableFromInline var depthLeft: Int
    @usableFromInline var keyStart: Int
    /// `nil` where strings are not shared.
    @usableFromInline package let shared: SharedStrings?
    @usableFromInline package let common: CommonStrings

    @usableFromInline var cursor: Int

    /// How to treat strings that are not UTF-8, and the limits.
    public let options: DecodeOptions

    /// How many strings were repaired so far (`InvalidUTF8Policy.repair`).
    public internal(set) var repairedStrings: Int

    /// The offset of the first string that was repaired.
    public internal(set) var firstRepairOffset: Int?

    /// The next byte to read, counted from the start of the payload.
    @inlinable
    public var offset: Int { cursor }

    /// - Parameter bytes: one whole message.
    /// - Throws: `payload_too_large` when there are more bytes than `options.limits.maxPayloadBytes` or 2^31 - 1.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, options: DecodeOptions = DecodeOptions()) throws(WireError) {
        try self.init(bytes, options: options, shared: nil)
    }

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, options: DecodeOptions, shared: SharedStrings?) throws(WireError) {
        let count = bytes.byteCount
        // Protobuf itself ends at 2 GiB - 1, and short cuts keep positions in 32 bits.
        let limit = min(options.limits.maxPayloadBytes, Int(Int32.max))
        guard count <= limit else {
            throw WireError(.payloadTooLarge, "\(count.counted("byte")), the limit is \(limit)", offset: 0)
        }
        self.bytes = bytes
        self.payload = PayloadBytes(bytes)
        self.end = count
        self.depthLeft = options.limits.maxDepth
        self.keyStart = 0
        self.shared = shared
        self.common = CommonStrings.table
        self.cursor = 0
        self.options = options
        self.repairedStrings = 0
        self.firstRepairOffset = nil
    }

    /// A reader that goes on where a view's cursor stands.
    ///
    /// - Parameters:
    ///   - bytes: of the payload up to the end of the current message.
    ///   - position: of the next byte.
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, at position: Int, keyStart: Int, context: ViewContext) throws(WireError) {
        try self.init(bytes, options: context.options)
        self.cursor = position
        self.keyStart = keyStart
        self.depthLeft = Int(context.depthLeft)
    }

    @inlinable
    @inline(__always)
    func byte(_ position: Int) -> UInt8 {
        // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt8.
        unsafe bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
    }

    /// The next field's key, `nil` at the end of the current message.
    ///
    /// - Throws: `truncated`, `varint_too_long`, `invalid_key`.
    @inlinable
    public mutating func nextKey() throws(WireError) -> FieldKey? {
        guard cursor < end else { return nil }
        keyStart = cursor
        let first = byte(cursor)
        if first < 0x80 && first >= 8 {
            cursor += 1
            return FieldKey(rawValue: UInt32(first))
        }
        return try longKey()
    }

    @usableFromInline
    mutating func longKey() throws(WireError) -> FieldKey {
        let key = try anyKey()
        guard key.number > 0 else { throw WireError(.invalidKey, "field number 0 is not legal", offset: keyStart) }
        return key
    }

    /// A key with any field number, 0 included; sets `keyStart`.
    mutating func anyKey() throws(WireError) -> FieldKey {
        keyStart = cursor
        let raw = try shortVarint("a field key")
        guard raw <= UInt64(UInt32.max) else {
            throw WireError(.invalidKey, "the field key \(raw) is above 2^32 - 1", offset: keyStart)
        }
        return FieldKey(rawValue: UInt32(raw))
    }

    /// A varint of at most five bytes: keys and lengths.
    mutating func shortVarint(_ what: StaticString) throws(WireError) -> UInt64 {
        let start = cursor
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 35 {
            guard cursor < end else { throw WireError(.truncated, "the bytes end inside \(what)", offset: start) }
            let next = byte(cursor)
            cursor += 1
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
        throw WireError(.varintTooLong, "\(what) has no end within 5 bytes", offset: start)
    }

    /// Whether all that is left of the current message is one length-delimited field with this key, of up to 127 bytes;
    /// if so, its key is read. A short cut past the loop for messages that nearly always hold one field.
    @inlinable
    public mutating func takeSoleKey(_ key: UInt8) -> Bool {
        guard end - cursor >= 2, byte(cursor) == key, Int(byte(cursor + 1)) == end - cursor - 2 else { return false }
        guard byte(cursor + 1) < 0x80 else { return false }
        keyStart = cursor
        cursor += 1
        return true
    }

    /// A varint of at most ten bytes; bits above the 64th are dropped.
    ///
    /// - Throws: `truncated`, `varint_too_long`.
    @inlinable
    public mutating func varint() throws(WireError) -> UInt64 {
        if cursor < end {
            let first = byte(cursor)
            if first < 0x80 {
                cursor += 1
                return UInt64(first)
            }
        }
        return try longVarint()
    }

    @usableFromInline
    mutating func longVarint() throws(WireError) -> UInt64 {
        let start = cursor
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 70 {
            guard cursor < end else { throw WireError(.truncated, "the bytes end inside a varint", offset: start) }
            let next = byte(cursor)
            cursor += 1
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
        throw WireError(.varintTooLong, "a varint has no end within 10 bytes", offset: start)
    }

    /// Eight bytes, little-endian.
    ///
    /// - Throws: `truncated`.
    @inlinable
    public mutating func fixed64() throws(WireError) -> UInt64 {
        guard end - cursor >= 8 else { throw truncatedValue(8) }
        // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt64.
        let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: cursor, as: UInt64.self)
        cursor += 8
        return UInt64(littleEndian: value)
    }

    /// Four bytes, little-endian.
    ///
    /// - Throws: `truncated`.
    @inlinable
    public mutating func fixed32() throws(WireError) -> UInt32 {
        guard end - cursor >= 4 else { throw truncatedValue(4) }
        // Proof: checked against the span's bounds by the callee; every bit pattern is a UInt32.
        let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: cursor, as: UInt32.self)
        cursor += 4
        return UInt32(littleEndian: value)
    }

    @usableFromInline
    func truncatedValue(_ width: Int) -> WireError {
        WireError(.truncated, "a value of \(width) bytes has only \(end - cursor)", offset: cursor)
    }

    /// The length in front of a string, bytes or message, checked to lie within the current message.
    ///
    /// - Throws: `truncated`, `varint_too_long`, `invalid_length`.
    @inlinable
    @inline(__always)
    public mutating func length() throws(WireError) -> Int {
        let left = end - cursor
        if left > 0 {
            let first = Int(byte(cursor))
            if first < 0x80 {
                if first < left {
                    cursor += 1
                    return first
                }
            } else if left > 1 {
                let second = Int(byte(cursor + 1))
                let length = first & 0x7F | second << 7
                if second < 0x80 && length < left - 1 {
                    cursor += 2
                    return length
                }
            }
        }
        return try longLength()
    }

    @usableFromInline
    mutating func longLength() throws(WireError) -> Int {
        let start = cursor
        let length = try shortVarint("a length")
        guard length <= UInt64(Int32.max) else {
            throw WireError(.invalidLength, "a length of \(length) is above 2^31 - 1", offset: start)
        }
        guard Int(length) <= end - cursor else {
            throw WireError(
                .invalidLength,
                "a length of \(length) where \(end - cursor == 1 ? "1 byte is" : "\(end - cursor) bytes are") left",
                offset: start)
        }
        return Int(length)
    }

    /// The bytes of a length-delimited field, in place.
    @inlinable
    @_lifetime(copy self)
    public mutating func rawBytes() throws(WireError) -> RawSpan {
        let count = try length()
        let start = cursor
        cursor += count
        return bytes.extracting(start..<start + count)
    }

    /// A copy of the bytes of a length-delimited field.
    @inlinable
    public mutating func byteArray() throws(WireError) -> [UInt8] {
        let span = try rawBytes()
        return [UInt8](copying: span)
    }

    /// Enters the message whose length comes next: until `leaveMessage` with the value returned here, the reader ends
    /// where that message does.
    ///
    /// - Throws: as `length()`, and `too_deep`.
    @inlinable
    public mutating func enterMessage() throws(WireError) -> Int {
        let count = try length()
        try enterLevel()
        let outerEnd = end
        end = cursor + count
        return outerEnd
    }

    /// Goes back to the message around the one that was entered; the inner one must have been read to its end.
    @inlinable
    public mutating func leaveMessage(_ outerEnd: Int) {
        end = outerEnd
        depthLeft += 1
    }

    @inlinable
    mutating func enterLevel() throws(WireError) {
        guard depthLeft > 0 else { throw tooDeep() }
        depthLeft -= 1
    }

    @usableFromInline
    func tooDeep() -> WireError {
        WireError(
            .tooDeep, "more than \(options.limits.maxDepth) messages or groups inside each other", offset: keyStart)
    }

    /// Reads the message whose length comes next into `message`, on top of what it already holds (a sub-message that is
    /// split over several fields is one message).
    @inlinable
    public mutating func merge<Message: WireMessage>(_ message: inout Message) throws(WireError) {
        let outerEnd = try enterMessage()
        try message.merge(from: &self)
        leaveMessage(outerEnd)
    }

    /// Reads the message whose length comes next into a field that may still be absent, in place: a field that comes in
    /// many fragments costs no copy for each.
    @inlinable
    public mutating func merge<Message: WireMessage>(_ message: inout Message?) throws(WireError) {
        if message == nil { message = Message() }
        try merge(&message!)
    }

    /// Reads the message whose length comes next.
    @inlinable
    public mutating func message<Message: WireMessage>(_ type: Message.Type = Message.self) throws(WireError) -> Message
    {
        var message = Message()
        try merge(&message)
        return message
    }

    /// Reads this field's message and those of the same key right behind it, at the end of `messages`.
    ///
    /// Repeated fields stand in runs, so the run is counted first, by its lengths alone, and the array grows once.
    ///
    /// - Parameter key: what `nextKey()` returned last; one byte on the wire, else the messages are read one by one.
    @inlinable
    public mutating func messages<Message: WireMessage>(
        _ key: UInt8, into messages: inout [Message]
    ) throws(WireError) {
        let count = runLength(key)
        // Growing to fit exactly would copy everything for each of many short runs.
        if messages.isEmpty { messages.reserveCapacity(count) }
        var left = count
        while true {
            messages.append(Message())
            try merge(&messages[messages.count - 1])
            left -= 1
            guard left > 0 else { return }
            keyStart = cursor
            cursor += 1
        }
    }

    /// What views inside the current message would share.
    @inlinable
    @inline(__always)
    package var context: ViewContext { ViewContext(bits: UInt32(truncatingIfNeeded: depthLeft)) }

    // MARK: Short cuts that look at the payload themselves

    /// The end of the current message.
    @inlinable
    @inline(__always)
    package var messageEnd: Int { end }

    /// Goes to a field of the current message as if its key had been read.
    ///
    /// - Parameter start: of the key, which has one byte.
    @inlinable
    @inline(__always)
    package mutating func stand(at start: Int) {
        keyStart = start
        cursor = start + 1
    }

    /// Goes to where a short cut has read to.
    @inlinable
    @inline(__always)
    package mutating func stand(behind position: Int) { cursor = position }

    /// How many fields of one key stand here behind each other, the current one (whose key is read) included; at least
    /// 1. Stops at the first that is not whole or has a length of three bytes and more.
    @usableFromInline
    package func runLength(_ key: UInt8) -> Int {
        var count = 0
        var position = cursor
        // Proof for the loads: each is behind a comparison of its place with `end`, which lies inside the payload.
        while position < end {
            var length = Int(payload.byte(unchecked: position))
            position &+= 1
            if length >= 0x80 {
                guard position < end else { break }
                let upper = Int(payload.byte(unchecked: position))
                guard upper < 0x80 else { break }
                length = length & 0x7F | upper << 7
                position &+= 1
            }
            guard length <= end &- position else { break }
            count &+= 1
            position &+= length
            guard position < end, payload.byte(unchecked: position) == key else { break }
            position &+= 1
        }
        return max(count, 1)
    }

    /// The same reader over another part of the payload, with the same depth left.
    ///
    /// - Parameter range: offsets that this reader, or one like it, has told; a clamped range for others.
    @_lifetime(copy self)
    package func over(_ range: Range<Int>) -> WireReader {
        var reader = self
        reader.end = min(max(range.upperBound, 0), bytes.byteCount)
        reader.cursor = min(max(range.lowerBound, 0), reader.end)
        return reader
    }

    /// Counts a message that is read in another way than `enterMessage`.
    ///
    /// - Throws: `too_deep`.
    package mutating func countLevel() throws(WireError) { try enterLevel() }

    // MARK: Fields without a name

    /// Skips the value that belongs to `key` and adds the whole field to `unknownFields`, verbatim.
    ///
    /// - Parameter key: what `nextKey()` returned last.
    /// - Throws: `invalid_wire_type`, `unmatched_group`, and what the value's own reading throws.
    public mutating func unknownField(_ key: FieldKey, into unknownFields: inout UnknownFields) throws(WireError) {
        let start = keyStart
        try skip(key)
        unknownFields.append(bytes.extracting(start..<cursor))
    }

    /// Skips the value that belongs to `key`.
    public mutating func skip(_ key: FieldKey) throws(WireError) {
        let start = keyStart
        switch key.wireType {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed64()
        case .fixed32: _ = try fixed32()
        case .lengthDelimited: cursor += try length()
        case .startGroup: try skipGroup(key.number, openedAt: start)
        case .endGroup:
            throw WireError(.unmatchedGroup, "an end of group \(key.number) that was not opened", offset: start)
        case nil:
            throw WireError(
                .invalidWireType, "wire type \(key.rawValue & 7) in field \(key.number)", offset: start)
        }
    }

    /// Iterative, so that the depth limit alone, not the stack, bounds it.
    private mutating func skipGroup(_ number: UInt32, openedAt start: Int) throws(WireError) {
        var open: [UInt32] = [number]
        try enterLevel()
        while let group = open.last {
            guard cursor < end else {
                throw WireError(.truncated, "group \(number) has no end", offset: start)
            }
            // A field number 0 passes inside an unknown group, as it does in the reference runtime.
            let key = try anyKey()
            switch key.wireType {
            case .startGroup:
                try enterLevel()
                open.append(key.number)
            case .endGroup:
                guard key.number == group else {
                    throw WireError(
                        .unmatchedGroup, "an end of group \(key.number) inside group \(group)", offset: keyStart)
                }
                open.removeLast()
                depthLeft += 1
            default: try skip(key)
            }
        }
    }
}
