import SpanMerge
import SpanModel

/// Failed spans that failed in the same way.
public struct ErrorGroup: Sendable, Hashable {
    public var operation: Operation
    /// `exception.type` of the last exception event, else `error.type` of the span; empty without.
    public var exceptionType: ExactText
    /// The status message, else `exception.message`, with what differs from span to span taken out (numbers, ids, texts
    /// in quotes), cut off at 200 characters; empty without.
    public var messageShape: ExactText
    /// How many merged spans.
    public var spans: UInt64 = 0
    /// The earliest start, nanoseconds since 1970-01-01T00:00:00Z.
    public var firstStartUnixNano = UInt64.max
    /// The latest start.
    public var newestStartUnixNano: UInt64 = 0
    /// The newest of them, the one with the least key of several.
    public var example: SpanKey

    /// The group of a span, without a span in it.
    init(_ merged: MergedSpan) {
        let exception = merged.span.events.last { $0.name == "exception" }
        let type = exception?.attributes.text("exception.type") ?? merged.span.attributes.text("error.type")
        var message = merged.span.status?.message ?? ""
        if message.isEmpty { message = exception?.attributes.text("exception.message") ?? "" }
        operation = Operation(merged)
        exceptionType = ExactText(type ?? "")
        messageShape = ExactText(MessageShape.of(message))
        example = merged.key
    }

    /// What makes two groups the same.
    struct Key: Hashable, Sendable {
        var operation: Operation
        var exceptionType: ExactText
        var messageShape: ExactText
    }

    var key: Key { Key(operation: operation, exceptionType: exceptionType, messageShape: messageShape) }

    /// Counts one span in.
    mutating func add(_ merged: MergedSpan) {
        let start = merged.span.startTimeUnixNano
        if spans == 0 || start > newestStartUnixNano || start == newestStartUnixNano && merged.key < example {
            example = merged.key
        }
        spans += 1
        firstStartUnixNano = min(firstStartUnixNano, start)
        newestStartUnixNano = max(newestStartUnixNano, start)
    }

    /// The most frequent first, then by operation, type and message.
    static func precedes(_ left: ErrorGroup, _ right: ErrorGroup) -> Bool {
        if left.spans != right.spans { return left.spans > right.spans }
        if left.operation != right.operation { return left.operation < right.operation }
        let order = left.exceptionType.order(right.exceptionType)
        return order == 0 ? left.messageShape.order(right.messageShape) < 0 : order < 0
    }
}
