/// Buffer into which messages are encoded front to back, for producers that meet a message's first field first and
/// learn its length at its end, such as readers of text. `WireWriter` is faster where the order is free.
///
/// Room for a length is set aside in front of a message and filled in behind it. When the guess of its width was wrong,
/// the message is moved by a few bytes, so a byte is moved at most once for each message around it.
///
/// ```swift
/// let mark = appender.openMessage(key: 0x12, lengthWidth: 1)   // field 2, a message
/// appender.appendString(name, key: 0x0A)
/// let width = appender.closeMessage(mark, lengthWidth: 1)
/// ```
///
/// Proof for all below: the buffer is the value's own and freed in `deinit` alone or when a larger one takes its place;
/// `open(n)` leaves n writable bytes behind the first `count`, and stores go nowhere else.
@safe
public struct WireAppender: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// Number of bytes that are written.
    public private(set) var count = 0

    /// Creates an empty buffer.
    ///
    /// - Parameter capacity: bytes to set aside at once, at least 64. Memory is only used once it is written to.
    public init(capacity: Int = 1024) {
        let size = max(capacity, 64)
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        self.capacity = size
    }

    deinit { unsafe base.deallocate() }

    /// Removes everything that is written and keeps the buffer.
    public mutating func reset() { count = 0 }

    /// Removes everything that was written after `count` had this value.
    ///
    /// - Parameter mark: earlier value of `count`; clamped to 0 ... `count`.
    public mutating func truncate(to mark: Int) { count = min(max(mark, 0), count) }

    /// Written bytes, in place; valid until the next change.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            // Proof: the first `count` bytes of the allocation are initialised, since count only grows over what was
            // stored; the allocation lives as long as self, which the span borrows.
            let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Returns a copy of the written bytes.
    public func byteArray() -> [UInt8] { [UInt8](copying: bytes) }

    @inline(__always)
    private mutating func open(_ byteCount: Int) {
        if capacity - count < byteCount { grow(byteCount) }
    }

    private mutating func grow(_ byteCount: Int) {
        let size = max(capacity * 2, count + byteCount)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        // Proof: both allocations hold `count` bytes and are distinct.
        unsafe larger.copyMemory(from: base, byteCount: count)
        unsafe base.deallocate()
        unsafe base = larger
        capacity = size
    }

    // MARK: Values

    /// Appends one byte.
    public mutating func append(_ byte: UInt8) {
        open(1)
        unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends bytes.
    public mutating func append(copying span: borrowing RawSpan) {
        let size = span.byteCount
        open(size)
        unsafe span.withUnsafeBytes { source in
            guard let from = source.baseAddress else { return }
            unsafe (base + count).copyMemory(from: from, byteCount: size)
        }
        count += size
    }

    /// Appends a varint (1 to 10 bytes, shortest form).
    public mutating func appendVarint(_ value: UInt64) {
        open(10)
        count += storeVarint(value, at: count)
    }

    /// Stores a varint at an offset and returns its length in bytes.
    private mutating func storeVarint(_ value: UInt64, at start: Int) -> Int {
        var rest = value
        var position = start
        while rest >= 0x80 {
            unsafe base.storeBytes(
                of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: position, as: UInt8.self)
            rest >>= 7
            position += 1
        }
        unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: position, as: UInt8.self)
        return position + 1 - start
    }

    /// Appends eight bytes, the least significant first.
    public mutating func appendFixed64(_ value: UInt64) {
        open(8)
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt64.self)
        count += 8
    }

    /// Appends four bytes, the least significant first.
    public mutating func appendFixed32(_ value: UInt32) {
        open(4)
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt32.self)
        count += 4
    }

    /// Appends a length-delimited field with content that is encoded already.
    ///
    /// - Parameters:
    ///   - content: bytes of the field, without key and length.
    ///   - key: the key's raw value: `number << 3 | wireType`.
    public mutating func appendField(_ content: borrowing RawSpan, key: UInt32) {
        appendVarint(UInt64(key))
        appendVarint(UInt64(content.byteCount))
        append(copying: content)
    }

    /// Appends a string field, even when it is empty.
    public mutating func appendString(_ text: String, key: UInt32) {
        appendVarint(UInt64(key))
        appendVarint(UInt64(text.utf8.count))
        for byte in text.utf8 { append(byte) }
    }

    // MARK: Messages

    /// Starts a length-delimited field: appends its key, and room for its length.
    ///
    /// - Parameters:
    ///   - key: the key's raw value: `number << 3 | wireType`.
    ///   - lengthWidth: how many bytes the length is going to have, 1 ... 5; a guess.
    /// - Returns: the offset of the content, for `closeMessage`.
    public mutating func openMessage(key: UInt32, lengthWidth: Int) -> Int {
        precondition((1...5).contains(lengthWidth), "a length has 1 to 5 bytes")
        appendVarint(UInt64(key))
        // The length is stored over these when the message is closed.
        for _ in 0..<lengthWidth { append(0) }
        return count
    }

    /// Ends a length-delimited field: everything since `openMessage` is its content.
    ///
    /// - Parameters:
    ///   - start: value that `openMessage` returned.
    ///   - lengthWidth: width that `openMessage` was given.
    /// - Returns: the width of the length in bytes: a good guess for the next message of this kind.
    @discardableResult
    public mutating func closeMessage(_ start: Int, lengthWidth: Int) -> Int {
        precondition((1...5).contains(lengthWidth) && (lengthWidth...count).contains(start), "not an open message")
        let length = count - start
        let width = max(1, (70 - UInt64(length).leadingZeroBitCount) / 7)
        let lengthStart = start - lengthWidth
        if width != lengthWidth {
            open(10)
            // Proof: source and target lie in the first count + 10 bytes, since a width is 1 to 10; the ranges may
            // overlap, which moving allows.
            unsafe (base + lengthStart + width).copyMemory(from: base + start, byteCount: length)
            count = lengthStart + width + length
        }
        _ = storeVarint(UInt64(length), at: lengthStart)
        return width
    }

    /// Sorts the fields that were written since `start` by number; fields of one number keep their order.
    ///
    /// - Parameter start: offset of a message's content, of which all fields are whole.
    public mutating func sortFields(since start: Int) {
        guard let runs = fieldRuns(since: start) else { return }
        var sorted: [UInt8] = []
        sorted.reserveCapacity(count - start)
        for run in runs.sorted(by: { ($0.number, $0.start) < ($1.number, $1.start) }) {
            sorted.append(copying: bytes.extracting(run.start..<run.end))
        }
        count = start
        append(copying: sorted.rawSpan)
    }

    private struct FieldRun {
        var number: UInt32
        var start: Int
        var end: Int
    }

    /// Returns the runs of fields with one number; `nil` when nothing is out of order.
    private func fieldRuns(since start: Int) -> [FieldRun]? {
        let content = bytes.extracting(start..<count)
        let options = DecodeOptions(limits: WireLimits(maxDepth: 500, maxPayloadBytes: .max))
        guard var reader = try? WireReader(content, options: options) else { return nil }
        var runs: [FieldRun] = []
        var isSorted = true
        var fieldStart = start
        while let key = try? reader.nextKey(), (try? reader.skip(key)) != nil {
            let fieldEnd = start + reader.offset
            if let last = runs.last, last.number == key.number {
                runs[runs.count - 1].end = fieldEnd
            } else {
                if let last = runs.last, last.number > key.number { isSorted = false }
                runs.append(FieldRun(number: key.number, start: fieldStart, end: fieldEnd))
            }
            fieldStart = fieldEnd
        }
        return isSorted ? nil : runs
    }
}
