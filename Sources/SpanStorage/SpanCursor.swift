import SpanMerge
import SpanModel

/// Where a search goes on: behind one span in the order of results.
///
/// A page that begins here has no span that was on an earlier page and leaves none out, whatever is stored meanwhile,
/// except for spans whose start or match a later report changed.
public struct SpanCursor: Sendable, Hashable {
    /// The start of the last span that was seen, nanoseconds since 1970-01-01T00:00:00Z.
    public var startUnixNano: UInt64
    /// Its key.
    public var key: SpanKey

    public init(startUnixNano: UInt64, key: SpanKey) {
        self.startUnixNano = startUnixNano
        self.key = key
    }

    /// Behind a span.
    public init(_ last: MergedSpan) { self.init(startUnixNano: last.span.startTimeUnixNano, key: last.key) }

    /// Whether a span comes behind it in the order of results.
    public func precedes(_ merged: MergedSpan) -> Bool {
        let start = merged.span.startTimeUnixNano
        return start == startUnixNano ? key < merged.key : start < startUnixNano
    }

    /// - Parameter text: what `text` gave; `nil` for anything else.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 67, bytes[16] == Self.dash, bytes[49] == Self.dash,
            let start = SpanID(hex: String(decoding: bytes[..<16], as: UTF8.self)),
            let trace = TraceID(hex: String(decoding: bytes[17..<49], as: UTF8.self)),
            let span = SpanID(hex: String(decoding: bytes[50..<66], as: UTF8.self)),
            let side = SpanSide(rawValue: bytes[66] &- UInt8(ascii: "0"))
        else { return nil }
        self.init(startUnixNano: start.value, key: SpanKey(traceID: trace, spanID: span, side: side))
    }

    /// 67 characters: start, trace id, span id and side, all but the last in hexadecimal digits.
    public var text: String { "\(SpanID(startUnixNano).hex)-\(key.traceID.hex)-\(key.spanID.hex)\(key.side.rawValue)" }

    private static let dash = UInt8(ascii: "-")
}

extension SpanCursor: CustomStringConvertible {
    public var description: String { text }
}

extension SpanCursor {
    /// What holds for every span behind it.
    var conditions: SpanConditions {
        var conditions = SpanConditions()
        conditions.start = 0...startUnixNano
        return conditions
    }
}
