/// Cursor over the bytes of one protobuf message and the messages inside it.
///
/// Reading copies nothing and allocates nothing. `string()` and `byteArray()` allocate the value that they return,
/// never more than the length that the input holds. Fields are read by a loop in the message that knows them:
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
/// Accepted payloads are those of the reference runtime (upb, through google.protobuf for Python): a key and a length
/// have at most five bytes, another varint ten, of which the bits above the 64th are dropped.
public struct WireReader: ~Escapable {
    @usableFromInline let bytes: RawSpan
    /// Payload for fast paths that have compared their offsets.
    @usableFromInline package let payload: PayloadBytes
    @usableFromInline var end: Int
    @usableFromInline var depthLeft: Int
    @usableFromInline var keyStart: Int
    /// Strings that were met before; `nil` when strings are not shared.
    @usableFromInline package let shared: SharedStrings?
    /// Strings that stand in nearly every payload.
    @usableFromInline package let common: CommonStrings

    @usableFromInline var cursor: Int

    /// Limits, and the treatment of strings that are not UTF-8.
    public let options: DecodeOptions

    /// Number of strings that were repaired so far (`InvalidUTF8Policy.repair`).
    public internal(set) var repairedStrings: Int

    /// Offset of the first string that was repaired; `nil` when there was none.
    public internal(set) var firstRepairOffset: Int?

    /// Offset of the next byte to read, from the start of the payload.
    @inlinable
    public var offset: Int { cursor }

    /// Creates a reader at the start of a message.
    ///
    /// - Parameters:
    ///   - bytes: one whole message.
    ///   - options: limits, and what becomes of strings that are not UTF-8.
    /// - Throws: `payloadTooLarge` when there are more bytes than `options.limits.maxPayloadBytes` or 2^31 - 1.
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

    /// Creates a reader that goes on at a view's cursor.
    ///
    /// - Parameters:
    ///   - bytes: payload up to the end of the current message.
    ///   - position: offset of the next byte.
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

    /// Reads the next field's key; `nil` at the end of the current message.
    ///
    /// - Throws: `truncated`, `varintTooLong`, `invalidKey`.
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

    /// Reads a key with any field number, 0 included, and sets `keyStart`.
    mutating func anyKey() throws(WireError) -> FieldKey {
        keyStart = cursor
        let raw = try shortVarint("a field key")
        guard raw <= UInt64(UInt32.max) else {
            throw WireError(.invalidKey, "the field key \(raw) is above 2^32 - 1", offset: keyStart)
        }
        return FieldKey(rawValue: UInt32(raw))
    }

    /// Reads a varint of at most five bytes: a key or a length.
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

    /// Reads a key if the rest of the current message is one length-delimited field with this key, of up to 127 bytes.
    /// A fast path past the loop for messages that nearly always hold one field.
    ///
    /// - Returns: `false`, with nothing read, for another form.
    @inlinable
    public mutating func takeSoleKey(_ key: UInt8) -> Bool {
        guard end - cursor >= 2, byte(cursor) == key, Int(byte(cursor + 1)) == end - cursor - 2 else { return false }
        guard byte(cursor + 1) < 0x80 else { return false }
        keyStart = cursor
        cursor += 1
        return true
    }

    /// Reads a varint of at most ten bytes; bits above the 64th are dropped.
    ///
    /// - Throws: `truncated`, `varintTooLong`.
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

    /// Reads eight bytes, little-endian.
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

    /// Reads four bytes, little-endian.
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

    /// Reads the length in front of a string, bytes or message, checked to lie within the current message.
    ///
    /// - Throws: `truncated`, `varintTooLong`, `invalidLength`.
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

    /// Reads the bytes of a length-delimited field, in place.
    ///
    /// - Throws: the errors of `length()`.
    @inlinable
    @_lifetime(copy self)
    public mutating func rawBytes() throws(WireError) -> RawSpan {
        let count = try length()
        let start = cursor
        cursor += count
        return bytes.extracting(start..<start + count)
    }

    /// Reads a copy of the bytes of a length-delimited field.
    ///
    /// - Throws: the errors of `length()`.
    @inlinable
    public mutating func byteArray() throws(WireError) -> [UInt8] {
        let span = try rawBytes()
        return [UInt8](copying: span)
    }

    /// Enters the message whose length comes next. Until `leaveMessage` is called with the value returned here, the
    /// reader ends at the end of that message.
    ///
    /// - Throws: `tooDeep`; the errors of `length()`.
    @inlinable
    public mutating func enterMessage() throws(WireError) -> Int {
        let count = try length()
        try enterLevel()
        let outerEnd = end
        end = cursor + count
        return outerEnd
    }

    /// Returns to the message around the one that was entered; the inner one must have been read to its end.
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

    /// Reads the message whose length comes next on top of the fields that `message` holds: a sub-message that is split
    /// over several fields is one message.
    ///
    /// - Throws: `tooDeep`; the errors of `length()` and of the message's own `merge(from:)`.
    @inlinable
    public mutating func merge<Message: WireMessage>(_ message: inout Message) throws(WireError) {
        let outerEnd = try enterMessage()
        try message.merge(from: &self)
        leaveMessage(outerEnd)
    }

    /// Reads the message whose length comes next on top of a field that may be absent. It is read in place, so that a
    /// field in many fragments costs no copy for each.
    ///
    /// - Throws: `tooDeep`; the errors of `length()` and of the message's own `merge(from:)`.
    @inlinable
    public mutating func merge<Message: WireMessage>(_ message: inout Message?) throws(WireError) {
        if message == nil { message = Message() }
        try merge(&message!)
    }

    /// Reads the message whose length comes next.
    ///
    /// - Throws: `tooDeep`; the errors of `length()` and of the message's own `merge(from:)`.
    @inlinable
    public mutating func message<Message: WireMessage>(_ type: Message.Type = Message.self) throws(WireError) -> Message
    {
        var message = Message()
        try merge(&message)
        return message
    }

    /// Reads this field's message and those of the same key right behind it, and appends them to `messages`.
    ///
    /// Repeated fields stand in runs, so the run is counted first, by its lengths alone, and the array grows once.
    ///
    /// - Parameters:
    ///   - key: what `nextKey()` returned last; one byte on the wire, else the messages are read one by one.
    ///   - messages: the list that the messages are added to.
    /// - Throws: `tooDeep`; the errors of `length()` and of the message's own `merge(from:)`.
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

    /// Context of a view inside the current message.
    @inlinable
    @inline(__always)
    package var context: ViewContext { ViewContext(bits: UInt32(truncatingIfNeeded: depthLeft)) }

    // MARK: Short cuts that look at the payload themselves

    /// Offset at which the current message ends.
    @inlinable
    @inline(__always)
    package var messageEnd: Int { end }

    /// Moves to a field of the current message as if its key had been read.
    ///
    /// - Parameter start: offset of the key, which has one byte.
    @inlinable
    @inline(__always)
    package mutating func stand(at start: Int) {
        keyStart = start
        cursor = start + 1
    }

    /// Moves to the offset that a fast path has read to.
    @inlinable
    @inline(__always)
    package mutating func stand(behind position: Int) { cursor = position }

    /// Returns the number of fields of one key that stand here one behind the other, the current one (whose key is
    /// read) included; at least 1. The count stops at the first field that is not whole or has a length of three bytes
    /// or more.
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

    /// Returns a reader over another part of the payload, with the same depth left.
    ///
    /// - Parameter range: offsets that this reader, or one of the same payload, has returned; other ranges are clamped.
    @_lifetime(copy self)
    package func over(_ range: Range<Int>) -> WireReader {
        var reader = self
        reader.end = min(max(range.upperBound, 0), bytes.byteCount)
        reader.cursor = min(max(range.lowerBound, 0), reader.end)
        return reader
    }

    /// Counts a message that is read in another way than by `enterMessage`.
    ///
    /// - Throws: `tooDeep`.
    package mutating func countLevel() throws(WireError) { try enterLevel() }

    // MARK: Fields without a name

    /// Skips the value that belongs to `key` and appends the whole field to `unknownFields`, byte for byte.
    ///
    /// - Parameters:
    ///   - key: what `nextKey()` returned last.
    ///   - unknownFields: the fields that this one is added to.
    /// - Throws: the errors of `skip(_:)`.
    public mutating func unknownField(_ key: FieldKey, into unknownFields: inout UnknownFields) throws(WireError) {
        let start = keyStart
        try skip(key)
        unknownFields.append(bytes.extracting(start..<cursor))
    }

    /// Skips the value that belongs to `key`.
    ///
    /// - Throws: `invalidWireType`, `unmatchedGroup`, `tooDeep`, `truncated`, `varintTooLong`, `invalidLength`; inside
    ///   a group also `invalidKey`.
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

    /// Skips a group. Iterative, so that the depth limit alone, not the stack, bounds it.
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
