import ProtoWire

/// Collects text and hands it on in chunks, so that output of any size needs a bounded buffer.
///
/// A consumer that fails keeps the failure to itself and ignores what comes after; the producer does not stop for it.
@safe
public struct ByteOutput: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var count = 0
    private let consume: ([UInt8]) -> Void

    /// - Parameters:
    ///   - chunkBytes: how much is collected before it is handed on, at the most; at least 64.
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

    /// Hands on what is collected so far.
    public mutating func flush() {
        unsafe Self.hand(UnsafeRawBufferPointer(start: base, count: count), to: consume)
        count = 0
    }

    private static func hand(_ bytes: UnsafeRawBufferPointer, to consume: ([UInt8]) -> Void) {
        // Proof: the buffer holds the `count` bytes that were stored, and outlives the copy.
        if bytes.count > 0 { consume(unsafe [UInt8](bytes)) }
    }

    // Proof for every store below: `count` is at most `capacity`, the size of the allocation, and what is stored ends
    // there.

    /// Adds one byte.
    @inline(__always)
    public mutating func append(_ byte: UInt8) {
        if count == capacity { flush() }
        unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Adds bytes as they are.
    public mutating func append(_ bytes: [UInt8]) { append(copying: bytes.rawSpan) }

    /// Adds bytes as they are.
    public mutating func append(copying bytes: borrowing RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    /// Adds the text's UTF-8 as it is.
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { unsafe append(UnsafeRawBufferPointer($0)) }
    }

    /// Adds ASCII text as it is.
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

    /// Adds what is built in place.
    ///
    /// - Parameters:
    ///   - size: how many bytes at the most; up to 64.
    ///   - build: stores from the start of the buffer on.
    /// - Returns by `build`: how many bytes it stored.
    @inline(__always)
    mutating func append(upTo size: Int, _ build: (UnsafeMutableRawBufferPointer) -> Int) {
        precondition(size <= 64, "more than the smallest buffer holds")
        if capacity - count < size { flush() }
        let stored = unsafe build(UnsafeMutableRawBufferPointer(start: base + count, count: size))
        precondition((0...size).contains(stored), "more than was asked for")
        count += stored
    }

    /// Adds the same byte many times.
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
