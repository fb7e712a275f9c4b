// Most of what is written is entries of one form: a name, and a value with one member. These write a whole entry at once
// where all its lengths have one byte: the room is looked for once, and short texts are copied without a call.
extension WireWriter {
    // Proof for all below: `open` made room for as many bytes as are written from `start` on; what is copied lies within the
    // `size` bytes that a text lends for the time of the copy.

    /// Prepends a message field that holds a string in field 1 and, in field 2, a message with a string in field 1.
    ///
    /// - Parameter key: key of the message field, one byte on the wire.
    /// - Returns: `false`, with nothing written, when a length would have more than one byte.
    @inlinable
    @inline(__always)
    package mutating func prependEntry(_ name: String, string value: String, key: UInt8) -> Bool {
        let nameSize = name.utf8.count
        let valueSize = value.utf8.count
        guard nameSize | valueSize < 0x80, nameSize &+ valueSize < 0x80 - 6 else { return false }
        open(nameSize &+ valueSize &+ 8)
        let target = unsafe base + start
        unsafe Self.put(key, nameSize &+ valueSize &+ 6, at: target)
        unsafe Self.put(0x0A, nameSize, at: target + 2)
        unsafe Self.copy(name, nameSize, to: target + 4)
        let tail = unsafe target + 4 + nameSize
        unsafe Self.put(0x12, valueSize &+ 2, at: tail)
        unsafe Self.put(0x0A, valueSize, at: tail + 2)
        unsafe Self.copy(value, valueSize, to: tail + 4)
        return true
    }

    /// Prepends a message field that holds a string in field 1 and, in field 2, a message with a varint.
    ///
    /// - Parameter member: key of the varint, one byte on the wire.
    /// - Returns: `false`, with nothing written, when a length would have more than one byte.
    @inlinable
    @inline(__always)
    package mutating func prependEntry(_ name: String, varint value: UInt64, member: UInt8, key: UInt8) -> Bool {
        let nameSize = name.utf8.count
        guard nameSize < 0x80 - 15 else { return false }
        let valueSize = value < 0x80 ? 1 : (70 &- value.leadingZeroBitCount) / 7
        open(nameSize &+ valueSize &+ 7)
        let target = unsafe base + start
        unsafe Self.put(key, nameSize &+ valueSize &+ 5, at: target)
        unsafe Self.put(0x0A, nameSize, at: target + 2)
        unsafe Self.copy(name, nameSize, to: target + 4)
        let tail = unsafe target + 4 + nameSize
        unsafe Self.put(0x12, valueSize &+ 1, at: tail)
        unsafe tail.storeBytes(of: member, toByteOffset: 2, as: UInt8.self)
        var rest = value
        var position = 3
        while rest >= 0x80 {
            unsafe tail.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: position, as: UInt8.self)
            rest >>= 7
            position &+= 1
        }
        unsafe tail.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: position, as: UInt8.self)
        return true
    }

    /// Stores a key and a length of one byte each.
    @inlinable
    @inline(__always)
    static func put(_ key: UInt8, _ length: Int, at target: UnsafeMutableRawPointer) {
        let pair = UInt16(key) | UInt16(truncatingIfNeeded: length) << 8
        unsafe target.storeBytes(of: pair.littleEndian, as: UInt16.self)
    }

    /// Copies the `size` bytes of a text.
    @inlinable
    @inline(__always)
    static func copy(_ text: String, _ size: Int, to target: UnsafeMutableRawPointer) {
        let isCopied: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { source in
            guard let from = source.baseAddress else { return }
            unsafe copy(UnsafeRawPointer(from), size, to: target)
        }
        if isCopied == nil { unsafe copyForeign(text, to: target) }
    }

    @usableFromInline
    static func copyForeign(_ text: String, to target: UnsafeMutableRawPointer) {
        var position = 0
        for byte in text.utf8 {
            unsafe target.storeBytes(of: byte, toByteOffset: position, as: UInt8.self)
            position += 1
        }
    }

    /// Copies `size` bytes; few of them by loads and stores that may overlap.
    @inlinable
    @inline(__always)
    static func copy(_ source: UnsafeRawPointer, _ size: Int, to target: UnsafeMutableRawPointer) {
        // Proof: every load and store lies within `size` bytes from its start.
        if size >= 16 {
            if size > 64 {
                unsafe target.copyMemory(from: source, byteCount: size)
                return
            }
            let last = size &- 16
            let end = unsafe source.loadUnaligned(fromByteOffset: last, as: SIMD2<UInt64>.self)
            var position = 0
            while position < last {
                let chunk = unsafe source.loadUnaligned(fromByteOffset: position, as: SIMD2<UInt64>.self)
                unsafe target.storeBytes(of: chunk, toByteOffset: position, as: SIMD2<UInt64>.self)
                position &+= 16
            }
            unsafe target.storeBytes(of: end, toByteOffset: last, as: SIMD2<UInt64>.self)
        } else if size >= 8 {
            let first = unsafe source.loadUnaligned(as: UInt64.self)
            let end = unsafe source.loadUnaligned(fromByteOffset: size &- 8, as: UInt64.self)
            unsafe target.storeBytes(of: first, as: UInt64.self)
            unsafe target.storeBytes(of: end, toByteOffset: size &- 8, as: UInt64.self)
        } else if size >= 4 {
            let first = unsafe source.loadUnaligned(as: UInt32.self)
            let end = unsafe source.loadUnaligned(fromByteOffset: size &- 4, as: UInt32.self)
            unsafe target.storeBytes(of: first, as: UInt32.self)
            unsafe target.storeBytes(of: end, toByteOffset: size &- 4, as: UInt32.self)
        } else {
            var position = 0
            while position < size {
                unsafe target.storeBytes(
                    of: source.load(fromByteOffset: position, as: UInt8.self), toByteOffset: position, as: UInt8.self)
                position &+= 1
            }
        }
    }
}
