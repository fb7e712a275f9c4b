import ProtoWire

/// Collects text and hands it on in chunks, so that output of any size needs a bounded buffer.
///
/// A consumer that fails keeps the failure to itself and ignores what comes after; the producer does not stop for it.
public struct ByteOutput: ~Copyable {
    @usableFromInline var buffer: [UInt8] = []
    @usableFromInline let chunkBytes: Int
    private let consume: ([UInt8]) -> Void

    /// - Parameters:
    ///   - chunkBytes: how much is collected before it is handed on, about; a single long string may exceed it.
    ///   - consume: takes each chunk; never called with an empty one.
    public init(chunkBytes: Int = 64 << 10, _ consume: @escaping ([UInt8]) -> Void) {
        self.chunkBytes = max(chunkBytes, 1)
        self.consume = consume
        buffer.reserveCapacity(self.chunkBytes + 1024)
    }

    /// Hands on what is collected so far.
    public mutating func flush() {
        guard !buffer.isEmpty else { return }
        consume(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    deinit {
        if !buffer.isEmpty { consume(buffer) }
    }

    /// Adds one byte.
    @inlinable
    public mutating func append(_ byte: UInt8) {
        buffer.append(byte)
        if buffer.count >= chunkBytes { flush() }
    }

    /// Adds bytes as they are.
    @inlinable
    public mutating func append(_ bytes: [UInt8]) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= chunkBytes { flush() }
    }

    /// Adds bytes as they are.
    @inlinable
    public mutating func append(copying bytes: borrowing RawSpan) {
        buffer.append(copying: bytes)
        if buffer.count >= chunkBytes { flush() }
    }

    /// Adds the text's UTF-8 as it is.
    @inlinable
    public mutating func append(_ text: String) {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= chunkBytes { flush() }
    }

    /// Adds ASCII text as it is.
    @inlinable
    public mutating func append(ascii text: StaticString) {
        // Proof: the buffer lies over the literal, which lives as long as the program.
        text.withUTF8Buffer { unsafe buffer.append(contentsOf: $0) }
        if buffer.count >= chunkBytes { flush() }
    }
}
