import SpanMerge
import SpanModel

/// Failed spans of one operation with the same exception type and the same shape of message.
public struct ErrorGroup: Sendable, Hashable {
    /// Operation of the spans.
    public var operation: SpanOperation
    /// Value of `exception.type` in the last event called `exception`, else the span's `error.type`; empty without
    /// either.
    public var exceptionType: ExactText
    /// Shape of the status message, or of `exception.message` without one: numbers, ids and quoted texts are replaced,
    /// and the result is cut off at `MessageShape.maxLength` characters. Empty without a message.
    public var messageShape: ExactText
    /// Number of merged spans in the group.
    public var spans: UInt64 = 0
    /// Earliest start in the group, nanoseconds since 1970-01-01T00:00:00Z.
    public var firstStartUnixNano = UInt64.max
    /// Latest start in the group, nanoseconds since 1970-01-01T00:00:00Z.
    public var newestStartUnixNano: UInt64 = 0
    /// Key of the newest span in the group; of several that started then, the least key.
    public var example: SpanKey

    /// Creates the group that a span belongs to, without counting the span.
    init(_ merged: MergedSpan) {
        let exception = merged.span.events.last { $0.name == "exception" }
        let type = exception?.attributes.text("exception.type") ?? merged.span.attributes.text("error.type")
        var message = merged.span.status?.message ?? ""
        if message.isEmpty { message = exception?.attributes.text("exception.message") ?? "" }
        operation = SpanOperation(merged)
        exceptionType = ExactText(type ?? "")
        messageShape = ExactText(MessageShape.of(message))
        example = merged.key
    }

    /// Fields that two spans of one group share.
    struct Key: Hashable, Sendable {
        var operation: SpanOperation
        var exceptionType: ExactText
        var messageShape: ExactText
    }

    var key: Key { Key(operation: operation, exceptionType: exceptionType, messageShape: messageShape) }

    /// Adds one span to the counts.
    mutating func add(_ merged: MergedSpan) {
        let start = merged.span.startTimeUnixNano
        if spans == 0 || start > newestStartUnixNano || start == newestStartUnixNano && merged.key < example {
            example = merged.key
        }
        spans += 1
        firstStartUnixNano = min(firstStartUnixNano, start)
        newestStartUnixNano = max(newestStartUnixNano, start)
    }

    /// Orders groups by number of spans, the greatest first, then by operation, type and message.
    static func precedes(_ left: ErrorGroup, _ right: ErrorGroup) -> Bool {
        if left.spans != right.spans { return left.spans > right.spans }
        if left.operation != right.operation { return left.operation < right.operation }
        let order = left.exceptionType.order(right.exceptionType)
        return order == 0 ? left.messageShape.order(right.messageShape) < 0 : order < 0
    }
}
