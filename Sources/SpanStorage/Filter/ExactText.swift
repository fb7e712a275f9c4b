import ProtoWire

/// A string that equals another one only byte for byte.
///
/// `String` compares by canonical equivalence, so that two spellings of é are equal; no store may treat them as one.
public struct ExactText: Sendable, Hashable {
    /// Text as a `String`, whose own `==` compares by canonical equivalence.
    public let string: String

    /// Creates a text with the bytes of `string`.
    public init(_ string: String) { self.string = string }

    public static func == (left: ExactText, right: ExactText) -> Bool {
        left.string.hasSameBytes(as: right.string)
    }

    public func hash(into hasher: inout Hasher) {
        // Proof: the bytes are read while the closure runs.
        let isHashed: Void? = unsafe string.utf8.withContiguousStorageIfAvailable { bytes in
            unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
        if isHashed == nil { unsafe Array(string.utf8).withUnsafeBytes { unsafe hasher.combine(bytes: $0) } }
        hasher.combine(UInt8.max)
    }
}

extension ExactText: ExpressibleByStringLiteral, CustomStringConvertible {
    public init(stringLiteral value: String) { self.init(value) }

    public var description: String { string }
}
