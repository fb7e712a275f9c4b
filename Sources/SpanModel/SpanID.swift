/// Identity of a span within its trace: 8 bytes.
///
/// All-zero is invalid (`SpanID.invalid`) and stands for "none", as in the parent of a root span. Source: OTLP
/// `Span.span_id`, W3C Trace Context `parent-id`.
public struct SpanID: Sendable, Hashable, BitwiseCopyable {
    /// The 8 bytes as a big-endian number.
    public let value: UInt64

    /// Creates an id from its bytes as a big-endian number.
    @inlinable
    public init(_ value: UInt64) { self.value = value }

    /// Id of no span: 8 zero bytes.
    public static let invalid = SpanID(0)

    /// `false` for 8 zero bytes.
    @inlinable
    public var isValid: Bool { value != 0 }

    /// Creates an id from 8 bytes; `nil` for any other count.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 8 else { return nil }
        self.init(UInt64(bigEndianBytes: bytes[...]))
    }

    /// Creates an id from 16 hexadecimal digits in either case; `nil` for anything else.
    public init?(hex: some StringProtocol) {
        guard let bytes = [UInt8](hex: hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// The 8 bytes of the id.
    public var bytes: [UInt8] { value.bigEndianBytes }

    /// The id as 16 lowercase hexadecimal digits.
    public var hex: String { bytes.hex }

    /// Returns a random valid id from the given generator.
    public static func random(using generator: inout some RandomNumberGenerator) -> SpanID {
        SpanID(.random(in: 1...UInt64.max, using: &generator))
    }

    /// Returns a random valid id from the system's generator.
    public static func random() -> SpanID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }
}

extension SpanID: Comparable, CustomStringConvertible {
    public static func < (left: SpanID, right: SpanID) -> Bool { left.value < right.value }

    public var description: String { hex }
}
