/// Identity of a trace, which all spans of one request share: 16 bytes.
///
/// All-zero is invalid (`TraceID.invalid`) and stands for "none". Ordered and written as big-endian bytes, so that the
/// order equals that of the hex text. Source: OTLP `Span.trace_id`, W3C Trace Context `trace-id`.
public struct TraceID: Sendable, Hashable, BitwiseCopyable {
    /// Bytes 0 to 7, big-endian.
    public let high: UInt64
    /// Bytes 8 to 15, big-endian.
    public let low: UInt64

    /// Creates an id from its two halves.
    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Id of no trace: 16 zero bytes.
    public static let invalid = TraceID(high: 0, low: 0)

    /// `false` for 16 zero bytes.
    @inlinable
    public var isValid: Bool { high | low != 0 }

    /// Creates an id from 16 bytes; `nil` for any other count.
    public init?(bytes: [UInt8]) {
        guard let halves = SixteenBytes(bytes) else { return nil }
        self.init(high: halves.high, low: halves.low)
    }

    /// Creates an id from 32 hexadecimal digits in either case; `nil` for anything else.
    public init?(hex: some StringProtocol) {
        guard let halves = SixteenBytes(hex: hex) else { return nil }
        self.init(high: halves.high, low: halves.low)
    }

    /// The 16 bytes of the id.
    public var bytes: [UInt8] { SixteenBytes(high: high, low: low).bytes }

    /// The id as 32 lowercase hexadecimal digits.
    public var hex: String { bytes.hex }

    /// Returns a random valid id from the given generator.
    public static func random(using generator: inout some RandomNumberGenerator) -> TraceID {
        let halves = SixteenBytes.random(using: &generator)
        return TraceID(high: halves.high, low: halves.low)
    }

    /// Returns a random valid id from the system's generator.
    public static func random() -> TraceID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }
}

extension TraceID: Comparable, CustomStringConvertible {
    public static func < (left: TraceID, right: TraceID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    public var description: String { hex }
}
