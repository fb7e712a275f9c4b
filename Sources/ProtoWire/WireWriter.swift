/// Buffer into which messages are encoded back to front, in one pass.
///
/// The length in front of a sub-message is known once its bytes stand behind it. So nothing is measured first and
/// nothing is moved: the writer fills its buffer from the end towards the start, and **what is prepended last comes
/// first** in the bytes. An encoder therefore puts its highest field first and walks repeated fields backwards:
///
/// ```swift
/// let mark = writer.count
/// child.encode(to: &writer)
/// writer.prependLength(since: mark, key: 0x12)   // field 2, a message
/// writer.prependString(name, key: 0x0A)          // field 1
/// ```
///
/// The buffer grows by doubling and is kept by `reset()`, so a writer that is used again allocates nothing.
///
/// Proof for all below: a writer cannot be copied, and nobody else has its pointer, so it may go from thread to thread;
/// the buffer is freed in `deinit` alone or when a larger one takes its place; `open(n)` leaves `start >= 0` with n
/// writable bytes from `start` on, and stores go nowhere else.
@safe
public struct WireWriter: ~Copyable, @unchecked Sendable {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    /// Index of the first byte in use; bytes in use are `start ..< capacity`.
    @usableFromInline var start: Int

    /// Creates an empty writer.
    ///
    /// - Parameter capacity: bytes to set aside at once, at least 64.
    public init(capacity: Int = 1024) {
        let size = max(capacity, 64)
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        self.capacity = size
        start = size
    }

    deinit { unsafe base.deallocate() }

    /// Number of bytes that are written.
    @inlinable
    public var count: Int { capacity - start }

    /// Removes everything that is written and keeps the buffer.
    @inlinable
    public mutating func reset() { start = capacity }

    /// Written bytes, in place; valid until the next change.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            // Proof: start ... capacity lies in the allocation, which lives as long as self and is written before
            // start moves over it; the span borrows self, so nothing is prepended while it lives.
            let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base + start), byteCount: capacity - start)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Returns a copy of the written bytes.
    public func byteArray() -> [UInt8] { [UInt8](copying: bytes) }

    /// Makes room for `byteCount` bytes in front of `start` and moves `start` over them.
    @inlinable
    @inline(__always)
    mutating func open(_ byteCount: Int) {
        if start < byteCount { grow(byteCount) }
        start -= byteCount
    }

    @usableFromInline
    mutating func grow(_ byteCount: Int) {
        let used = count
        let size = max(capacity * 2, used + byteCount)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        // Proof: both ranges hold `used` bytes of their own allocations, and the allocations are distinct.
        unsafe (larger + (size - used)).copyMemory(from: base + start, byteCount: used)
        unsafe base.deallocate()
        unsafe base = larger
        capacity = size
        start = size - used
    }

    /// Prepends a varint (1 to 10 bytes, shortest form).
    @inlinable
    public mutating func prependVarint(_ value: UInt64) {
        if value < 0x80 {
            open(1)
            unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: start, as: UInt8.self)
        } else {
            prependLongVarint(value)
        }
    }

    @usableFromInline
    mutating func prependLongVarint(_ value: UInt64) {
        let width = (70 - value.leadingZeroBitCount) / 7
        open(width)
        var rest = value
        var position = start
        while rest >= 0x80 {
            unsafe base.storeBytes(
                of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: position, as: UInt8.self)
            rest >>= 7
            position += 1
        }
        unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: position, as: UInt8.self)
    }

    /// Prepends a key, given by its raw value: `number << 3 | wireType`.
    @inlinable
    @inline(__always)
    public mutating func prependKey(_ key: UInt32) { prependVarint(UInt64(key)) }

    /// Prepends bytes that are encoded already.
    @inlinable
    public mutating func prependRaw(_ span: borrowing RawSpan) {
        let size = span.byteCount
        open(size)
        unsafe span.withUnsafeBytes { source in
            guard let from = source.baseAddress else { return }
            unsafe (base + start).copyMemory(from: from, byteCount: size)
        }
    }

    /// Prepends bytes that are encoded already.
    @inlinable
    public mutating func prependRaw(_ bytes: [UInt8]) { prependRaw(bytes.rawSpan) }

    /// Prepends eight bytes, the least significant first.
    @inlinable
    public mutating func prependRaw(littleEndian value: UInt64) {
        open(8)
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: start, as: UInt64.self)
    }

    /// Prepends a key and the length of everything written since `mark`, an earlier `count` of this writer.
    @inlinable
    public mutating func prependLength(since mark: Int, key: UInt32) {
        prependVarint(UInt64(truncatingIfNeeded: count - mark))
        prependKey(key)
    }

    // MARK: Whole fields; the plain forms leave out proto3's default value

    /// Prepends a varint field; left out when 0.
    @inlinable
    public mutating func prependVarint(_ value: UInt64, key: UInt32) {
        if value != 0 { prependPresentVarint(value, key: key) }
    }

    /// Prepends a varint field, even when 0 (members of a oneof).
    @inlinable
    public mutating func prependPresentVarint(_ value: UInt64, key: UInt32) {
        prependVarint(value)
        prependKey(key)
    }

    /// Prepends a fixed64 field; left out when 0.
    @inlinable
    public mutating func prependFixed64(_ value: UInt64, key: UInt32) {
        if value != 0 { prependPresentFixed64(value, key: key) }
    }

    /// Prepends a fixed64 field, even when 0.
    @inlinable
    public mutating func prependPresentFixed64(_ value: UInt64, key: UInt32) {
        prependRaw(littleEndian: value)
        prependKey(key)
    }

    /// Prepends a fixed32 field; left out when 0.
    @inlinable
    public mutating func prependFixed32(_ value: UInt32, key: UInt32) {
        guard value != 0 else { return }
        open(4)
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: start, as: UInt32.self)
        prependKey(key)
    }

    /// Prepends a string field; left out when empty.
    @inlinable
    public mutating func prependString(_ value: String, key: UInt32) {
        if !value.isEmpty { prependPresentString(value, key: key) }
    }

    /// Prepends a string field, even when empty.
    @inlinable
    public mutating func prependPresentString(_ value: String, key: UInt32) {
        let size = value.utf8.count
        open(size)
        // Proof: the buffer has `size` bytes, which `open` made room for; a native string lends its storage in place,
        // without a copy.
        let isCopied: Void? = unsafe value.utf8.withContiguousStorageIfAvailable { source in
            guard let from = source.baseAddress else { return }
            unsafe (base + start).copyMemory(from: from, byteCount: size)
        }
        if isCopied == nil { copyForeignString(value) }
        prependVarint(UInt64(truncatingIfNeeded: size))
        prependKey(key)
    }

    /// Stores a string that is bridged from elsewhere byte by byte, where `open` made room for it.
    @usableFromInline
    mutating func copyForeignString(_ value: String) {
        var position = start
        for byte in value.utf8 {
            unsafe base.storeBytes(of: byte, toByteOffset: position, as: UInt8.self)
            position += 1
        }
    }

    /// Prepends a bytes field; left out when empty.
    @inlinable
    public mutating func prependBytes(_ value: [UInt8], key: UInt32) {
        if !value.isEmpty { prependPresentBytes(value, key: key) }
    }

    /// Prepends a bytes field, even when empty.
    @inlinable
    public mutating func prependPresentBytes(_ value: [UInt8], key: UInt32) {
        prependRaw(value)
        prependVarint(UInt64(truncatingIfNeeded: value.count))
        prependKey(key)
    }

    /// Prepends a message field, even when the message is empty.
    @inlinable
    public mutating func prependMessage<Message: WireMessage & ~Copyable>(_ message: borrowing Message, key: UInt32) {
        message.encode(to: &self, key: key)
    }

    /// Prepends a repeated message field, in the order of the array.
    @inlinable
    public mutating func prependMessages<Message: WireMessage>(_ messages: [Message], key: UInt32) {
        prependMessages(messages.span, key: key)
    }

    /// Prepends a repeated message field. The elements may be noncopyable, so each is encoded in place.
    @inlinable
    public mutating func prependMessages<Message: WireMessage & ~Copyable>(_ messages: Span<Message>, key: UInt32) {
        var index = messages.count
        while index > 0 {
            index -= 1
            prependMessage(messages[index], key: key)
        }
    }

    /// Prepends a repeated string field, in the order of the array.
    @inlinable
    public mutating func prependStrings(_ values: [String], key: UInt32) {
        let span = values.span
        var index = span.count
        while index > 0 {
            index -= 1
            prependPresentString(span[index], key: key)
        }
    }

    /// Prepends the fields that the schema does not name.
    @inlinable
    public mutating func prependUnknown(_ fields: UnknownFields) {
        if let bytes = fields.storage { prependRaw(bytes) }
    }
}
