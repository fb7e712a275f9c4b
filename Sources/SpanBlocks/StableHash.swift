import ProtoWire

/// The hash that stored filters and indexes are made with: part of the format, the same on every machine.
///
/// Each step multiplies 64 by 64 bits and folds the product's halves onto each other. Not for adversaries: who makes
/// collisions makes his own searches read more blocks.
package enum StableHash {
    static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
    static let second: UInt64 = 0xD6E8_FEB8_6659_FD93

    /// The folded product.
    @inline(__always)
    package static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (high, low) = (left ^ factor).multipliedFullWidth(by: right ^ second)
        return high ^ low
    }

    /// Of bytes: `seed` mixed with each eight bytes as a little-endian number, what is left over as a shorter one, then with
    /// their count.
    package static func hash(_ bytes: RawSpan, seed: UInt64) -> UInt64 {
        let payload = PayloadBytes(bytes)
        let count = bytes.byteCount
        var hash = seed
        var offset = 0
        // Proof for the loads: each ends at `count` or before.
        while count &- offset >= 8 {
            hash = mix(hash, payload.word(unchecked: offset))
            offset &+= 8
        }
        if offset < count {
            var rest: UInt64 = 0
            var shift: UInt64 = 0
            while offset < count {
                rest |= UInt64(payload.byte(unchecked: offset)) << shift
                shift &+= 8
                offset &+= 1
            }
            hash = mix(hash, rest)
        }
        return mix(hash, UInt64(truncatingIfNeeded: count))
    }

    /// Of many bytes, faster, for use within one process: each fourth word has a hash of its own, so that no multiplication
    /// waits for the one before.
    package static func fastHash(_ bytes: RawSpan, seed: UInt64) -> UInt64 {
        let payload = PayloadBytes(bytes)
        let count = bytes.byteCount
        var (first, second, third, fourth) = (seed, seed ^ 1, seed ^ 2, seed ^ 3)
        var offset = 0
        // Proof for the loads: each ends at `count` or before.
        while count &- offset >= 32 {
            first = mix(first, payload.word(unchecked: offset))
            second = mix(second, payload.word(unchecked: offset &+ 8))
            third = mix(third, payload.word(unchecked: offset &+ 16))
            fourth = mix(fourth, payload.word(unchecked: offset &+ 24))
            offset &+= 32
        }
        let all = mix(mix(mix(first, second), third), fourth)
        return mix(hash(bytes.extracting(offset..<count), seed: all), UInt64(truncatingIfNeeded: count))
    }

    /// Of a text's UTF-8 bytes.
    package static func hash(_ text: String, seed: UInt64) -> UInt64 { hash(Array(text.utf8).rawSpan, seed: seed) }
}
