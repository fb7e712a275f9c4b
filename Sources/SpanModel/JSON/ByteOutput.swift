import ProtoWire

/// Buffer that collects bytes and passes them on in chunks, so that output of any size needs bounded memory.
///
/// A consumer that fails keeps the failure to itself and ignores later chunks; the producer does not stop for it. What
/// is left in the buffer is passed on when the value ends.
///
/// Proof for all below: `count` is at most `capacity`, the size of the allocation, so every byte is stored inside it.
/// The `count` bytes before it were stored. The allocation is freed in `deinit` alone, after the last use.
@safe
public struct ByteOutput: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var count = 0
    private let consume: ([UInt8]) -> Void

    /// Creates an empty buffer.
    ///
    /// - Parameters:
    ///   - chunkBytes: greatest size of a chunk; at least 64.
    ///   - consume: takes each chunk; never called with an empty one.
    public init(chunkBytes: Int = 64 << 10, _ consume: @escaping ([UInt8]) -> Void) {
        capacity = max(chunkBytes, 64)
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
        self.consume = consume
    }

    deinit {
        unsafe Self.hand(UnsafeRawBufferPointer(start: base, count: count), to: consume)
        unsafe base.deallocate()
    }

    /// Passes on the bytes that are collected so far.
    public mutating func flush() {
        unsafe Self.hand(UnsafeRawBufferPointer(start: base, count: count), to: consume)
        count = 0
    }

    private static func hand(_ bytes: UnsafeRawBufferPointer, to consume: ([UInt8]) -> Void) {
        // Proof: the buffer holds the `count` bytes that were stored, and outlives the copy.
        if bytes.count > 0 { consume(unsafe [UInt8](bytes)) }
    }

    /// Appends one byte.
    @inline(__always)
    public mutating func append(_ byte: UInt8) {
        if count == capacity { flush() }
        unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends bytes.
    public mutating func append(_ bytes: [UInt8]) { append(copying: bytes.rawSpan) }

    /// Appends bytes from memory that is only read.
    public mutating func append(copying bytes: borrowing RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    /// Appends a text as UTF-8.
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { unsafe append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends a constant ASCII text.
    public mutating func append(ascii text: StaticString) {
        text.withUTF8Buffer { unsafe append(UnsafeRawBufferPointer($0)) }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var rest = unsafe bytes
        while rest.count > capacity - count {
            let room = capacity - count
            if let from = rest.baseAddress, room > 0 { unsafe (base + count).copyMemory(from: from, byteCount: room) }
            count = capacity
            flush()
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[room...])
        }
        guard let from = rest.baseAddress, rest.count > 0 else { return }
        unsafe (base + count).copyMemory(from: from, byteCount: rest.count)
        count += rest.count
    }

    /// Appends bytes that are built in place.
    ///
    /// - Parameters:
    ///   - size: greatest number of bytes, up to 64.
    ///   - build: stores bytes from the start of the buffer on, and returns their number.
    @inline(__always)
    mutating func append(upTo size: Int, _ build: (UnsafeMutableRawBufferPointer) -> Int) {
        precondition(size <= 64, "more than the smallest buffer holds")
        if capacity - count < size { flush() }
        let stored = unsafe build(UnsafeMutableRawBufferPointer(start: base + count, count: size))
        precondition((0...size).contains(stored), "more than was asked for")
        count += stored
    }

    /// Appends one byte many times.
    package mutating func append(repeating byte: UInt8, count times: Int) {
        var left = times
        while left > 0 {
            if count == capacity { flush() }
            let size = min(left, capacity - count)
            unsafe (base + count).initializeMemory(as: UInt8.self, repeating: byte, count: size)
            count += size
            left -= size
        }
    }
}
