extension [UInt8] {
    /// Bytes of the array, in place.
    @inlinable
    public var rawSpan: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            // Proof: a UInt8 has no padding, so every byte is initialised.
            unsafe span.bytes
        }
    }

    /// Appends a copy of the bytes, with at most one allocation.
    @inlinable
    public mutating func append(copying span: borrowing RawSpan) {
        // Proof: the buffer is only read while the closure runs, and holds exactly the span's bytes.
        unsafe span.withUnsafeBytes { buffer in unsafe append(contentsOf: buffer) }
    }

    /// Creates an array with a copy of the bytes.
    @inlinable
    public init(copying span: borrowing RawSpan) {
        self.init()
        append(copying: span)
    }
}
